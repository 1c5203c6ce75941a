// SPDX-License-Identifier: Apache-2.0
#include "client/transport/child_connection.h"

#include <signal.h>

#include <utility>

#include "sys/pipe.h"

namespace stapsh::client {
namespace {

// Big pipes are for few targets: a user has 64 MiB of them in all (pipe-user-pages-soft).
constexpr std::size_t kPipeBytes = std::size_t{256} << 10;
constexpr std::size_t kBigPipeTargetsMax = 16;

}  // namespace

// A person's ctrl-C, a closed terminal, a `timeout` that signals the whole group: none of them may cut the way to the
// agent before the agent was told to stop.
Result<Connection> open_child(sys::SpawnOptions spawn, std::size_t targets) {
  sys::Pipe in = TRY(sys::make_pipe({.nonblocking_write = true}));
  sys::Pipe out = TRY(sys::make_pipe({.nonblocking_read = true}));
  sys::Pipe err = TRY(sys::make_pipe({.nonblocking_read = true}));
  if (targets <= kBigPipeTargetsMax) sys::grow_pipe(out.read_end.get(), kPipeBytes);
  spawn.stdin_fd = in.read_end.get();
  spawn.stdout_fd = out.write_end.get();
  spawn.stderr_fd = err.write_end.get();
  spawn.ignored_signals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  sys::Child child = TRY(sys::spawn(spawn));
  return Connection{
      std::move(out.read_end), std::move(in.write_end), std::move(err.read_end), std::move(child), false, true};
}

Result<Connection> open_self(const std::vector<std::string>& words, std::size_t targets) {
  sys::SpawnOptions spawn;
  spawn.program = "/proc/self/exe";
  spawn.argv = {"rstap"};
  spawn.argv.insert(spawn.argv.end(), words.begin(), words.end());
  Connection connection = TRY(open_child(std::move(spawn), targets));
  connection.rich = false;
  return connection;
}

}  // namespace stapsh::client
