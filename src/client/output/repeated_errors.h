// SPDX-License-Identifier: Apache-2.0
// Whether targets that failed said the same on standard error, so that a person could have it once. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/events/run_result.h"

namespace stapsh::client {

class RepeatedErrors {
 public:
  void start(std::size_t targets) { digests_.resize(targets); }
  /// Nothing is kept of it but a digest of the first 64 KiB.
  void add(std::size_t target, std::string_view bytes);

  /// A sentence about what most failed targets said alike; empty: nothing.
  [[nodiscard]] std::string hint(const std::vector<TargetResult>& results) const;

 private:
  struct Digest {
    std::uint64_t hash = 14'695'981'039'346'656'037U;  // FNV-1a, as nobody needs to keep a collision from us.
    std::size_t bytes = 0, lines = 0;
  };
  std::vector<Digest> digests_;
};

}  // namespace stapsh::client
