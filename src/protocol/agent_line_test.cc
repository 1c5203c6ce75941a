// SPDX-License-Identifier: Apache-2.0
#include "protocol/agent_line.h"

#include <gtest/gtest.h>

#include "base/overloaded.h"

namespace stapsh {
namespace {

std::string show(const AgentLine& line) {
  return std::visit(Overloaded{[](const UnknownLine&) { return std::string("unknown"); },
                               [](const auto& known) { return format_agent_line(known); }},
                    line);
}

TEST(AgentLine, ParsesWhatAgentsSend) {
  struct Case {
    std::string_view line, want;
  };
  const Case cases[] = {
      {"stapsh 4.8 x86_64 6.1.0-44-amd64", "stapsh 4.8 x86_64 6.1.0-44-amd64\n"},
      {"OK", "OK\n"},
      {"ERROR: Invalid option", "ERROR: Invalid option\n"},
      {"ERROR:", "ERROR: \n"},
      {"data stdout 6", "data stdout 6\n"},
      {"data stderr 142", "data stderr 142\n"},
      {"data stdout 6 1790000000.000000007", "data stdout 6 1790000000.000000007\n"},
      {"exit 255", "exit 255\n"},
      {"exit 137 signal 9", "exit 137 signal 9\n"},
      {"quit", "quit\n"},
      {"ping", "ping\n"},
      {"clean", "clean\n"},
      {"left module stap_12_34", "left module stap_12_34\n"},
      {"OK removed=2 left=0", "OK removed=2 left=0\n"},
      {"OK grace=60", "OK grace=60\n"},
      {"OK clock=1790000000.000000007", "OK clock=1790000000.000000007\n"},
      {"OK =60", "unknown"},
      {"OK grace=60 now", "unknown"},
      {"OK removed=x left=0", "unknown"},
      {"left module", "unknown"},
      {"left module stap_12_34 x", "unknown"},
      {"left unknown no /proc", "left unknown no /proc\n"},
      {"left unknown /proc: Too many  open files", "left unknown /proc: Too many  open files\n"},
      {"left unknown", "unknown"},
      {"stopped signal 15", "stopped signal 15\n"},
      {"stopped", "unknown"},
      {"stopped ", "unknown"},
      {"working bpftrace", "working bpftrace\n"},
      {"working bpftrace 120 361", "working bpftrace 120 361\n"},
      {"working bpftrace 120", "unknown"},
      {"working bpftrace 362 361", "unknown"},
      {"working", "unknown"},
      {"killed 10 s into its stop", "killed 10 s into its stop\n"},
      {"killed ", "unknown"},
      {"stapsh:reply:200 OK", "stapsh: reply:200 OK\n"},
      // The released client crashes on the first of these.
      {"data stdout", "unknown"},
      {"data stdin 5", "unknown"},
      {"data stdout 5x", "unknown"},
      {"data stdout -1", "unknown"},
      {"data stdout 6 1.5", "unknown"},
      {"data stdout 6 1.000000000 x", "unknown"},
      {"exit 256", "unknown"},
      {"exit 137 signal 8", "unknown"},
      {"exit 137 signal", "unknown"},
      {"exit 137 by 9", "unknown"},
      {"exit 193 signal 65", "unknown"},
      {"exit", "unknown"},
      {"stapsh 4.8 x86_64", "unknown"},
      {"stapsh 4.8 x86_64 6.1 extra", "unknown"},
      {"OK then", "unknown"},
      {"Welcome to web01!", "unknown"},
      {"", "unknown"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.line);
    EXPECT_EQ(show(parse_agent_line(c.line)), c.want);
  }
}

TEST(AgentLine, AnErrorStaysOneLine) { EXPECT_EQ(format_agent_line(ErrorLine{"a\nb"}), "ERROR: a b\n"); }

}  // namespace
}  // namespace stapsh
