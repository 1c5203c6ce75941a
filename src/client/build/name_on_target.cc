// SPDX-License-Identifier: Apache-2.0
#include "client/build/name_on_target.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdint>

#include "protocol/command.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kNameBytesMax = 200;  // Room for ".sgn", and for what a runner puts behind it.
constexpr std::size_t kStemBytesMax = 100;

// FNV-1a: stable wherever it is computed.
std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 2'166'136'261U;
  for (const char each : text) value = (value ^ static_cast<unsigned char>(each)) * 16'777'619U;
  return value;
}

// One '_' for each character that the protocol does not take.
std::string plain(std::string_view text) {
  std::string out;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if ((byte & 0xc0U) == 0x80U) continue;  // UTF-8: not the first of its character.
    const bool fits =
        byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view("_.+-").find(each) != std::string_view::npos);
    out += fits ? each : '_';
  }
  const bool begins_well = !out.empty() && std::isalnum(static_cast<unsigned char>(out.front())) != 0;
  return begins_well ? out : fmt::format("_{}", out);
}

}  // namespace

std::string name_on_target(std::string_view name, RunnerKind kind) {
  return name_on_target(name, runner_entry(kind).extension);
}

std::string name_on_target(std::string_view name, std::string_view extension) {
  const bool ends_well = name.size() > extension.size() && name.ends_with(extension);
  if (ends_well && name.size() <= kNameBytesMax && check_file_name(name)) return std::string(name);
  const std::string_view stem = ends_well ? name.substr(0, name.size() - extension.size()) : name;
  if (stem.size() <= kNameBytesMax && check_file_name(stem)) return fmt::format("{}{}", stem, extension);
  return fmt::format("{}-{:08x}{}", plain(stem).substr(0, kStemBytesMax), hash(name), extension);
}

std::optional<std::string> kernel_module_name(std::string_view content) {
  // modinfo's words: each ends in a NUL, and stands behind the one of another.
  constexpr std::string_view kMark("\0name=", 6);
  const std::size_t at = content.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = content.substr(at + kMark.size());
  const std::string_view name = rest.substr(0, rest.find('\0'));
  if (name.empty() || name.size() > 64 || !check_file_name(name)) return std::nullopt;
  return std::string(name);
}

}  // namespace stapsh::client
