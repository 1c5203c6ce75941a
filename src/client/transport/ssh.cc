// SPDX-License-Identifier: Apache-2.0
// By the person's own ssh: its configuration, agent and jump hosts are ours.
#include "client/transport/ssh.h"

#include <array>
#include <string>
#include <utility>

#include "client/transport/become.h"
#include "client/transport/bootstrap_stage.h"
#include "client/transport/child_connection.h"
#include "client/transport/transport_table.h"

namespace stapsh::client {
namespace {

constexpr int kSshFailed = 255;  // ssh(1), "EXIT STATUS"

// What a configuration made for people has, and a run would fail of. -T is stronger than RequestTTY.
constexpr std::array kNotForPeople{
    "RemoteCommand=none",       // ssh refuses it beside a command, which is the agent.
    "ClearAllForwardings=yes",  // A second ssh to a host can't have the same port (ExitOnForwardFailure).
    "LogLevel=ERROR",           // Its words are the reason of a failure, and say whether another try is worth while.
};

// The command that ssh runs on the target: finds stapsh in PATH and where distributions hide it, with
// nothing but a POSIX shell; `stapsh` overrides. Quoted for any login shell.
std::string remote_command(const ReachOptions& options) {
  const std::optional<std::string>& stapsh = options.stapsh_program;
  const bool brings = options.bootstrap != Bootstrap::kNever;
  if (options.become) return become_command(options, brings ? stage_words() : agent_words(stapsh));
  if (brings) return stage_command();
  if (stapsh) return "exec " + single_quoted(*stapsh);
  // Login shells differ (csh, fish); all of them know exec and single quotes.
  return "exec /bin/sh -c 's=`command -v stapsh` || for s in /usr/lib/systemtap/stapsh /usr/libexec/systemtap/stapsh "
         "/usr/local/bin/stapsh /usr/bin/stapsh; do test -x \"$s\" && break; done; exec \"$s\"'";
}

class SshTransport : public Transport {
 public:
  explicit SshTransport(SshUri uri) : uri_(std::move(uri)) {}

  Result<Connection> open(const ReachOptions& options, std::size_t targets) const override {
    return open_ssh(uri_, options, remote_command(options), targets);
  }

  [[nodiscard]] std::optional<std::string> stage_input(const ReachOptions& options) const override {
    if (options.bootstrap == Bootstrap::kNever && !options.ask_become_pass) return std::nullopt;
    return std::string();
  }

  [[nodiscard]] bool can_become(const ReachOptions&) const override { return true; }

  [[nodiscard]] std::string host() const override {
    return uri_.destination + ":" + std::to_string(uri_.port.value_or(0));
  }

  [[nodiscard]] std::string speaker() const override { return "the account"; }

  [[nodiscard]] bool has_failed(std::optional<int> exit_code) const override { return exit_code == kSshFailed; }

  [[nodiscard]] std::string explain_end(const ConnectionEnd& end) const override {
    const int code = end.exit_code.value_or(0);
    if (code == 126 || code == 127) {
      return "no stapsh on the target" + (end.last_words.empty() ? "" : " (" + std::string(end.last_words) + ")") +
             "; install systemtap-runtime or stapsh there, give --stapsh PATH, or bring one by --bootstrap";
    }
    if (end.last_words.ends_with(": restricted")) {
      return std::string(end.last_words) +
             "; the account's login shell is a restricted one, which may not start what rstap needs there";
    }
    if (!end.last_words.empty() || end.exit_code != kSshFailed) return Transport::explain_end(end);
    // What a command died of is in ssh's protocol, but ssh gives no code for it: 255, without a word.
    if (!end.greeted) return "ssh failed; try ssh by hand";
    return "ssh lost the agent: most likely it was killed there (dmesg may say why), or the connection broke";
  }

  [[nodiscard]] std::string explain_silence(const Silence& silence) const override {
    std::string reason = Transport::explain_silence(silence);
    // It is not known whether there is one; ssh says nothing while it waits for it.
    if (silence.open && silence.last_words.empty()) {
      reason += "; if ssh by hand hangs as well, its ControlMaster may: ssh -O exit " + uri_.destination;
    }
    return reason;
  }

 private:
  SshUri uri_;
};

}  // namespace

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

Result<Connection> open_ssh(const SshUri& uri, const ReachOptions& options, const std::string& command,
                            std::size_t targets) {
  sys::SpawnOptions spawn;
  spawn.program = options.ssh_command;
  spawn.search_path = true;
  spawn.argv = {options.ssh_command, "-T"};
  spawn.extra_env = options.environment;
  if (options.batch) spawn.argv.insert(spawn.argv.end(), {"-o", "BatchMode=yes"});  // The first one counts.
  for (const std::string& option : options.ssh_options) {
    spawn.argv.emplace_back("-o");
    spawn.argv.push_back(option);
  }
  // Behind the person's own: the first one counts.
  for (const char* option : kNotForPeople) spawn.argv.insert(spawn.argv.end(), {"-o", option});
  if (uri.port) {
    spawn.argv.emplace_back("-p");
    spawn.argv.push_back(std::to_string(*uri.port));
  }
  spawn.argv.insert(spawn.argv.end(), {"--", uri.destination, command});
  return open_child(std::move(spawn), targets);
}

std::unique_ptr<Transport> make_transport(const SshUri& uri) { return std::make_unique<SshTransport>(uri); }

}  // namespace stapsh::client
