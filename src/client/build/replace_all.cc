// SPDX-License-Identifier: Apache-2.0
#include "client/build/replace_all.h"

namespace stapsh::client {

std::string replace_all(std::string_view text, std::string_view old, std::string_view with) {
  std::string replaced;
  while (!old.empty()) {
    const std::size_t at = text.find(old);
    if (at == std::string_view::npos) break;
    replaced.append(text.substr(0, at)).append(with);
    text.remove_prefix(at + old.size());
  }
  return replaced.append(text);
}

}  // namespace stapsh::client
