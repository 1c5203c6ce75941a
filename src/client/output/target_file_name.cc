// SPDX-License-Identifier: Apache-2.0
#include "client/output/target_file_name.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace stapsh::client {
namespace {

constexpr std::size_t kBytesMax = 200;  // Of the 255 that file systems take.

// FNV-1a: two won't collide by chance, and where somebody makes them, they are counted.
std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0xcbf29ce484222325;
  for (const char c : text) number = (number ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return number;
}

std::string escaped(std::string_view target_name) {
  std::string name;
  for (const char c : target_name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '/' || c == '%' || (c == '.' && name.empty())) {
      name += fmt::format("%{:02X}", byte);
    } else {
      name += c;
    }
  }
  return name.empty() ? "%" : name;
}

}  // namespace

std::string TargetFileNames::add(std::string_view target_name) {
  const std::string whole = escaped(target_name);
  const std::string number = whole.size() <= kBytesMax ? "" : fmt::format("%~{:016x}", number_of(target_name));
  std::string end = number;
  for (std::size_t count = 2;; ++count) {
    std::string name = whole.substr(0, kBytesMax - end.size()) + end;
    if (given_.insert(name).second) return name;
    end = number + fmt::format("%~{}", count);
  }
}

}  // namespace stapsh::client
