// SPDX-License-Identifier: Apache-2.0
// Settings as libnats wants to be told them.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "nats/api.h"
#include "nats/connection.h"

namespace stapsh::nats {

class Options {
 public:
  /// An Error names the file that can't be used. `api` is lent.
  static Result<Options> create(const Api& api, const Settings& settings);
  Options(Options&& other) noexcept : api_(other.api_), options_(std::exchange(other.options_, nullptr)) {}
  Options& operator=(Options&&) = delete;
  ~Options();

  [[nodiscard]] natsOptions* get() const { return options_; }

 private:
  Options(const Api& api, natsOptions* made) : api_(api), options_(made) {}
  Result<> fill(const Settings& settings);
  Result<> fill_tls(const Settings& settings);
  [[nodiscard]] Result<> check(const std::string& what, natsStatus status) const;

  const Api& api_;
  natsOptions* options_;
};

inline std::int64_t milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace stapsh::nats
