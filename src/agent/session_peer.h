// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a session, for the policy.
#pragma once

#include <string>

#include "policy/policy.h"

namespace stapsh::agent {

/// `name` is that of --as, and all that counts where it is not empty. Otherwise the kernel's word about a unix or vsock
/// socket `fd`; nothing is known of another kind of socket; anything else (a pipe, as sshd makes them) is of whoever
/// started this agent: its own user.
policy::Peer session_peer(int fd, const std::string& name);

/// Where the session at `fd` comes from, for a person: "ssh ADDRESS PORT" and "sudo USER" as sshd and sudo say it in
/// the environment, "unix pid N", "vsock cid N", "port" of a guest's port.
std::string session_origin(int fd, bool is_port);

}  // namespace stapsh::agent
