// SPDX-License-Identifier: Apache-2.0
#include "client/output/unseen_characters.h"

#include <gtest/gtest.h>
#include <locale.h>
#include <wchar.h>

#include <initializer_list>

namespace stapsh::client {
namespace {

TEST(UnseenCharacters, AreThoseThatTakeNoRoom) {
  for (const char32_t code : std::initializer_list<char32_t>{
           0xad,   0x300,  0x301,  0x34f,   0x61c,   0x1160,  0x11ff,  0x17b4,  0x180b, 0x180e,
           0x200b, 0x200d, 0x2060, 0x2065,  0x20dd,  0x3164,  0xd7b0,  0xfe00,  0xfe0f, 0xfeff,
           0xffa0, 0xfff0, 0xfff9, 0x1d173, 0xe0001, 0xe007f, 0xe0100, 0xe0fff, 0x0897, 0x1e4ec}) {
    EXPECT_TRUE(is_unseen(code)) << std::hex << static_cast<unsigned>(code);
  }
  for (const char32_t code : std::initializer_list<char32_t>{
           0x00,   0x20,   0x72,   0x7f,   0xa0,   0xac,   0xae,   0xfc,   0x2ff,   0x410,   0x115e,
           0x1200, 0x2010, 0x3042, 0x6f22, 0xac00, 0xd7a3, 0xe000, 0xfffd, 0x1f98a, 0x20000, 0xf0000}) {
    EXPECT_FALSE(is_unseen(code)) << std::hex << static_cast<unsigned>(code);
  }
}

// libc knows another version of Unicode, and agrees.
TEST(UnseenCharacters, AreAllThatLibcGivesNoWidth) {
  const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) GTEST_SKIP() << "no C.UTF-8";
  const locale_t before = ::uselocale(utf8);
  for (wchar_t code = 0x80; code < 0x110000; ++code) {
    if (::wcwidth(code) != 0) continue;
    EXPECT_TRUE(is_unseen(static_cast<char32_t>(code))) << std::hex << static_cast<long>(code);
  }
  (void)::uselocale(before);
  ::freelocale(utf8);
}

}  // namespace
}  // namespace stapsh::client
