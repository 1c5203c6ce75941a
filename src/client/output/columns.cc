// SPDX-License-Identifier: Apache-2.0
#include "client/output/columns.h"

#include <locale.h>
#include <wchar.h>

#include "base/utf8.h"

namespace stapsh::client {
namespace {

// libc knows how wide characters are, in a locale with UTF-8. Our own is "C", so that it costs nothing to start.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~Utf8Locale() {
    if (locale_ != nullptr) ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  [[nodiscard]] locale_t get() const { return locale_; }

 private:
  locale_t locale_;
};

class UseLocale {
 public:
  explicit UseLocale(locale_t locale) : before_(locale != nullptr ? ::uselocale(locale) : nullptr) {}
  ~UseLocale() {
    if (before_ != nullptr) (void)::uselocale(before_);
  }
  UseLocale(const UseLocale&) = delete;
  UseLocale& operator=(const UseLocale&) = delete;

 private:
  locale_t before_;
};

}  // namespace

std::string fit_columns(std::string_view text, std::size_t columns) {
  static const Utf8Locale kUtf8;  // Where there is none, what is no ASCII is a question mark.
  const UseLocale use(kUtf8.get());
  std::string fitting;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    const bool shown = character.kind == Utf8Character::Kind::kWhole && !is_control(character.code);
    int width = shown ? ::wcwidth(static_cast<wchar_t>(character.code)) : -1;
    const bool known = width >= 0;
    if (!known) width = 1;
    if (static_cast<std::size_t>(width) > columns) break;
    columns -= static_cast<std::size_t>(width);
    fitting += known ? text.substr(0, character.bytes) : "?";
    text.remove_prefix(character.bytes);
  }
  return fitting;
}

}  // namespace stapsh::client
