// SPDX-License-Identifier: Apache-2.0
#include "client/output/columns.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>

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

struct Shown {
  std::string_view text;  // "?" where it can't be shown.
  std::size_t bytes = 0, columns = 0;
};

// `text` is not empty; to be asked under kUtf8.
Shown first_shown(std::string_view text) {
  const Utf8Character character = first_character(text);
  const bool shown = character.kind == Utf8Character::Kind::kWhole && !is_control(character.code);
  const int width = shown ? ::wcwidth(static_cast<wchar_t>(character.code)) : -1;
  if (width < 0) return {"?", character.bytes, 1};
  return {text.substr(0, character.bytes), character.bytes, static_cast<std::size_t>(width)};
}

const Utf8Locale& utf8_locale() {
  static const Utf8Locale kUtf8;  // Where there is none, what is no ASCII is a question mark.
  return kUtf8;
}

}  // namespace

std::string fit_columns(std::string_view text, std::size_t columns) {
  const UseLocale use(utf8_locale().get());
  std::string fitting;
  while (!text.empty()) {
    const Shown next = first_shown(text);
    if (next.columns > columns) break;
    columns -= next.columns;
    fitting += next.text;
    text.remove_prefix(next.bytes);
  }
  return fitting;
}

std::size_t columns_of(std::string_view text) {
  const UseLocale use(utf8_locale().get());
  std::size_t columns = 0;
  while (!text.empty()) {
    const Shown next = first_shown(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string padded(std::string_view text, std::size_t columns) {
  std::string fitting = columns_of(text) <= columns ? fit_columns(text, columns)
                        : columns == 0              ? std::string()
                                                    : fit_columns(text, columns - 1) + "…";
  const std::size_t used = columns_of(fitting);
  fitting.append(columns - std::min(columns, used), ' ');
  return fitting;
}

}  // namespace stapsh::client
