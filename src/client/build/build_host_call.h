// SPDX-License-Identifier: Apache-2.0
// One build on a build host: the conversation with what build_host_stage.h says.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "client/async/asio_types.h"
#include "client/build/build_host_output.h"
#include "client/transport/transport.h"

namespace stapsh::client {

/// When the last question of an ssh was over: now, while it has one; none: it had none.
using LastAsked = std::function<std::optional<TimePoint>()>;

class BuildHostCall {
 public:
  BuildHostCall(asio::io_context& io, Connection connection, const std::string& name);

  /// Sends `files` when the host is ready, within `connect_limit` of the start or of the last answer to a question
  /// (`last_asked`, which may be empty), and waits for what it prints; all processes have
  /// ended there by then, and the folder is gone, unless the connection broke. The Error says why there is no answer,
  /// in the words of ssh or of the host, where they have any.
  Awaitable<Result<BuildHostOutput>> run(std::string_view files, Duration connect_limit, LastAsked last_asked);

  /// Has it end there, and what it wrote be removed; run() waits for that.
  void stop();
  /// Waits for nothing any more: the host sees the connection end.
  void kill();

 private:
  void limit_connecting(asio::steady_timer& timer, TimePoint begun, Duration limit, const LastAsked& last_asked);
  Awaitable<> read_errors();
  Awaitable<> read_output(bool to_ready);
  Awaitable<> send(std::string_view files);
  Awaitable<> end_connection();
  [[nodiscard]] std::string why_it_ended() const;

  asio::io_context& io_;
  sys::Child ssh_;
  Descriptor in_, out_, err_;
  BuildHostOutput output_;
  std::string errors_;
  bool errors_ended_ = false;
  Condition errors_end_;
  bool out_ended_ = false, stopped_ = false, too_slow_ = false;
};

}  // namespace stapsh::client
