// SPDX-License-Identifier: Apache-2.0
#include "client/output/target_file_name.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace stapsh::client {
namespace {

constexpr std::size_t kBytesMax = 200;  // Of the 255 that file systems take.

// FNV-1a: two of a person's own targets won't collide by chance.
std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0xcbf29ce484222325;
  for (const char c : text) number = (number ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return number;
}

}  // namespace

std::string target_file_name(std::string_view target_name) {
  std::string name;
  for (const char c : target_name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '/' || c == '%' || (c == '.' && name.empty())) {
      name += fmt::format("%{:02X}", byte);
    } else {
      name += c;
    }
  }
  if (name.empty()) return "%";
  if (name.size() <= kBytesMax) return name;
  const std::string end = fmt::format("%~{:016x}", number_of(target_name));
  name.resize(kBytesMax - end.size());
  return name + end;
}

}  // namespace stapsh::client
