// SPDX-License-Identifier: Apache-2.0
#include "agent/hello_search.h"

#include <utility>

namespace stapsh::agent {
namespace {

// Longer than any hello: what can still become one is kept.
constexpr std::size_t kHelloBytesMax = 256;
constexpr std::string_view kWord = "stap ";

// Whether a hello's line begins at `at`; its end then, behind the newline.
std::optional<std::size_t> hello_at(std::string_view bytes, std::size_t at) {
  const std::size_t newline = bytes.find('\n', at);
  if (newline == std::string_view::npos || newline - at > kHelloBytesMax) return std::nullopt;
  std::string_view line = bytes.substr(at, newline - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view version = line.substr(kWord.size());
  const bool plausible = !version.empty() && version[0] >= '0' && version[0] <= '9' &&
                         version.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!plausible) return std::nullopt;
  return newline + 1;
}

}  // namespace

void HelloSearch::add(std::string_view bytes) {
  bytes_.append(bytes);
  if (bytes_.size() > kHelloBytesMax && !find()) bytes_.erase(0, bytes_.size() - kHelloBytesMax);
}

std::optional<std::size_t> HelloSearch::find() const {
  std::optional<std::size_t> found;
  for (std::size_t at = bytes_.find(kWord); at != std::string::npos; at = bytes_.find(kWord, at + 1)) {
    const std::optional<std::size_t> end = hello_at(bytes_, at);
    if (end && (!found || *end == bytes_.size())) found = at;
  }
  return found;
}

std::optional<std::string> HelloSearch::take() {
  const std::optional<std::size_t> found = find();
  if (!found) return std::nullopt;
  std::string words = bytes_.substr(*found);
  bytes_.clear();
  return words;
}

}  // namespace stapsh::agent
