// SPDX-License-Identifier: Apache-2.0
// Configurations of ssh that are made for a person at a shell, and what a run through them comes to.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <ostream>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

struct Row {
  const char* name;
  std::vector<std::string> client_lines;  ///< {} stands for the scratch folder.
  std::vector<std::string> server_lines;
  std::string hosts = "h[0-1]";
  std::string says = "2 targets: 2 succeeded; all clean";
  bool fails = false;
  std::vector<std::string> words = {};
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class RstapSshConfig : public RemoteTest, public testing::WithParamInterface<Row> {
 protected:
  RstapSshConfig() {
    mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER);
    // What root's own start file does here, sixty times at once, is no concern of ours.
    if (std::filesystem::exists("/root/.bashrc")) mounts_.replace("/root/.bashrc", "/dev/null");
  }

  std::vector<std::string> here(std::vector<std::string> lines) const {
    for (std::string& line : lines) {
      if (const std::size_t at = line.find("{}"); at != std::string::npos) line.replace(at, 2, scratch_.root());
    }
    return lines;
  }
  /// A socket at `name`: somebody listens, and accepts nobody; or nobody does any more.
  int make_socket(const std::string& name, bool listens) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, scratch_.path(name).c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (listens && ::listen(fd, 8) != 0) ADD_FAILURE() << "nobody can listen at " << name;
    return fd;
  }
};

TEST_P(RstapSshConfig, IsFollowedOrItIsSaidWhyNot) {
  const Row& row = GetParam();
  const int hung = make_socket("hung", true);
  (void)::close(make_socket("dead", false));
  scratch_.write("taken", "");
  scratch_.write("with-terminal", "#!/bin/sh\nshift\nexec ssh -tt \"$@\"\n", 0755);
  const Site& site = start_site(Via::kSsh, agent_program(),
                                {.server_lines = here(row.server_lines), .client_lines = here(row.client_lines)});
  std::vector<std::string> words{STAPSH_CLIENT, "--remote", row.hosts, "--runner-arg=exit:0",
                                 scratch_.write("probe.ko", "no module")};
  for (const std::string& word : here(row.words)) words.push_back(word);
  Program rstap(client(words, &site));
  EXPECT_EQ(rstap.wait_exit(std::chrono::seconds(120)), row.fails ? 1 : 0) << rstap.captured();
  EXPECT_NE(rstap.err().find(row.says), std::string::npos) << rstap.captured();
  // A master that is to persist is its person's; here it is nobody's.
  if (std::string_view(row.name) == "ControlPersist") {
    Program end(client({"ssh", "-O", "exit", "h0"}, &site));
    EXPECT_EQ(end.wait_exit(), 0) << end.captured();
  }
  (void)::close(hung);
}

const Row kRows[] = {
    {"RemoteCommand", {"RemoteCommand echo hello"}, {}},
    {"RequestTtyForce", {"RequestTTY force"}, {}},
    {"LocalForward", {"ExitOnForwardFailure yes", "LocalForward {}/taken 127.0.0.1:9"}, {}},
    {"ControlMasterAuto", {"ControlMaster auto", "ControlPath {}/master"}, {}},
    {"ControlPersist", {"ControlMaster auto", "ControlPersist 60", "ControlPath {}/master"}, {}},
    {"DeadMaster", {"ControlMaster auto", "ControlPath {}/dead"}, {}},
    {"HungMaster",
     {"ControlPath {}/hung"},
     {},
     "h0",
     "its ControlMaster may: ssh -O exit h0",
     true,
     {"--connect-timeout=2"}},
    {"LogLevelQuiet",
     {"LogLevel QUIET"},
     {"AuthorizedKeysFile none"},
     "h[0-1]",
     "h[0-1]: failed: no hello from stapsh: root@127.0.0.1: Permission denied",
     true},
    {"LogLevelQuietWhereConnectionsAreShed",
     {"LogLevel QUIET"},
     {"MaxStartups 2:60:6"},
     "h[0-9]",
     "10 targets: 10 succeeded; all clean"},
    {"StrayLines", {}, {"ForceCommand echo 'Welcome!'; printf 'no end'; exec /usr/bin/stapsh"}},
    {"TerminalBetween",
     {},
     {},
     "h0",
     "it echoes what it is sent: there is a terminal in between",
     true,
     {"--ssh", "{}/with-terminal"}},
    {"JumpHost",
     {"Host h1? h2? h3? h4? h5? h6?", "  ProxyJump h0", "Host *"},
     {"MaxStartups 10:30:100"},
     "h[10-69]",
     "60 targets: 60 succeeded; all clean",
     false,
     {"--connect-timeout=100"}},  // 120 ssh on a machine that has more to do.
};
INSTANTIATE_TEST_SUITE_P(All, RstapSshConfig, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace stapsh::real
