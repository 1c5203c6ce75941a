// SPDX-License-Identifier: Apache-2.0
// Real containers of podman's, with busybox alone and with bpftrace: an agent is brought, and every end of a session
// leaves a container as it was.
#include <signal.h>

#include <functional>
#include <memory>

#include "harness/containers.h"
#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

class RstapContainers : public RemoteTest {
 protected:
  RstapContainers() { oracle_.allow_helper(podman_.keeper_pid()); }

  void TearDown() override {
    for (const auto& container : containers_) expect_as_it_was(*container);
    containers_.clear();
    RemoteTest::TearDown();
  }

  Container& add(const std::string& name, const std::vector<std::string>& options = with_bpftrace()) {
    containers_.push_back(std::make_unique<Container>(podman_, scratch_, name, options));
    allow(*containers_.back());
    return *containers_.back();
  }
  void allow(const Container& container) {
    for (const int pid : container.pids()) oracle_.allow_helper(pid);
  }

  ProgramOptions rstap(const std::vector<std::string>& words) const {
    std::vector<std::string> all{STAPSH_CLIENT, "--bootstrap", "--stapsh", agent_program()};
    all.insert(all.end(), words.begin(), words.end());
    ProgramOptions options = client(all);
    options.env.push_back("PATH=" + podman_.folder() + ":/usr/bin:/bin");
    return options;
  }
  /// Names of containers, separated by commas, as targets.
  static std::string set(const std::string& names) { return names + "=exec:podman exec -i {host} sh"; }
  std::string beat() const {
    return scratch_.write("beat.bt",
                          "interval:ms:100 { @n++; printf(\"beat %d\\n\", @n); }\nEND { printf(\"ended\\n\"); }\n");
  }

  static void expect_as_it_was(const Container& container) {
    std::vector<std::string> left;
    if (becomes_true([&] { return (left = container.left()).empty(); })) return;
    for (const std::string& thing : left) ADD_FAILURE() << container.name() << ": left behind: " << thing;
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  Podman podman_{scratch_};
  std::vector<std::unique_ptr<Container>> containers_;
};

TEST_F(RstapContainers, BusyboxIsEnoughForAnAgent) {
  if (STAPSH_SANITIZED != 0) GTEST_SKIP() << "a sanitizer's agent is not static: it needs libraries there";
  add("bare", {});
  Program rstap(this->rstap({"-v", "--remote", set("bare"), beat()}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "rstap: bare: no agent there: bringing one of ")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "rstap: bare: failed: it has no bpftrace; install bpftrace there\n"))
      << rstap.captured();
}

TEST_F(RstapContainers, AreTargetsByTheirNames) {
  add("shop-1");
  add("shop-2");
  Program rstap(this->rstap({"--remote", set("shop-[1-3]!shop-3"), "--label", "--deadline", "1", beat()}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  for (const char* line : {"shop-1: beat 1\n", "shop-1: ended\n", "shop-2: beat 1\n", "shop-2: ended\n"})
    EXPECT_TRUE(has(rstap.out(), line)) << line << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "rstap: 2 targets: 2 succeeded; all clean\n")) << rstap.captured();
}

// A process of it is known by its pid here; that is its name then.
TEST_F(RstapContainers, NsenterIsAWayInAsWell) {
  const std::string pid = std::to_string(add("shop").pids().front());
  // It has the environment of here, whose folders are not there.
  const std::string uri = pid + "=exec:nsenter -t {host} -a env -i PATH=/usr/bin:/bin sh";
  Program rstap(this->rstap({"--remote", uri, "--label", "--deadline", "1", beat()}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(has(rstap.out(), pid + ": beat 1\n")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "; all clean\n")) << rstap.captured();
}

struct End {
  std::string name;
  std::function<void(const Program& rstap, const Podman& podman)> comes;
  int code = 0;
  std::string says;  // On standard error.
};

const std::vector<End>& ends() {
  static const std::vector<End> kEnds{
      {"ctrl-C", [](const Program& rstap, const Podman&) { rstap.send_group_signal(SIGINT); }, 0,
       "1 succeeded; all clean"},
      {"rstap killed", [](const Program& rstap, const Podman&) { rstap.send_signal(SIGKILL); }, 128 + SIGKILL, ""},
      {"podman exec killed", [](const Program&, const Podman& podman) { (void)::kill(podman.last_pid(), SIGKILL); }, 1,
       "the connection ended in mid-run: killed by signal 9\nrstap: 1 target: 0 succeeded, 1 failed; all clean"},
  };
  return kEnds;
}

class RstapContainersEnd : public RstapContainers, public testing::WithParamInterface<std::size_t> {};

TEST_P(RstapContainersEnd, LeavesNothingInTheContainer) {
  const End& end = ends()[GetParam()];
  SCOPED_TRACE(end.name);
  const Container& shop = add("shop");
  Program rstap(this->rstap({"--remote", set("shop"), beat()}));
  ASSERT_TRUE(rstap.wait_for_out("beat 2\n")) << rstap.captured();
  end.comes(rstap, podman_);
  EXPECT_TRUE(rstap.wait_gone()) << rstap.captured();
  EXPECT_EQ(rstap.exit_code(), end.code) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), end.says)) << rstap.captured();
  expect_as_it_was(shop);
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(All, RstapContainersEnd, testing::Range<std::size_t>(0, ends().size()));

// Its files were in memory, as they are where nothing is to be left by a container that stops in mid-run.
TEST_F(RstapContainers, AKilledContainerIsNamedAndComesBackAsItWas) {
  std::vector<std::string> options = with_bpftrace();
  options.insert(options.end(), {"--tmpfs=/run", "--tmpfs=/tmp"});
  Container& shop = add("shop", options);
  Program rstap(this->rstap({"--remote", set("shop"), beat()}));
  ASSERT_TRUE(rstap.wait_for_out("beat 2\n")) << rstap.captured();
  shop.kill();
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "it could not be asked whether anything is left")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "0 succeeded, 1 failed; 0 clean, 1 unknown")) << rstap.captured();
  expect_nothing_left();
  shop.start();
  allow(shop);
  expect_as_it_was(shop);
  Program again(this->rstap({"--remote", set("shop"), "--deadline", "1", beat()}));
  EXPECT_EQ(again.wait_exit(), 0) << again.captured();
  EXPECT_TRUE(has(again.err(), "; all clean")) << again.captured();
}

}  // namespace
}  // namespace stapsh::real
