// SPDX-License-Identifier: Apache-2.0
// The bytes to one agent: commands and whole files, in order, as it takes them.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/transport/transport.h"
#include "sys/io.h"
#include "sys/secret.h"

namespace stapsh::client {

class AgentInput {
 public:
  /// `lent`: how contents of some size go, see Connection. `descriptor` does not block. A socket is lent by who reads
  /// it; a pipe is lent for this alone, and closed at the end.
  AgentInput(asio::io_context& io, Descriptor& descriptor, bool is_socket, std::shared_ptr<LentContents> lent)
      : fd_(descriptor), is_socket_(is_socket), lent_(std::move(lent)), changed_(io) {}

  /// A command with its '\n'. What is given together goes together: each packet wakes an agent.
  void send(std::string command);
  /// The content of a file, which all targets share.
  void send(const std::shared_ptr<const std::string>& content);
  void send(std::shared_ptr<const sys::Secret> secret);
  /// Nothing more will be sent; what is not sent yet is dropped.
  void end();
  /// Whether something is not sent yet that a run depends on. A stop or a ping may well come too late.
  [[nodiscard]] bool owes() const;

  /// Writes until end(), and closes; `on_progress` is told whenever bytes went out. The error says why the agent takes
  /// no more, if it is owed something.
  Awaitable<Result<>> write(std::function<void()> on_progress);

 private:
  struct Piece {
    std::string bytes;                          // Own bytes, or
    std::shared_ptr<const std::string> shared;  // a file's, or
    std::shared_ptr<const sys::Secret> secret;  // a password's.
    std::size_t sent = 0;
    [[nodiscard]] std::string_view rest() const {
      return (secret ? secret->text() : std::string_view(shared ? *shared : bytes)).substr(sent);
    }
  };

  [[nodiscard]] bool may_join() const;
  Result<sys::IoResult> write_some(Piece& piece);

  Descriptor& fd_;
  bool is_socket_;
  std::shared_ptr<LentContents> lent_;
  Condition changed_;
  std::list<Piece> unsent_;
  bool ended_ = false;
  bool waits_ = false;  // For room. Whoever else waits at a socket is not disturbed.
};

}  // namespace stapsh::client
