// SPDX-License-Identifier: Apache-2.0
// The streams of one connection to an agent, and the child behind them, until all of it is closed.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/run/agent_input.h"
#include "client/transport/transport.h"
#include "sys/io.h"

namespace stapsh::client {

class AgentStreams {
 public:
  using TakeBytes = std::function<void(std::string_view bytes)>;

  AgentStreams(asio::io_context& io, Connection connection);

  [[nodiscard]] bool rich() const { return rich_; }
  [[nodiscard]] bool has_errors() const { return errors_.has_value(); }
  /// Whether what it says can still come: it was not closed.
  [[nodiscard]] bool open() const { return output_.is_open(); }
  AgentInput& input() { return input_; }

  /// Waits until the connection has come about, if it has not yet. stop_waiting() ends that as well.
  Awaitable<Result<>> finish_connecting(const Transport& transport, const ReachOptions& options);
  /// Waits until there is something to read of the agent, or stop_waiting().
  Awaitable<> wait_output();
  /// What there is.
  Result<sys::IoResult> read_output(std::string& buffer);
  void stop_waiting();
  /// Standard error of the child, as it comes, until close().
  Awaitable<> read_errors(TakeBytes take);

  /// Closes: there is nothing more to say or to hear. A child has a while to end by itself; the rest of its standard
  /// error goes to `take`. Returns its exit code; none: there is no child, or it had to be killed.
  Awaitable<std::optional<int>> close(TakeBytes take);
  /// Whether close() had to kill the child.
  [[nodiscard]] bool child_hung() const { return child_hung_; }
  /// The way is given up: what it leads to is not told, and has nothing to say any more.
  void cut();
  /// Kills the child, if there is one.
  void kill_child();

 private:
  asio::io_context& io_;
  Descriptor output_;                     // A socket's both directions, or
  std::optional<Descriptor> input_pipe_;  // a pipe for each.
  AgentInput input_;
  std::optional<Descriptor> errors_;
  std::optional<sys::Child> child_;
  asio::steady_timer ask_again_;
  bool connecting_;
  bool given_up_ = false;
  bool rich_;
  bool child_hung_ = false;
};

}  // namespace stapsh::client
