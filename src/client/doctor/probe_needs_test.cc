// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/probe_needs.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(ProbeNeeds, OfABpftraceProgramAreReadOfItsProbes) {
  struct Case {
    const char* program;
    bool kprobes, btf;
  };
  const Case cases[] = {
      {"kprobe:vfs_read { @ = count(); }", true, false},
      {"BEGIN { }\nk:vfs_read,\nkretprobe:vfs_write { }", true, false},
      {"tracepoint:syscalls:sys_enter_read /pid > 1/ { printf(\"kprobe:x\"); }", false, false},
      {"// kprobe:vfs_read {}\n/* kr:x {} */ interval:s:1 { $k = 1 ? 2 : 3; }", false, false},
      {"uprobe:/bin/k:main { @k[comm] = count(); }", false, false},
      {"kfunc:vmlinux:vfs_read { }", false, true},
      {"fexit:vfs_read { } kprobe:x { }", true, true},
      {"", false, false},
      {"kprobe", false, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(needs_of_bpftrace(c.program).kprobes, c.kprobes) << c.program;
    EXPECT_EQ(needs_of_bpftrace(c.program).btf, c.btf) << c.program;
  }
}

TEST(ProbeNeeds, OfASystemtapScriptAreThoseItNames) {
  for (const char* script :
       {"probe kernel.function(\"vfs_read\") { }", "probe begin, module(\"ext4\").function(\"x\") { }",
        "/* a */ probe kprobe.function(\"f\").return { }", "probe x = kernel.statement(\"y@z:1\") { }"}) {
    EXPECT_TRUE(needs_of_systemtap(script).kprobes) << script;
  }
  for (const char* script :
       {"", "probe begin { }", "# kernel.function(\"x\")\nprobe timer.s(1) { }",
        "probe process(\"a\").function(\"b\") { }", "probe begin { println(\"kernel.function(\\\"x\\\")\") }",
        "probe kernel.trace(\"sched_switch\") { }", "/* kernel.function(\"x\") */ probe syscall.open { }",
        "function my_module(a) { } probe begin { my_module(1) }", "\"\\"}) {
    EXPECT_FALSE(needs_of_systemtap(script).kprobes) << script;
  }
}

}  // namespace
}  // namespace stapsh::client
