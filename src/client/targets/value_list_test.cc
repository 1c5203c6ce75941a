// SPDX-License-Identifier: Apache-2.0
#include "client/targets/value_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

namespace stapsh::client {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines(std::string_view text, ListKind kind = ListKind::kTargets) {
  const auto list = parse_list("dir/list", text, kind);
  if (!list) {
    EXPECT_EQ(list.error().code, Errc::kUsage);
    return {list.error().what};
  }
  EXPECT_EQ(list->folder, "dir");
  std::vector<std::string> found;
  for (const ValueList::Line& line : list->lines) found.push_back(std::to_string(line.number) + " " + line.value);
  return found;
}

TEST(ValueList, HasALineForEachValue) {
  EXPECT_THAT(lines("# machines\n\n  web[1-2]  # two\r\nunix:/run/a#b\nlast"),
              ElementsAre("3 web[1-2]", "4 unix:/run/a#b", "5 last"));
  EXPECT_THAT(lines(""), ElementsAre());
  EXPECT_THAT(lines("#include other\na"), ElementsAre("2 a"));
}

TEST(ValueList, PdshListsIncludeOthers) {
  EXPECT_THAT(lines("#include other # more\n#includes\n# include x\na", ListKind::kDsh),
              ElementsAre("1 @./other", "4 a"));
}

TEST(ValueList, SkipsAByteOrderMark) {
  EXPECT_THAT(lines("\xef\xbb\xbfweb1\n\xef\xbb\xbfweb2"), ElementsAre("1 web1", "2 \xef\xbb\xbfweb2"));
  EXPECT_THAT(lines("\xef\xbb\xbf# only\nweb1"), ElementsAre("2 web1"));
  EXPECT_THAT(lines("\xef\xbb\xbf"), ElementsAre());
}

TEST(ValueList, SaysWhatIsNoText) {
  EXPECT_THAT(lines("\xff\xfew\0e\0b\0\n\0"sv), ElementsAre("target list dir/list: it is UTF-16; save it as UTF-8, or: "
                                                            "iconv -f UTF-16 -t UTF-8"));
  EXPECT_THAT(lines("\xfe\xff\0w\0e"sv), ElementsAre(HasSubstr("it is UTF-16")));
  EXPECT_THAT(lines("\n\nw\0e\0b\0"sv), ElementsAre(HasSubstr("a NUL byte in line 3: it is no text, or UTF-16")));
  EXPECT_THAT(lines("# B\xfcro\nweb1\nb\xfcro"),
              ElementsAre("target list dir/list: line 3 is no UTF-8; save it as UTF-8"));
  EXPECT_THAT(lines("b\xc3\xbcro"), ElementsAre("1 b\xc3\xbcro"));
}

TEST(ValueList, SaysWhyAFileCanNotBeRead) {
  const auto error = [](const std::string& path) {
    const auto list = read_list(path, ListKind::kTargets);
    if (list) return std::string("it can");
    EXPECT_EQ(list.error().code, Errc::kUsage);
    return list.error().what;
  };
  EXPECT_EQ(error("/no/such"), "target list /no/such: No such file or directory");
  EXPECT_EQ(error("/"), "target list /: Is a directory");
  EXPECT_THAT(error("/dev/zero"), HasSubstr("over 67108864 bytes: it is no list"));
}

// For who knows what to do about it: sys/descriptor_limit.h.
TEST(ValueList, ALackOfDescriptorsIsToldFromOtherErrors) {
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  (void)::close(next);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto list = read_list("/dev/null", ListKind::kTargets);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().what, "target list /dev/null: Too many open files");
  EXPECT_EQ(list.error().sys_errno, EMFILE);
  EXPECT_EQ(list.error().code, Errc::kUsage);
}

}  // namespace
}  // namespace stapsh::client
