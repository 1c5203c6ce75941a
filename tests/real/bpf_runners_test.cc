// SPDX-License-Identifier: Apache-2.0
// Real runners with real probes: stapbpf with uprobes on a program built for the test, bpftrace with a tracepoint.
#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdio>
#include <functional>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

class BpfRunners : public RemoteTest {
 protected:
  BpfRunners() { mounts_.tracing(); }

  /// The program to be probed: a line in, `ticked N` out.
  ProgramOptions target() const {
    ProgramOptions how = options({STAPSH_UPROBE_TARGET});
    how.input = ProgramOptions::Input::kPipe;
    return how;
  }

  /// Makes the target tick until the probe, which is set some time after the script's first word, has been seen.
  static testing::AssertionResult tick_until(Program& target, Program& tracer, const std::string& seen) {
    for (int i = 1; i <= 2000; i++) {
      if (auto written = target.write("\n"); !written) return written;
      if (auto ticked = target.wait_for_out("ticked " + std::to_string(i) + "\n"); !ticked) return ticked;
      if (tracer.wait_for_out(seen, Bound(10))) return testing::AssertionSuccess();
    }
    return tracer.wait_for_out(seen);
  }
};

TEST_F(BpfRunners, StapbpfSeesAFunctionsCallsAndItsArgument) {
  const std::string script = scratch_.write("uprobe.stp",
                                            "probe begin { printf(\"ready\\n\") }\n"
                                            "probe process(\"" STAPSH_UPROBE_TARGET
                                            "\").function(\"tick\") { printf(\"tick %d\\n\", $number) }\n"
                                            "probe end { printf(\"end\\n\") }\n");
  const Site& site = start_site(Via::kStapsh, agent_program());
  Program target(this->target());
  Program rstap(client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "-r", stap_.kernel_build(), "--bpf", "--remote",
                        site.uri(), script}));
  ASSERT_TRUE(rstap.wait_for_out("ready\n"));
  ASSERT_TRUE(tick_until(target, rstap, "tick "));
  ASSERT_TRUE(target.write("\n"));
  EXPECT_TRUE(rstap.wait_for_out_times("tick ", 2));
  rstap.send_signal(SIGINT);
  (void)rstap.wait_exit();
  EXPECT_TRUE(rstap.out().ends_with("end\n")) << rstap.captured();
  target.close_input();
  EXPECT_EQ(target.wait_exit(), 0);
}

// Numbers and arrays by one number are what stapbpf 4.8 has right; the tapset lets nothing else pass.
TEST_F(BpfRunners, WhatTwoStapbpfSayWithTheTapsetIsAddedUp) {
  Program target(this->target());
  ASSERT_TRUE(target.wait_for_out("\n"));
  const std::string script =
      scratch_.write("sums.stp",
                     "global by, numbers, most, least\n"
                     "probe begin { least = 1000000; printf(\"ready\\n\") }\n"
                     "probe process(\"" STAPSH_UPROBE_TARGET "\").function(\"tick\") { if (pid() == " +
                         std::to_string(target.pid()) +  // Other tests have theirs.
                         ") {\n"
                         "  printf(\"tick %d\\n\", $number)\n"
                         "  by[$number % 2]++\n"
                         "  numbers += $number\n"
                         "  if ($number > most) most = $number\n"
                         "  if ($number < least) least = $number\n"
                         "} }\n"
                         "probe end {\n"
                         "  printf(\"own %d %d %d\\n\", numbers, least, most)\n"
                         "  @rstap_count_by(\"by\", by, rest)\n"
                         "  rstap_sum(\"numbers\", numbers)\n"
                         "  rstap_min(\"least\", least)\n"
                         "  rstap_max(\"most\", most)\n"
                         "}\n");
  const Site& site = start_site(Via::kStapsh, agent_program());
  Program rstap(client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "-r", stap_.kernel_build(), "--bpf", "--remote",
                        site.uri(), "--remote", site.uri(), "--sum", script}));
  ASSERT_TRUE(rstap.wait_for_out_times("ready\n", 2));
  ASSERT_TRUE(tick_until(target, rstap, "stapsh: tick "));
  ASSERT_TRUE(tick_until(target, rstap, "stapsh#2: tick "));
  ASSERT_TRUE(target.write("\n"));
  ASSERT_TRUE(rstap.wait_for_out_times("stapsh: tick ", 2));
  ASSERT_TRUE(rstap.wait_for_out_times("stapsh#2: tick ", 2));
  rstap.send_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(), 0);
  target.close_input();
  EXPECT_EQ(target.wait_exit(), 0);

  // Each has counted all calls from its first one on; what they say is text, beside the sums.
  const std::string out = rstap.out();
  long numbers = 0, calls = 0, odd = 0, least = LONG_MAX, most = 0;
  for (const std::string label : {"stapsh: own ", "stapsh#2: own "}) {
    const std::size_t at = out.find(label);
    ASSERT_NE(at, std::string::npos) << rstap.captured();
    long own = 0, first = 0, last = 0;
    ASSERT_EQ(std::sscanf(out.c_str() + at + label.size(), "%ld %ld %ld", &own, &first, &last), 3);
    EXPECT_EQ(own, (first + last) * (last - first + 1) / 2);
    numbers += own;
    calls += last - first + 1;
    odd += (last + 1) / 2 - first / 2;
    least = std::min(least, first);
    most = std::max(most, last);
  }
  const auto line = [](const std::string& name, long value) { return name + ": " + std::to_string(value) + "\n"; };
  for (const std::string& want : {line("by[0]", calls - odd), line("by[1]", odd), line("numbers", numbers),
                                  line("least", least), line("most", most)}) {
    EXPECT_NE(out.find("\n" + want), std::string::npos) << want << rstap.captured();
  }
  EXPECT_EQ(out.find("#rstap1"), std::string::npos) << rstap.captured();
}

