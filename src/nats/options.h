// SPDX-License-Identifier: Apache-2.0
// Settings as libnats wants to be told them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "nats/api.h"
#include "nats/connection.h"
#include "nats/nkey.h"

namespace stapsh::nats {

class Options {
 public:
  /// An Error names the file that can't be used. `api` is lent. It must live as long as connections are made with it.
  static Result<Options> create(const Api& api, const Settings& settings);
  Options(Options&& other) noexcept
      : api_(other.api_), options_(std::exchange(other.options_, nullptr)), identity_(std::move(other.identity_)) {}
  Options& operator=(Options&&) = delete;
  ~Options();

  [[nodiscard]] natsOptions* get() const { return options_; }
  /// Whether a connection failed since the signature of the broker's question began with a zero, one in 256: libnats
  /// 3.4.1 takes it for an empty string, and sends none. The next question has another signature.
  [[nodiscard]] bool take_unlucky_signature() {
    return identity_ != nullptr && std::exchange(identity_->unlucky, false);
  }

 private:
  Options(const Api& api, natsOptions* made) : api_(api), options_(made) {}
  Result<> fill(const Settings& settings);
  Result<> fill_tls(const Settings& settings);
  Result<> fill_identity(const Settings& settings);
  [[nodiscard]] Result<> check(const std::string& what, natsStatus status) const;

  // What a broker is told that asks who we are.
  struct Identity {
    Nkey key;
    std::string jwt{};
    bool unlucky = false;
  };
  static natsStatus sign_nonce(char** error, unsigned char** signature, int* size, const char* nonce, void* closure);
  static natsStatus tell_jwt(char** jwt, char** error, void* closure);

  const Api& api_;
  natsOptions* options_;
  std::unique_ptr<Identity> identity_;  // libnats has its address.
};

inline std::int64_t milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace stapsh::nats
