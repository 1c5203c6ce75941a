// SPDX-License-Identifier: Apache-2.0
#include "client/targets/value_list.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/trimmed.h"

namespace stapsh::client {
namespace {

std::string_view without_comment(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool starts_word = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (line[at] == '#' && starts_word) line = line.substr(0, at);
  }
  return trimmed(line);
}

/// The NAME of a line `#include NAME`; or nothing.
std::string_view included(std::string_view line) {
  constexpr std::string_view kInclude = "#include ";
  if (!line.starts_with(kInclude)) return {};
  return without_comment(line.substr(kInclude.size()));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, std::max<std::size_t>(slash, 1));
}

auto no_list(std::string_view path, std::string_view reason) {
  return fail(Errc::kUsage, fmt::format("target list {}: {}", path, reason));
}

}  // namespace

Result<ValueList> parse_list(const std::string& path, std::string_view text, ListKind kind) {
  using namespace std::string_view_literals;
  if (text.starts_with("\xff\xfe"sv) || text.starts_with("\xfe\xff"sv)) {
    return no_list(path, "it is UTF-16; save it as UTF-8, or: iconv -f UTF-16 -t UTF-8");
  }
  if (text.starts_with("\xef\xbb\xbf"sv)) text.remove_prefix(3);
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
    return no_list(path, fmt::format("a NUL byte in line {}: it is no text, or UTF-16; save it as UTF-8", line));
  }
  ValueList list{path, folder_of(path), kind, {}};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view file = kind == ListKind::kDsh ? included(line) : "";
    const std::string_view value = without_comment(line);
    if (!simdjson::validate_utf8(value))
      return no_list(path, fmt::format("line {} is no UTF-8; save it as UTF-8", number));
    if (!file.empty()) {
      list.lines.push_back({number, fmt::format("@./{}", file)});
    } else if (!value.empty()) {
      list.lines.push_back({number, std::string(value)});
    }
  }
  return list;
}

Result<ValueList> read_list(const std::string& path, ListKind kind) {
  errno = 0;
  std::ifstream file(path);
  std::string text;
  std::string buffer(std::size_t{64} << 10, '\0');
  while (file && text.size() <= kListBytesMax) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    text.append(buffer, 0, static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof() && text.size() <= kListBytesMax) {
    const int error = errno != 0 ? errno : EIO;
    return fail({Errc::kUsage, fmt::format("target list {}: {}", path, std::strerror(error)), error});
  }
  if (text.size() > kListBytesMax) return no_list(path, fmt::format("over {} bytes: it is no list", kListBytesMax));
  return parse_list(path, text, kind);
}

}  // namespace stapsh::client
