// SPDX-License-Identifier: Apache-2.0
#include "client/report/stack_key.h"

#include <gtest/gtest.h>

#include "client/report/stack_order.h"

namespace stapsh::client::report {
namespace {

// "postgres/l main/u do_syscall_64/k", "-" for no stack.
std::string shown(const std::optional<Stack>& stack) {
  if (!stack) return "-";
  std::string text;
  for (const Frame& frame : *stack) {
    if (!text.empty()) text += ' ';
    text += frame.name;
    if (!frame.module.empty()) text += '@' + frame.module;
    text += '/';
    text += "lku?"[static_cast<std::size_t>(frame.kind)];
  }
  return text;
}

TEST(StackKey, ReadsWhatReleasesOfBpftraceWrite) {
  struct Case {
    std::string_view name, key, want;
  };
  const Case cases[] = {
      {"0.17", "\n    iowrite16+12\n    do_syscall_64+506\n", "do_syscall_64/k iowrite16/k"},
      {"0.23, escaped twice", "\\n        iowrite16+12\\n        do_syscall_64+506\\n", "do_syscall_64/k iowrite16/k"},
      {"0.27, without blanks", "\niowrite16+12\ndo_syscall_64+506\n", "do_syscall_64/k iowrite16/k"},
      {"with a name", "\n    f+1\n    main+2\n,tmux: server", "tmux: server/l main/u f/u"},
      {"a name first", "cc1,\n    f+1\n", "cc1/l f/u"},
      {"commas in C++ names", "\n    f(int, char)+15\n,cc1", "cc1/l f(int, char)/u"},
      {"two stacks", "\n    tcp_sendmsg+3\n    do_syscall_64+1\n,\n    send+2\n    main+1\n,nginx",
       "nginx/l main/u send/u do_syscall_64/k tcp_sendmsg/k"},
      {"an empty stack first", ",\n    send+2\n    main+1\n,nginx", "nginx/l main/u send/u"},
      {"an address", "\n    0x55f31e38cb20\n    main+1\n", "main/u [unknown]/?"},
      {"perf, 0.23",
       "\\n\\t7faedb31a6b9 syscall+25 (/usr/lib/libc.so.6)\\n\\t7faee6013104 0x7faee6013104 ([unknown])\\n",
       "[unknown]/? syscall@libc.so.6/u"},
      {"perf, 0.27", "\n\t7fcd7311ae89syscall+25(/usr/lib/libc.so.6)\n\t5555957796280x555595779628([unknown])\n",
       "[unknown]/? syscall@libc.so.6/u"},
      {"perf, kernel, 0.17", "\n\tffffffff81f0602a __bpf_prog_test_run_raw_tp+106\n", "__bpf_prog_test_run_raw_tp/k"},
      {"perf, kernel, 0.27", "\n\tffffffff81f0602a__bpf_prog_test_run_raw_tp+106\n", "__bpf_prog_test_run_raw_tp/k"},
      {"perf, unresolved in a file", "\n\t7faee6013104 0x7faee6013104 (/usr/bin/perl)\n", "[perl]@perl/?"},
      {"no stack", "postgres", "-"},
      {"nothing", "", "-"},
      {"only newlines", "\n\n", "-"},
      {"one newline", "\n", "-"},
      {"a path", "C:\\new,x", "-"},
      {"a name that begins with a word of an address", "\n    fade+1\n    add+2\n", "add/u fade/u"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(shown(parse_stack_key(c.key)), c.want);
  }
}

TEST(StackKey, TheProgramSaysOfWhatStacksAre) {
  const std::vector<StackKind> kinds{StackKind::kKernel, StackKind::kUser};
  EXPECT_EQ(shown(parse_stack_key("\n    f+1\n,\n    g+1\n,x", kinds)), "x/l g/u f/k");
  EXPECT_EQ(shown(parse_stack_key(",\n    g+1\n,x", kinds)), "x/l g/u");
  EXPECT_EQ(shown(parse_stack_key("\n    f+1\n,,x", kinds)), "x/l f/k");
}

TEST(StackKey, LongKeysTakeNoLongTime) {
  std::string frames = "\n", parts;
  for (int i = 0; i < 300'000; ++i) {
    frames += "f\n";
    parts += ",\nx";
  }
  const Stack stack = stack_of_key(frames);
  EXPECT_EQ(stack.size(), kFramesMax + 1);
  EXPECT_EQ(stack.front().name, "[297952 frames left out]");
  EXPECT_EQ(stack_of_key(parts).size(), 1U);
  EXPECT_EQ(stack_of_key(frames + "," + parts).front().kind, FrameKind::kLabel);
}

TEST(StackKey, AKeyWithoutAFrameIsItsLabel) {
  EXPECT_EQ(shown(stack_of_key(",swapper/0")), "swapper/0/l");
  EXPECT_EQ(shown(stack_of_key("")), "[no stack]/l");
}

}  // namespace
}  // namespace stapsh::client::report
