// SPDX-License-Identifier: Apache-2.0
#include "client/transport/transport.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/overloaded.h"
#include "libvirt/relay.h"
#include "sys/executable.h"
#include "sys/pipe.h"
#include "sys/unix_socket.h"
#include "sys/user_name.h"
#include "sys/vsock_socket.h"

namespace stapsh::client {
namespace {

// Big pipes are for few targets: a user has 64 MiB of them in all (pipe-user-pages-soft).
constexpr std::size_t kPipeBytes = std::size_t{256} << 10;
constexpr std::size_t kBigPipeTargetsMax = 16;

// A child whose standard streams are ours. A person's ctrl-C, a closed terminal, a `timeout` that signals
// the whole group: none of them may cut the way to the agent before the agent was told to stop.
Result<Transport> open_child(sys::SpawnOptions spawn, std::size_t targets) {
  sys::Pipe in = TRY(sys::make_pipe({.nonblocking_write = true}));
  sys::Pipe out = TRY(sys::make_pipe({.nonblocking_read = true}));
  sys::Pipe err = TRY(sys::make_pipe({.nonblocking_read = true}));
  if (targets <= kBigPipeTargetsMax) sys::grow_pipe(out.read_end.get(), kPipeBytes);
  spawn.stdin_fd = in.read_end.get();
  spawn.stdout_fd = out.write_end.get();
  spawn.stderr_fd = err.write_end.get();
  spawn.ignored_signals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  sys::Child child = TRY(sys::spawn(spawn));
  return Transport{
      std::move(out.read_end), std::move(in.write_end), std::move(err.read_end), std::move(child), false, true};
}

// Ourselves, in another process.
Result<Transport> open_self(const std::vector<std::string>& words, std::size_t targets) {
  sys::SpawnOptions spawn;
  spawn.program = "/proc/self/exe";
  spawn.argv = {"rstap"};
  spawn.argv.insert(spawn.argv.end(), words.begin(), words.end());
  Transport transport = TRY(open_child(std::move(spawn), targets));
  transport.rich = false;
  return transport;
}

Result<Transport> open_ssh(const SshUri& uri, const RstapOptions& options, std::size_t targets) {
  sys::SpawnOptions spawn;
  spawn.program = options.reach.ssh_command;
  spawn.search_path = true;
  spawn.argv = {options.reach.ssh_command, "-T"};
  for (const std::string& option : options.reach.ssh_options) {
    spawn.argv.emplace_back("-o");
    spawn.argv.push_back(option);
  }
  if (uri.port) {
    spawn.argv.emplace_back("-p");
    spawn.argv.push_back(std::to_string(*uri.port));
  }
  spawn.argv.insert(spawn.argv.end(), {"--", uri.destination, remote_command(options.reach.stapsh_program)});
  return open_child(std::move(spawn), targets);
}

Result<Transport> open_exec(const ExecUri& uri, std::size_t targets) {
  sys::SpawnOptions spawn;
  spawn.program = "/bin/sh";
  spawn.argv = {"/bin/sh", "-c", uri.command};
  return open_child(std::move(spawn), targets);
}

// Where a local agent is: beside us, in PATH, where distributions hide it.
Result<std::string> find_local_agent(const RstapOptions& options) {
  if (options.reach.stapsh_program) return *options.reach.stapsh_program;
  std::array<char, PATH_MAX> self{};
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
  if (size > 0) {
    const std::string path(self.data(), static_cast<std::size_t>(size));
    const std::array<std::string, 1> beside{path.substr(0, path.rfind('/'))};
    if (auto found = sys::find_executable(beside, "stapsh")) return *std::move(found);
  }
  if (auto found = sys::find_in_path("stapsh")) return *std::move(found);
  static const std::array<std::string, 3> kHidden{"/usr/lib/systemtap", "/usr/libexec/systemtap", "/usr/local/bin"};
  if (auto found = sys::find_executable(kHidden, "stapsh")) return *std::move(found);
  return fail(Errc::kSystem, "stapsh: not found beside rstap, in PATH or in /usr/lib/systemtap; give --stapsh PATH");
}

Result<Transport> open_local(const RstapOptions& options, std::size_t targets) {
  sys::SpawnOptions spawn;
  spawn.program = TRY(find_local_agent(options));
  spawn.search_path = spawn.program.find('/') == std::string::npos;
  spawn.argv = {spawn.program};
  spawn.new_session = true;
  return open_child(std::move(spawn), targets);
}

// A path says little about who listens there. The kernel says it of the connection that we have, so that nothing can be
// put in its place after the look; the owner of the socket's file could be another one by then.
Result<> check_owner(int socket, const UnixUri& uri, const std::vector<std::string>& allowed) {
  const uid_t owner = TRY(sys::peer_user(socket));
  if (owner == 0 || owner == ::geteuid()) return {};
  const std::string number = std::to_string(owner);
  const std::string name = sys::user_name(owner);
  const auto names_owner = [&](const std::string& user) { return user == number || (user == name && !name.empty()); };
  if (std::ranges::any_of(allowed, names_owner)) return {};
  return fail(Errc::kPeer,
              fmt::format("{}: user {}{} listens there, not root and not you; they would get what is run, "
                          "and could answer anything. If you mean them, say --allow-owner={}",
                          uri.path, number, name.empty() ? "" : " (" + name + ")", name.empty() ? number : name));
}

Result<Transport> open_unix(const UnixUri& uri, const RstapOptions& options) {
  sys::UniqueFd socket = TRY(sys::connect_unix(uri.path));
  TRY(check_owner(socket.get(), uri, options.reach.allowed_owners));
  sys::UniqueFd other = TRY(sys::duplicate(socket.get()));
  return Transport{std::move(socket), std::move(other), {}, {}, false, false};
}

Result<Transport> open_vsock(const VsockUri& uri) {
  sys::UniqueFd socket = TRY(sys::start_connecting_vsock({uri.cid, uri.port}));
  sys::UniqueFd other = TRY(sys::duplicate(socket.get()));
  return Transport{std::move(socket), std::move(other), {}, {}, true, false};
}

std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += R"('\'')";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string remote_command(const std::optional<std::string>& stapsh) {
  if (stapsh) return "exec " + single_quoted(*stapsh);
  // Login shells differ (csh, fish); all of them know exec and single quotes.
  return "exec /bin/sh -c 's=`command -v stapsh` || for s in /usr/lib/systemtap/stapsh /usr/libexec/systemtap/stapsh "
         "/usr/local/bin/stapsh /usr/bin/stapsh; do test -x \"$s\" && break; done; exec \"$s\"'";
}

Result<Transport> open_transport(const RemoteUri& uri, const RstapOptions& options, std::size_t targets) {
  return std::visit(
      Overloaded{
          [&](const SshUri& u) { return open_ssh(u, options, targets); },
          [&](const UnixUri& u) { return open_unix(u, options); },
          [&](const LocalUri&) { return open_local(options, targets); },
          [&](const ExecUri& u) { return open_exec(u, targets); },
          [&](const LibvirtUri& u) { return open_self(libvirt::relay_words(u.domain, u.connection), targets); },
          [&](const VsockUri& u) { return open_vsock(u); },
          [&](const DirectUri&) -> Result<Transport> { return fail(Errc::kUsage, "direct: has no agent"); },
      },
      uri.address);
}

bool leaves_something(const RemoteUri& uri, std::optional<int> exit_code) {
  if (!std::holds_alternative<LibvirtUri>(uri.address)) return false;
  return !exit_code || *exit_code > 128 || *exit_code == libvirt::kExitPortLeft;
}

Result<Transport> open_tidier(const RemoteUri& uri) {
  const auto& domain = std::get<LibvirtUri>(uri.address);
  return open_self(libvirt::tidy_words(domain.domain, domain.connection), 1);
}

Result<> transport_connected(const RemoteUri& uri, int fd) {
  const auto* vsock = std::get_if<VsockUri>(&uri.address);
  if (vsock == nullptr) return {};
  return sys::vsock_connected(fd, {vsock->cid, vsock->port});
}

std::string transport_reason(const RemoteUri& uri, std::optional<int> exit_code, std::string_view last_words,
                             bool greeted) {
  const bool is_ssh = std::holds_alternative<SshUri>(uri.address);
  if (is_ssh && exit_code && (*exit_code == 126 || *exit_code == 127)) {
    return "no stapsh on the target" + (last_words.empty() ? "" : " (" + std::string(last_words) + ")") +
           "; install systemtap-runtime or stapsh there, or give --stapsh PATH";
  }
  // One that was killed had no last words: what stands there is how it began.
  const bool killed = exit_code && *exit_code > 128 && std::holds_alternative<LibvirtUri>(uri.address);
  if (!last_words.empty() && !killed) return std::string(last_words);
  if (!exit_code || *exit_code == 0) return {};
  // What a command died of is in ssh's protocol, but ssh gives no code for it: 255, without a word.
  if (is_ssh && *exit_code == 255) {
    return greeted ? "ssh lost the agent: most likely it was killed there (dmesg may say why), or the connection broke"
                   : "ssh failed; try ssh by hand";
  }
  if (*exit_code > 128) {
    const bool is_agent = std::holds_alternative<LocalUri>(uri.address);
    return (is_agent ? "the agent was killed by signal " : "killed by signal ") + std::to_string(*exit_code - 128);
  }
  return "its command ended with exit code " + std::to_string(*exit_code);
}

unsigned retries_worth(std::string_view last_words) {
  struct Sign {
    std::string_view text;
    unsigned retries;
  };
  static constexpr Sign kSigns[] = {
      {"kex_exchange_identification", 6},
      {"Connection closed by", 6},
      {"Connection reset", 6},
      {"Resource temporarily unavailable", 6},  // A unix socket whose queue is full.
      {"Connection refused", 1},
  };
  for (const Sign& sign : kSigns) {
    if (last_words.find(sign.text) != std::string_view::npos) return sign.retries;
  }
  return 0;
}

}  // namespace stapsh::client
