// SPDX-License-Identifier: Apache-2.0
// --sign-key: signs manifests of runs, each for one target's session, by `ssh-keygen -Y sign`, which knows the keys
// that a person has: files, those of an ssh-agent, security keys. A pass phrase is asked for once, as ssh's are
// (prompts/asker.h).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/prompts/asker.h"

namespace stapsh::client {

class ManifestSigner {
 public:
  /// `asker` is lent; null: nobody is asked by us. `batch`: nor by ssh-keygen.
  ManifestSigner(asio::io_context& io, std::string key, const Asker* asker, bool batch)
      : io_(io), key_(std::move(key)), asker_(asker), batch_(batch), room_(io) {}

  /// `manifest` with its signature behind it. At most some at once; who waits is asked whether that `is_over`. The
  /// Error has ssh-keygen's reason.
  Awaitable<Result<std::string>> sign(std::string manifest, std::function<bool()> is_over);

 private:
  Awaitable<Result<std::string>> run_keygen(const std::string& manifest, std::function<bool()> is_over);

  asio::io_context& io_;
  std::string key_;
  const Asker* asker_;
  bool batch_;
  int running_ = 0;
  Condition room_;
};

}  // namespace stapsh::client
