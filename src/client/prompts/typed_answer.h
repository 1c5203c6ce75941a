// SPDX-License-Identifier: Apache-2.0
// One question of ours, asked as ssh's are: by a process of its own, as its SSH_ASKPASS (askpass.h), in its turn. But
// its text is on the process's standard input, not among its arguments, which everybody on the machine can read.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/prompts/asker.h"
#include "sys/secret.h"

namespace stapsh::client {

class TypedAnswer {
 public:
  using Line = std::shared_ptr<const sys::Secret>;  ///< With its end.

  /// `asker` is lent.
  TypedAnswer(asio::io_context& io, const Asker& asker) : io_(io), asker_(asker) {}

  /// A person sees `who: text`. An Error: nobody answered. `is_unwanted`: nobody waits for it any more. One at a time.
  Awaitable<Result<Line>> get(std::string who, std::string text, std::function<bool()> is_unwanted);
  /// Whether it is still wanted is to be looked at.
  void look_again();

 private:
  asio::io_context& io_;
  const Asker& asker_;
  std::function<bool()> is_unwanted_;  // While it asks.
  Descriptor* answer_ = nullptr;       // Likewise.
};

}  // namespace stapsh::client
