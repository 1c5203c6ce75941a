// SPDX-License-Identifier: Apache-2.0
// What rstap does with many targets, it does with hosts behind a broker.
#include <algorithm>
#include <filesystem>

#include "harness/children.h"
#include "harness/terminal.h"
#include "rstap_nats_test.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kBoth = "nats://here/web[01-02]";

class RstapNatsFeatures : public RstapNatsTest {
 protected:
  void SetUp() override {
    RstapNatsTest::SetUp();
    if (!IsSkipped()) add_hosts(2);
  }
};

TEST_F(RstapNatsFeatures, Sum) {
  const std::string program = script("BEGIN { @c[\"x\"] = sum(20); @c[\"y\"] = sum(1); exit(); }\n");
  const Said said = rstap({"--remote", kBoth, "--sum", program});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("@c: sum of 2 hosts\n"), HasSubstr("@c[x]: 40\n"), HasSubstr("@c[y]: 2\n")));
}

TEST_F(RstapNatsFeatures, Report) {
  const std::string page = scratch_.path("report.html");
  const Said said = rstap({"--remote", kBoth, "--report=" + page,
                           script("BEGIN { @sizes = hist(5); printf(\"said here\\n\"); exit(); }\n")});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(read_file(page), AllOf(HasSubstr("web01"), HasSubstr("web02"), HasSubstr("@sizes")));
}

TEST_F(RstapNatsFeatures, HaltStopsTheOthers) {
  Program run(nats_client({"--remote", kBoth, "--label", "--halt=now,fail=1", "-e", kWaits, "--bpftrace"}));
  ASSERT_TRUE(run.wait_for_out_times("begun\n", 2));
  const std::vector<pid_t> agents = children_of(hosts_.front()->program().pid());
  ASSERT_EQ(agents.size(), 1U);
  (void)::kill(agents.front(), SIGKILL);
  EXPECT_EQ(run.wait_exit(), 1) << run.captured();
  EXPECT_THAT(run.out(), HasSubstr("web02: over\n"));
  EXPECT_THAT(run.err(), AllOf(HasSubstr("rstap: web01: failed: "), HasSubstr("(--halt=now,fail=1): all are stopped\n"),
                               HasSubstr("all clean")));
}

TEST_F(RstapNatsFeatures, Canary) {
  const std::string program = script("BEGIN { printf(\"hi\\n\"); exit(); }\n");
  const Said well = rstap({"--remote", kBoth, "--label", "--canary=1", program});
  EXPECT_EQ(well.code, 0) << well.err;
  EXPECT_THAT(well.out, AllOf(HasSubstr("web01: hi\n"), HasSubstr("web02: hi\n")));

  const Said halted = rstap({"--remote", "nats://here/web03," + kBoth, "--label", "--canary=1", program});
  EXPECT_EQ(halted.code, 1);
  EXPECT_THAT(halted.err, HasSubstr("canary web03 failed"));
  EXPECT_THAT(halted.out, Not(HasSubstr("hi\n")));
}

TEST_F(RstapNatsFeatures, Doctor) {
  const Said said =
      rstap({"doctor", "--remote", "nats://here/web[01-03]", script("BEGIN { @c = count(); exit(); }\n")});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, AllOf(HasSubstr("web[01-02]: a run of "),
                              HasSubstr("web03 is not connected to the broker of site here")));
}

// Both that would tidy up are killed, and nobody is left who would ask.
TEST_F(RstapNatsFeatures, Sweep) {
  Program run(nats_client({"--remote", "nats://here/web01", "-e", kWaits, "--bpftrace"}));
  ASSERT_TRUE(run.wait_for_out("begun\n"));
  const std::vector<pid_t> agents = children_of(hosts_.front()->program().pid());
  ASSERT_EQ(agents.size(), 1U);
  (void)::kill(agents.front(), SIGSTOP);  // Neither may see the other's end.
  for (const pid_t child : children_of(agents.front())) {
    if (read_file("/proc/" + std::to_string(child) + "/comm").starts_with("stapsh-guardian")) {
      (void)::kill(child, SIGKILL);
    }
  }
  const pid_t relay = relay_of(run.pid());
  for (const pid_t pid : {relay, run.pid(), agents.front()}) (void)::kill(pid, SIGKILL);
  ASSERT_TRUE(run.wait_gone());
  ASSERT_TRUE(becomes_true([&] { return children_of(hosts_.front()->program().pid()).empty(); }));
  ASSERT_FALSE(std::filesystem::is_empty(scratch_.tmp()));

  const Said said = rstap({"sweep", "--remote", kBoth});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("all clean"));
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.tmp()));
}

TEST_F(RstapNatsFeatures, Live) {
  for (const char* program : {"/usr/bin/tmux", "/usr/bin/setpriv"}) {
    if (::access(program, X_OK) != 0) GTEST_SKIP() << "needs " << program;
  }
  const std::string socket = scratch_.path("tmux");
  ProgramOptions maker = as_ann(Terminal::maker(socket, Terminal::plain(scratch_)));
  maker.env.emplace_back("LC_ALL=C.UTF-8");
  Terminal terminal(std::move(maker), socket, 80);
  terminal.enter(STAPSH_CLIENT " --live=0.2 --remote '" + kBoth + "' " +
                 script("interval:ms:10 { @c = count(); } END { printf(\"the end\\n\"); }\n"));
  const auto has = [](const std::vector<std::string>& lines, std::string_view begin) {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return line.starts_with(begin); });
  };
  ASSERT_TRUE(terminal.wait_for("both hosts' values", [&](const std::vector<std::string>& lines) {
    return has(lines, "rstap: 2 running") && has(lines, "@c: sum of 2 hosts");
  }));
  terminal.press("q");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 2 targets: 2 succeeded; all clean"));
  EXPECT_TRUE(terminal.wait_for_line("@c: sum of 2 hosts"));
}

}  // namespace
}  // namespace stapsh::real
