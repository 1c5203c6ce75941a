// SPDX-License-Identifier: Apache-2.0
#include "client/build/input_probes.h"

#include <cctype>

namespace stapsh::client {
namespace {

bool is_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

bool names_input_probe(std::string_view script) {
  for (const std::string_view probe : {"input.char", "input.line"}) {
    for (std::size_t at = script.find(probe); at != std::string_view::npos; at = script.find(probe, at + 1)) {
      const std::string_view after = script.substr(at + probe.size());
      const bool begins = at == 0 || (!is_of_name(script[at - 1]) && script[at - 1] != '.');
      if (begins && (after.empty() || !is_of_name(after.front()))) return true;
    }
  }
  return false;
}

}  // namespace stapsh::client
