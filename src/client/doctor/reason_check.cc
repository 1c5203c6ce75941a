// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/reason_check.h"

#include <array>

namespace stapsh::client {
namespace {

constexpr std::string_view kBringAgent =
    "here: add --bootstrap; or there: apt-get install stapsh (or copy the one file stapsh to /usr/bin)";
constexpr std::string_view kTrySsh = "here: ssh -v {host} true";

struct Sign {
  std::string_view text;     // In the reason.
  std::string_view name;     // The row.
  std::string_view by_ssh;   // What mends it, of a target that ssh reaches.
  std::string_view by_else;  // And of another.
};

// The first one that fits counts.
constexpr std::array kSilences{
    Sign{"refused: policy", "policy", "there: stapsh --check-policy", "there: stapsh --check-policy"},
    Sign{"No such file or directory; ssh", "way in", "here: apt-get install openssh-client", ""},
    Sign{"ermission denied); install", "agent", "there: chmod a+rx \"$(command -v stapsh || echo /usr/bin/stapsh)\"",
         ""},
    Sign{"ermission denied) ; install", "agent", "there: chmod a+rx /usr/bin/stapsh", ""},
    Sign{"no stapsh on the target", "agent", kBringAgent, kBringAgent},
    Sign{"Host key verification failed", "way in",
         "here: ssh-keygen -R HOST, if its key has changed for a reason; then ssh {host} true, and compare the new one",
         ""},
    Sign{"host key", "way in", "here: ssh {host} true, and compare the key that it shows", ""},
    Sign{"Permission denied (", "way in", "here: ssh-copy-id {host}", ""},
    Sign{"Too many authentication failures", "way in", "here: add --ssh-option IdentitiesOnly=yes", ""},
    Sign{"Could not resolve", "way in", "here: getent hosts NAME; then mend the name, or its HostName in ~/.ssh/config",
         ""},
    Sign{"is not connected to the broker", "way in", "",
         "there: systemctl start stapsh-link; journalctl -u stapsh-link says why it does not reach the broker"},
    Sign{"does not know our key", "way in", "",
         "at the broker: nats-server --signal reload; or here: the key of this client, in [nats.SITE] of rstap's "
         "configuration"},
    Sign{"nobody answers there; does nats-server run", "way in", "",
         "at the broker: systemctl start nats-server; or here: servers in [nats.SITE] of rstap's configuration"},
    Sign{"no connection to the broker", "way in", "", "here: mend [nats.SITE] in rstap's configuration"},
    Sign{"Connection refused", "way in", "there: systemctl start ssh; or here: name the port, HOST:PORT",
         "there: systemctl start stapsh.socket (nobody listens at that address)"},
    Sign{"No route to host", "way in", kTrySsh, ""},
    Sign{"timed out", "way in", kTrySsh, "here: a larger --connect-timeout"},
    Sign{"it echoes what it is sent", "way in", "here: ssh -T {host} true; leave out -tt, and RequestTTY",
         "here: leave the terminal out of the command"},
    Sign{"the account prints", "agent", "here: ssh {host} true, which must print nothing and end with code 0", ""},
    Sign{"prints \"", "agent", "here: ssh {host} stapsh --version, which must say stapsh",
         "there: stapsh --version, which must say stapsh"},
    Sign{"bytes, the last line was", "agent", "here: ssh {host} true, which must print nothing", ""},
    Sign{"a line without an end", "agent", "here: ssh {host} true, which must print nothing", ""},
    Sign{"within the connect timeout", "way in", "here: ssh -v {host} true; or a larger --connect-timeout",
         "here: a larger --connect-timeout"},
    Sign{": not found", "agent", kBringAgent, kBringAgent},
    Sign{"exit code 127", "agent", kBringAgent, kBringAgent},
    Sign{"exit code 126", "agent", "there: chmod a+rx /usr/bin/stapsh", "there: chmod a+rx /usr/bin/stapsh"},
    Sign{"which is no line of the protocol", "agent", kBringAgent, kBringAgent},
    Sign{"no agent", "agent", kBringAgent, kBringAgent},
};

}  // namespace

Check check_of_silence(std::string_view reason, bool is_ssh) {
  for (const Sign& sign : kSilences) {
    if (reason.find(sign.text) == std::string_view::npos) continue;
    return {sign.name, Check::State::kFailure, std::string(reason), std::string(is_ssh ? sign.by_ssh : sign.by_else)};
  }
  return {"way in", Check::State::kFailure, std::string(reason), is_ssh ? std::string(kTrySsh) : std::string()};
}

Check check_of_refusal(std::string_view reason, std::string_view program) {
  const auto has = [&](std::string_view text) { return reason.find(text) != std::string_view::npos; };
  Check check{"build", Check::State::kFailure, std::string(reason), {}};
  if (reason.starts_with("refused: ")) {
    check.name = "policy";
    check.mend = "there: stapsh --check-policy; then allow it in /etc/stapsh/policy, or run what is allowed";
  } else if (has("its stapsh is systemtap's") || has("the agent ") || has("the connection ended")) {
    check.name = "agent";
    check.mend = kBringAgent;
  } else {
    check.mend = "here: " + std::string(program) +
                 " -p4 -r RELEASE SCRIPT shows what it lacks (a bpftrace program is named .bt, or wants --bpftrace)";
  }
  return check;
}

}  // namespace stapsh::client
