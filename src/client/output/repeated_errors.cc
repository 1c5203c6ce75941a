// SPDX-License-Identifier: Apache-2.0
#include "client/output/repeated_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "client/output/report.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kDigestedBytesMax = 65'536;

}  // namespace

void RepeatedErrors::add(std::size_t target, std::string_view bytes) {
  Digest& digest = digests_.at(target);
  const std::size_t rest = kDigestedBytesMax - std::min(digest.bytes, kDigestedBytesMax);
  digest.bytes += bytes.size();
  for (const char c : bytes.substr(0, rest)) {
    digest.hash = (digest.hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    digest.lines += c == '\n' ? 1 : 0;
  }
}

std::string RepeatedErrors::hint(const std::vector<TargetResult>& results) const {
  std::map<std::tuple<std::uint64_t, std::size_t, std::size_t>, std::size_t> targets;
  for (std::size_t i = 0; i < digests_.size(); ++i) {
    const Digest& digest = digests_[i];
    // Longer ones are too long to be told apart.
    if (digest.lines > 0 && digest.bytes <= kDigestedBytesMax && !is_success(results[i].outcome)) {
      ++targets[{digest.hash, digest.bytes, digest.lines}];
    }
  }
  const auto most = std::max_element(targets.begin(), targets.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == targets.end() || most->second < 2) return {};
  const std::size_t lines = std::get<2>(most->first);
  return fmt::format("the same {} on standard error from {} targets: --gather shows {} once",
                     lines == 1 ? "line" : fmt::format("{} lines", lines), most->second, lines == 1 ? "it" : "them");
}

}  // namespace stapsh::client