TEST_F(BpfRunners, ReleasedClientsUprobesWorkThroughOurAgent) {
  const std::string script = scratch_.write("uprobe.stp",
                                            "probe begin { printf(\"ready\\n\") }\n"
                                            "probe process(\"" STAPSH_UPROBE_TARGET
                                            "\").function(\"work\") { printf(\"work %d\\n\", $number) }\n"
                                            "probe end { printf(\"end\\n\") }\n");
  const Site& site = start_site(Via::kSocat, agent_program());
  Program target(this->target());
  Program stap(client({"stap", "--runtime=bpf", "-r", stap_.kernel_build(), "--remote=" + site.uri(), script}));
  ASSERT_TRUE(stap.wait_for_out("ready\n"));
  ASSERT_TRUE(tick_until(target, stap, "work "));
  stap.send_signal(SIGINT);
  (void)stap.wait_exit();
  EXPECT_TRUE(stap.out().ends_with("end\n")) << stap.captured();
  target.close_input();
  EXPECT_EQ(target.wait_exit(), 0);
}

TEST_F(BpfRunners, BpftraceSeesATracepointAndPrintsItsMapsWhenStopped) {
  for (const Via via : {Via::kStapsh, Via::kSsh}) {
    SCOPED_TRACE(name_of(via));
    const Site& site = start_site(via, agent_program());
    Program target(this->target());
    ASSERT_TRUE(target.wait_for_out("\n"));
    const std::string script = scratch_.write("write.bt",
                                              "BEGIN { printf(\"ready\\n\"); }\n"
                                              "tracepoint:syscalls:sys_enter_write /pid == " +
                                                  std::to_string(target.pid()) +
                                                  "/ { printf(\"wrote %d\\n\", args->count); @writes = count(); }\n"
                                                  "END { printf(\"end\\n\"); }\n");
    Program rstap(client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "--remote", site.uri(), script}, &site));
    ASSERT_TRUE(rstap.wait_for_out("ready\n"));
    ASSERT_TRUE(tick_until(target, rstap, "wrote "));
    rstap.send_signal(SIGINT);
    (void)rstap.wait_exit();
    EXPECT_NE(rstap.out().find("end\n"), std::string::npos) << rstap.captured();
    EXPECT_NE(rstap.out().find("@writes: "), std::string::npos) << rstap.captured();
    target.close_input();
    EXPECT_EQ(target.wait_exit(), 0);
    end_sites();
  }
}

// Some 60 tracepoints take bpftrace seconds to detach, in which it says nothing: several grace times of these. They are
// no shorter, as it then waits for what its buffers still hold, and does nothing else for a part of a second.
class LongDetach : public BpfRunners {
 protected:
  /// Stops it when all are attached; `after` is done once the stop shows.
  void stop(const std::string& uri, const std::function<void(Program&)>& after, int want,
            std::initializer_list<std::string> want_out, std::initializer_list<std::string> want_err) {
    Program target(this->target());
    ASSERT_TRUE(target.wait_for_out("\n"));
    const std::string script = scratch_.write("many.bt",
                                              "tracepoint:syscalls:sys_enter_s* { @[probe] = count(); }\n"
                                              "tracepoint:syscalls:sys_enter_write /pid == " +
                                                  std::to_string(target.pid()) + "/ { printf(\"wrote\\n\"); }\n");
    Program rstap(
        client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "-v", "--grace", "1", "--remote", uri, script}));
    ASSERT_TRUE(tick_until(target, rstap, "wrote"));
    rstap.send_signal(SIGINT);
    ASSERT_TRUE(rstap.wait_for_err(" detaches, "));
    after(rstap);
    EXPECT_EQ(rstap.wait_exit(), want) << rstap.captured();
    for (const std::string& each : want_out) EXPECT_NE(rstap.out().find(each), std::string::npos) << rstap.captured();
    for (const std::string& each : want_err) EXPECT_NE(rstap.err().find(each), std::string::npos) << rstap.captured();
    target.close_input();
    EXPECT_EQ(target.wait_exit(), 0);
  }
};

TEST_F(LongDetach, LosesNothing) {
  const Site& site = start_site(Via::kStapsh, agent_program());
  for (const std::string& uri : {site.uri(), std::string("direct:")}) {
    SCOPED_TRACE(uri);
    stop(uri, [](Program&) {}, 0, {"@[tracepoint:syscalls:sys_enter_"}, {"1 succeeded; all clean"});
  }
}

TEST_F(LongDetach, IsCutShortByASecondCtrlCAndLeavesNothing) {
  const Site& site = start_site(Via::kStapsh, agent_program());
  for (const std::string& uri : {site.uri(), std::string("direct:")}) {
    SCOPED_TRACE(uri);
    stop(uri, [](Program& rstap) { rstap.send_signal(SIGINT); }, 137, {},
         {" into its stop, for the end was asked for again", "; all clean"});
  }
}

}  // namespace
}  // namespace stapsh::real
