// SPDX-License-Identifier: Apache-2.0
// Ways to reach an agent. Each gives a pair of streams; the rest of the client does not care which.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "client/options/rstap_options.h"
#include "client/targets/remote_uri.h"
#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

/// An open way to an agent. Its descriptors never block.
struct Transport {
  sys::UniqueFd from_agent;
  sys::UniqueFd to_agent;
  sys::UniqueFd errors;  ///< Standard error of the child; none for a socket.
  std::optional<sys::Child> child;
  /// A socket that is not connected yet: wait until it can be written to, see transport_connected().
  bool connecting = false;
  bool rich = false;  ///< It carries the agent's standard error and exit code; otherwise the child's are its own.
};

/// Opens it; a slow peer shows later, as silence. `direct:` has no agent: it is not for here. `targets`: how many
/// there are in all.
Result<Transport> open_transport(const RemoteUri& uri, const RstapOptions& options, std::size_t targets);

/// Whether a transport that was `connecting` has come about; its socket is `fd`. The Error says why not.
Result<> transport_connected(const RemoteUri& uri, int fd);
/// Whether a transport that ended so may have left something behind, here or at its other end.
bool leaves_something(const RemoteUri& uri, std::optional<int> exit_code);
/// Starts what removes it. Its child ends with 0 if nothing is left, and says on its standard error why not.
Result<Transport> open_tidier(const RemoteUri& uri);

/// The command that ssh runs on the target: finds stapsh in PATH and where distributions hide it, with
/// nothing but a POSIX shell; `stapsh` overrides. Quoted for any login shell.
std::string remote_command(const std::optional<std::string>& stapsh);

/// What the end of a transport means, for the reason of a failure: the child's own last words, or its exit code.
/// `greeted`: an agent had answered by then.
std::string transport_reason(const RemoteUri& uri, std::optional<int> exit_code, std::string_view last_words,
                             bool greeted);

/// Whether it is worth another try, how often: an sshd that sheds load drops connections before they say a word.
unsigned retries_worth(std::string_view last_words);

}  // namespace stapsh::client
