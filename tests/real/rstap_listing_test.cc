// SPDX-License-Identifier: Apache-2.0
// -l and -L: what can be probed on targets, as bpftrace says it there and stap here.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

using Words = std::vector<std::string>;

std::string header(const std::string& title) {
  const std::string rule = std::string(15, '-') + "\n";
  return rule + title + "\n" + rule;
}

class RstapListing : public RemoteTest {
 protected:
  RstapListing() { mounts_.tracing().replace("/usr/bin/stapsh", agent_program()); }

  ProgramOptions rstap(const Words& words) const {
    Words all{STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh"};
    all.insert(all.end(), words.begin(), words.end());
    return client(all);
  }
  /// What `words`, a tool, prints here.
  std::string printed(const Words& words) const {
    Program tool(client(words));
    EXPECT_EQ(tool.wait_exit(), 0) << tool.captured();
    EXPECT_NE(tool.out(), "") << tool.captured();
    return tool.out();
  }
  std::string fifo(const std::string& name) const {
    if (::mkfifo(scratch_.path(name).c_str(), 0600) != 0) throw HarnessError("mkfifo");
    return scratch_.path(name);
  }

  const Words two_{"--remote", "stapsh:", "--remote", "stapsh:"};
  const Words unlike_{"--remote", "stapsh:", "--remote", "direct:"};
};

Words operator+(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST_F(RstapListing, BpftraceListsOnTheTargets) {
  const std::string pattern = "tracepoint:sched:sched_*";
  for (const auto& [option, own] : {std::pair("-l", "-l"), std::pair("-L", "-lv"), std::pair("-lv", "-lv")}) {
    SCOPED_TRACE(option);
    const std::string want = printed({"bpftrace", own, pattern});
    Program several(rstap(Words{option, pattern} + two_ + Words{"--remote", "direct:"}));
    EXPECT_EQ(several.wait_exit(), 0) << several.captured();
    EXPECT_EQ(several.out(), header("stapsh,stapsh#2,direct (3)") + want);
    for (const Words& one : {Words{}, Words{"--remote", "stapsh:"}}) {
      Program alone(rstap(Words{option, pattern} + one));
      EXPECT_EQ(alone.wait_exit(), 0) << alone.captured();
      EXPECT_EQ(alone.out(), want);
    }
  }
}

TEST_F(RstapListing, WithoutAMatchTheToolsExitCodeCounts) {
  struct Case {
    std::string pattern;
    int code;
    std::string says;
  };
  const Case cases[] = {
      {"tracepoint:no_such_group:*", 0, "rstap: no target has a probe that matches tracepoint:no_such_group:*\n"},
      {"no_such_probe:*", 134, header("stapsh,direct (2)") + "FATAL: "},
      {"nothing.of.that.name", 1, ": stap finds no probe nothing.of.that.name; if it misses the kernel's build folder"},
      {"(", 1, "\nparse error: "},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.pattern);
    Program rstap(this->rstap(Words{"-l", c.pattern} + unlike_));
    EXPECT_EQ(rstap.wait_exit(), c.code) << rstap.captured();
    EXPECT_EQ(rstap.out(), "");
    const std::size_t said = rstap.err().find(c.says);
    ASSERT_NE(said, std::string::npos) << rstap.captured();
    EXPECT_EQ(rstap.err().find(c.says, said + 1), std::string::npos) << rstap.captured();
  }
}

TEST_F(RstapListing, StapListsHereOnceForEachKernel) {
  const std::string stap =
      scratch_.write("stap", "#!/bin/sh\necho \"$@\" >> " + scratch_.path("calls") + "\nexec stap \"$@\"\n", 0755);
  const Words options{"--stap", stap, "-r", stap_.kernel_build()};
  Program rstap(this->rstap(options + with_kernel("1.2.3-other") + unlike_ + Words{"-l", "be*"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string all = rstap.out().substr(0, rstap.out().rfind("---\n") + 4);
  EXPECT_NE(all.find("(3)\n"), std::string::npos) << rstap.captured();
  EXPECT_EQ(rstap.out(), all + printed({"stap", "-r", stap_.kernel_build(), "-l", "be*"}));
  const std::string calls = read_file(scratch_.path("calls"));
  EXPECT_EQ(std::ranges::count(calls, '\n'), 2) << calls;
  EXPECT_NE(calls.find("-l be* -r " + scratch_.path("build-1.2.3-other") + " "), std::string::npos) << calls;
  EXPECT_NE(calls.find("-l be* -r " + stap_.kernel_build() + " "), std::string::npos) << calls;
}

// More than is read at once; it is stap's in nothing but its size.
TEST_F(RstapListing, ALongListComesWhole) {
  const std::string stap = scratch_.write("stap", "#!/bin/sh\nseq -f 'kernel.function(\"f%.0f\")' 100000\n", 0755);
  const Words words{"--stap", stap, "-l", "kernel.function(\"*\")"};
  const std::string want = printed({stap});
  Program gathered(rstap(words + unlike_));
  EXPECT_EQ(gathered.wait_exit(), 0) << gathered.err();
  EXPECT_TRUE(gathered.out() == header("stapsh,direct (2)") + want);
  Program events(rstap(words + unlike_ + Words{"--format=json"}));
  EXPECT_EQ(events.wait_exit(), 0) << events.err();
  const std::string bytes = "\"stdout_bytes\":" + std::to_string(want.size()) + ",";
  EXPECT_NE(events.out().find(bytes), std::string::npos);
  EXPECT_NE(events.out().find(bytes), events.out().rfind(bytes));
}

TEST_F(RstapListing, AnInterruptEndsIt) {
  const std::string held = fifo("held"), up = fifo("up");
  const std::string wait = "exec 9<> " + held + "\necho up > " + up + "\nread -r x <&9\n";
  mounts_.replace("/usr/bin/bpftrace", scratch_.write("bpftrace",
                                                      "#!/bin/sh\n[ \"$1\" = -V ] && echo bpftrace v0.17.0 && exit\n"
                                                      "trap 'exit 0' INT\n" +
                                                          wait,
                                                      0755));
  const std::string stap = scratch_.write("stap", "#!/bin/sh\n" + wait, 0755);
  for (const auto& [pattern, code] : {std::pair("kprobe:*", 0), std::pair("kernel.*", 130)}) {
    for (const std::string remote : {"stapsh:", "direct:"}) {
      SCOPED_TRACE(pattern + remote);
      Program rstap(this->rstap({"--stap", stap, "-l", pattern, "--remote", remote}));
      Program begun(options({"cat", up}));
      ASSERT_EQ(begun.wait_exit(), 0) << rstap.captured();
      rstap.send_signal(SIGINT);
      EXPECT_EQ(rstap.wait_exit(), code) << rstap.captured();
      EXPECT_EQ(rstap.out(), "");
      expect_nothing_left();
    }
  }
}

}  // namespace
}  // namespace stapsh::real
