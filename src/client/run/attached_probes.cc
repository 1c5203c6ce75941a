// SPDX-License-Identifier: Apache-2.0
#include "client/run/attached_probes.h"

#include <algorithm>

#include "base/parse_int.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kBegin = R"({"type": "attached_probes", "data": {"probes": )", kEnd = "}}";
constexpr std::size_t kLineBytesMax = 65'536;

}  // namespace

std::optional<unsigned> AttachedProbes::on_output(std::string_view bytes) {
  while (!over_ && !bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    begun_.append(bytes.substr(0, std::min(end, kLineBytesMax)));
    if (end == std::string_view::npos) {
      over_ = begun_.size() >= kLineBytesMax;
      break;
    }
    bytes.remove_prefix(end + 1);
    std::string_view line = begun_;
    if (line.starts_with(kBegin) && line.ends_with(kEnd)) {
      over_ = true;
      line.remove_prefix(kBegin.size());
      line.remove_suffix(kEnd.size());
      const Result<unsigned> count = parse_int<unsigned>(line, 0, 1'000'000);
      return count ? std::optional(*count) : std::nullopt;
    }
    begun_.clear();
  }
  return std::nullopt;
}

}  // namespace stapsh::client
