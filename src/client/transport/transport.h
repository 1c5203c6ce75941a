// SPDX-License-Identifier: Apache-2.0
// A way to an agent: one class in one file for each, and a line in transport_table.h. Nobody outside this folder asks
// of what kind one is: what differs between them is behind this interface.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/options/rstap_options.h"
#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

/// Contents that go to many targets, as descriptors.
class LentContents {
 public:
  virtual ~LentContents() = default;
  /// Of a sealed file in memory that holds it, for as long as this lives. The same for each target.
  virtual Result<int> descriptor_of(const std::shared_ptr<const std::string>& content) = 0;
};

/// An open way to an agent. Its descriptors never block.
struct Connection {
  sys::UniqueFd from_agent;
  sys::UniqueFd to_agent;  ///< None: `from_agent` is a socket, and goes both ways.
  sys::UniqueFd errors;    ///< Standard error of the child; none for a socket.
  std::optional<sys::Child> child;
  /// A socket that is not connected yet: wait until it can be written to, see Transport::connected().
  bool connecting = false;
  bool rich = false;  ///< It carries the agent's standard error and exit code; otherwise the child's are its own.
  /// Where files of some size go: `from_agent` takes their descriptors (client/relay/control.h). Null: as bytes.
  std::shared_ptr<LentContents> lent = {};
};

/// How a connection ended.
struct ConnectionEnd {
  std::optional<int> exit_code;  ///< Of its child; none: it had none, or had to be killed.
  std::string_view last_words;   ///< Of its child, on standard error; printable.
  bool greeted = false;          ///< An agent had answered by then.
  bool lost = false;             ///< It had not said that it is done.
};

/// Nobody said hello.
struct Silence {
  std::string_view reason;      ///< What there is to say about any transport.
  std::string_view last_words;  ///< See ConnectionEnd.
  bool open = false;            ///< The connection is still there: it was the time that ended.
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Opens it; a slow peer shows later, as silence. `targets`: how many there are in all.
  virtual Result<Connection> open(const ReachOptions& options, std::size_t targets) const = 0;
  /// Whether a connection that was `connecting` has come about; its socket is `fd`. False: not yet, ask again. The
  /// Error says why it will not.
  virtual Result<bool> connected(int fd, const ReachOptions& options) const;
  /// Whether sudo can start the agent at its other end (--become).
  [[nodiscard]] virtual bool can_become(const ReachOptions& options) const;
  /// With --bootstrap: what is written first, so that the first stage (bootstrap_stage.h) runs at its other end; empty:
  /// it does so already, or sudo, which may ask for a password first, and an agent that says when it is there. None: an
  /// agent is there, or nothing.
  [[nodiscard]] virtual std::optional<std::string> stage_input(const ReachOptions& options) const;
  /// How many descriptors an open one takes.
  [[nodiscard]] virtual std::size_t descriptors() const { return 4; }
  /// Of which host a crowd of connections is a burden: connections to equal ones are limited. Empty: no limit.
  [[nodiscard]] virtual std::string host() const { return {}; }

  /// Whether one more costs a message on a connection that all share, and no process, login or connection of its own.
  [[nodiscard]] virtual bool connects_by_message() const { return false; }

  /// Whether what answers there is an agent of ours for sure, and nothing speaks before it.
  [[nodiscard]] virtual bool reaches_our_agent() const { return false; }

  /// Who prints what comes before an agent's hello.
  [[nodiscard]] virtual std::string speaker() const;
  /// Whether this exit code says that the way failed, whatever the agent at its end did.
  [[nodiscard]] virtual bool has_failed(std::optional<int> exit_code) const;
  /// What the end of a connection means, for the reason of a failure: the last words, or the exit code. May be empty.
  [[nodiscard]] virtual std::string explain_end(const ConnectionEnd& end) const;
  /// Why nobody said hello.
  [[nodiscard]] virtual std::string explain_silence(const Silence& silence) const;

  /// What a connection that ended so may have left behind, here or at its other end, for a person; empty: nothing.
  [[nodiscard]] virtual std::string may_leave(std::optional<int> exit_code) const;
  /// Starts what removes that. Its child ends with 0 if nothing is left, and says on its standard error why not.
  virtual Result<Connection> open_tidier() const;

 protected:
  /// Of a silence that came by the end of a connection: what explain_end() said.
  static std::string reason_of_end(const Silence& silence);
};

/// Whether it is worth another try, how often: an sshd that sheds load drops connections before they say a word.
constexpr unsigned kRetriesOfShed = 6;
unsigned retries_worth(std::string_view reason);

}  // namespace stapsh::client
