// SPDX-License-Identifier: Apache-2.0
// The released client, Debian's `stap --remote`, against our agent over each of its transports: a drop-in replacement.
#include <csignal>
#include <filesystem>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

class StapClient : public RemoteTest, public testing::WithParamInterface<Via> {
 protected:
  ProgramOptions stap(const Site& site, std::vector<std::string> words) {
    words.insert(words.begin(), "stap");
    return client(std::move(words), &site);
  }
  std::vector<std::string> bpf(std::vector<std::string> more) const {
    std::vector<std::string> words{"--runtime=bpf", "-r", stap_.kernel_build()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_P(StapClient, ScriptRunsToItsEnd) {
  const Site& site = start_site(GetParam(), agent_program());
  Program stap(this->stap(site, bpf({"--remote=" + site.uri(), stap_.one()})));
  EXPECT_EQ(stap.wait_exit(), 0) << stap.captured();
  EXPECT_EQ(stap.out(), "hello\ntick\nbye\n") << stap.captured();
}

// With the released agent, `bye` never came: SIGHUP killed stapbpf before its end probes ran.
TEST_P(StapClient, InterruptRunsEndProbesAndTheirOutputArrives) {
  for (const int signo : {SIGINT, SIGTERM}) {
    SCOPED_TRACE(signo);
    const Site& site = start_site(GetParam(), agent_program());
    Program stap(this->stap(site, bpf({"--remote=" + site.uri(), stap_.forever()})));
    ASSERT_TRUE(stap.wait_for_out("tick 2\n"));
    stap.send_signal(signo);
    (void)stap.wait_exit();
    EXPECT_TRUE(stap.out().ends_with("bye\n")) << stap.captured();
    end_sites();
  }
}

TEST_P(StapClient, CtrlCOfATerminalReachesEverybodyAtOnceAndEndProbesRun) {
  const Site& site = start_site(GetParam(), agent_program());
  Program stap(this->stap(site, bpf({"--remote=" + site.uri(), stap_.forever()})));
  ASSERT_TRUE(stap.wait_for_out("tick 2\n"));
  stap.send_group_signal(SIGINT);
  (void)stap.wait_exit();
  EXPECT_NE(stap.out().find("bye\n"), std::string::npos) << stap.captured();
}

TEST_P(StapClient, TwoTargetsAreToldApartByTheirPrefix) {
  const Site& site = start_site(GetParam(), agent_program());
  Program stap(
      this->stap(site, bpf({"--remote-prefix", "--remote=" + site.uri(0), "--remote=" + site.uri(1), stap_.one()})));
  EXPECT_EQ(stap.wait_exit(), 0) << stap.captured();
  for (const char* line : {"0: hello\n", "1: hello\n", "0: bye\n", "1: bye\n"})
    EXPECT_NE(stap.out().find(line), std::string::npos) << line << stap.captured();
}

TEST_P(StapClient, KilledClientLeavesNothingOnTheTarget) {
  const Site& site = start_site(GetParam(), agent_program());
  Program stap(this->stap(site, bpf({"--remote=" + site.uri(), stap_.forever()})));
  ASSERT_TRUE(stap.wait_for_out("tick 2\n"));
  stap.send_signal(SIGKILL);
  EXPECT_EQ(stap.wait_exit(), 137);
  for (const auto& entry : std::filesystem::directory_iterator(scratch_.tmp())) {
    // The killed client's own folder (stapXXXXXX) is nobody's to remove but its own.
    if (!entry.path().filename().string().starts_with("stapsh.")) std::filesystem::remove_all(entry.path());
  }
}

// The whole way to the kernel's refusal: the module is built of nothing, all else is real.
TEST_P(StapClient, RefusedKernelModuleIsReportedWithItsCode) {
  const Site& site = start_site(GetParam(), agent_program());
  Program stap(this->stap(site, {"-r", stap_.module_build(), "--remote=" + site.uri(), stap_.one()}));
  const int code = stap.wait_exit();
  EXPECT_NE(stap.err().find("Couldn't insert module"), std::string::npos) << stap.captured();
  // Over unix: the released client says 0 whatever happened.
  const bool code_is_carried = GetParam() == Via::kStapsh || GetParam() == Via::kSsh;
  EXPECT_EQ(code, code_is_carried ? 1 : 0) << stap.captured();
}

TEST_P(StapClient, VerboseRunsStayInProtocol) {
  const Site& site = start_site(GetParam(), agent_program());
  Program stap(this->stap(site, bpf({"-vvv", "--remote=" + site.uri(), stap_.one()})));
  EXPECT_EQ(stap.wait_exit(), 0) << stap.captured();
  for (const char* line : {"hello\n", "tick\n", "bye\n"})
    EXPECT_NE(stap.out().find(line), std::string::npos) << stap.captured();
}

INSTANTIATE_TEST_SUITE_P(Over, StapClient, testing::Values(Via::kStapsh, Via::kSocat, Via::kListen, Via::kSsh),
                         [](const auto& suite) { return std::string(name_of(suite.param)); });

}  // namespace
}  // namespace stapsh::real
