// SPDX-License-Identifier: Apache-2.0
#include "client/output/columns.h"

#include <locale.h>
#include <wchar.h>

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
  static const Utf8Locale kUtf8;  // Where there is none, each byte that is no ASCII is a question mark.
  const UseLocale use(kUtf8.get());
  std::string fitting;
  while (!text.empty()) {
    mbstate_t state{};
    wchar_t character = 0;
    std::size_t bytes = ::mbrtowc(&character, text.data(), text.size(), &state);
    int width = bytes <= text.size() ? ::wcwidth(character) : -1;
    if (bytes == 0 || bytes > text.size()) bytes = 1;
    std::string_view shown = text.substr(0, bytes);
    if (width < 0 || character == 0) {
      shown = "?";
      width = 1;
    }
    if (static_cast<std::size_t>(width) > columns) break;
    columns -= static_cast<std::size_t>(width);
    fitting += shown;
    text.remove_prefix(bytes);
  }
  return fitting;
}

}  // namespace stapsh::client
