// SPDX-License-Identifier: Apache-2.0
#include "client/options/bpftrace_text.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(BpftraceText, IsKnownByItsFirstLine) {
  for (const char* text : {"#!/usr/bin/bpftrace\n", "#!/usr/bin/env bpftrace\nBEGIN {}", "#! /opt/bin/bpftrace -q",
                           "#!/usr/bin/env -S bpftrace --unsafe\n", "#!/usr/bin/bpftrace\r\n"}) {
    EXPECT_TRUE(says_bpftrace(text)) << text;
  }
  for (const char* text : {"", "#!", "#!/usr/bin/stap\n", "#!/usr/bin/env stap\n// bpftrace", "BEGIN {}",
                           "\n#!/usr/bin/bpftrace", "#!/usr/bin/bpftrace-aotrt"}) {
    EXPECT_FALSE(says_bpftrace(text)) << text;
  }
}

TEST(BpftraceText, LooksLikeItByItsProbes) {
  for (const char* text : {"BEGIN { exit(); }", "// hello\n  BEGIN\n{ }", "kprobe:vfs_read { @ = count(); }",
                           "tracepoint:syscalls:sys_enter_openat,\nt:a:b { }", "END{}", "#include <a.h>\ni:s:1 { }"}) {
    EXPECT_TRUE(looks_like_bpftrace(text)) << text;
  }
  for (const char* text :
       {"", "probe begin { exit() }", "global x\nprobe begin {\nEND {\n}", "function f() { return 1 }", "BEGINNING { }",
        "global begin\nprobe end { }", "kprobe.function(\"x\")"}) {
    EXPECT_FALSE(looks_like_bpftrace(text)) << text;
  }
}

}  // namespace
}  // namespace stapsh::client
