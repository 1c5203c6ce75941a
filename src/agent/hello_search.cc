// SPDX-License-Identifier: Apache-2.0
#include "agent/hello_search.h"

#include <utility>

#include "protocol/hello_tail.h"

namespace stapsh::agent {

void HelloSearch::add(std::string_view bytes) {
  bytes_.append(bytes);
  if (bytes_.size() > kHelloBytesMax && !find()) bytes_.erase(0, bytes_.size() - kHelloBytesMax);
}

std::optional<std::size_t> HelloSearch::find() const {
  std::optional<std::size_t> found;
  for (std::size_t at = bytes_.find(kHelloWord); at != std::string::npos; at = bytes_.find(kHelloWord, at + 1)) {
    const std::optional<std::size_t> end = end_of_hello(bytes_, at);
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
