// SPDX-License-Identifier: Apache-2.0
#include "client/cli/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/command_line.h"

namespace stapsh::client {
namespace {

using Words = std::vector<std::string>;

/// "bpftrace -l PATTERN", as it will be, or the error.
std::string listed(const Words& words) {
  const auto options = parse_rstap_arguments(words);
  if (!options) return options.error().what;
  const JobOptions& job = options->job;
  if (!job.lists()) return "runs " + job.script_name();
  return (job.runtime == Runtime::kBpftrace ? "bpftrace " : "stap ") + job.command_line() +
         (options->output.gather ? "" : " as it comes");
}

TEST(Listing, ThePatternOrTheRuntimeSaysWhoLists) {
  struct Case {
    Words words;
    std::string want;
  };
  const Case cases[] = {
      {{"-l", "tracepoint:sched:*"}, "bpftrace -l 'tracepoint:sched:*'"},
      {{"-L", "tracepoint:sched:*"}, "bpftrace -L 'tracepoint:sched:*'"},
      {{"-lv", "tracepoint:sched:*"}, "bpftrace -L 'tracepoint:sched:*'"},
      {{"-lkprobe:vfs_*"}, "bpftrace -l 'kprobe:vfs_*'"},
      {{"-l", "uprobe:/lib/libc.so.6:mal*"}, "bpftrace -l 'uprobe:/lib/libc.so.6:mal*'"},
      {{"--list-probes=k:vfs_*"}, "bpftrace -l 'k:vfs_*'"},
      {{"--list-variables=k:vfs_*"}, "bpftrace -L 'k:vfs_*'"},
      {{"-l", "*sched*", "--bpftrace"}, "bpftrace -l '*sched*'"},
      {{"-l", "*sched*", "--runtime=bpftrace"}, "bpftrace -l '*sched*'"},
      {{"-l", "syscall.*"}, "stap -l 'syscall.*'"},
      {{"-l", "begin"}, "stap -l begin"},
      {{"-l", "kernel.function(\"*@fs/open.c:12\")"}, "stap -l 'kernel.function(\"*@fs/open.c:12\")'"},
      {{"-L", "process(\"a\").mark(\"x:y\")"}, "stap -L 'process(\"a\").mark(\"x:y\")'"},
      {{"-l", "tracepoint:sched:*", "--runtime=kernel"}, "stap -l 'tracepoint:sched:*'"},
      {{"-l", "tracepoint:sched:*", "--bpf"}, "stap -l 'tracepoint:sched:*'"},
      {{"-l", "begin", "--format=json"}, "stap -l begin as it comes"},
      {{"-l", "begin", "--timestamps"}, "stap -l begin as it comes"},
      {{"-l", "begin", "--diff"}, "stap -l begin as it comes"},
      {{"-l", "begin", "-c", "./a"}, "stap -l begin"},
      {{"-l", "begin", "--no-list-probes", "a.stp"}, "runs a.stp"},
  };
  for (const Case& c : cases) EXPECT_EQ(listed(c.words), c.want);
}

TEST(Listing, RefusesWhatIsAboutARun) {
  struct Case {
    Words words;
    std::string want;
  };
  const Case cases[] = {
      {{"-l"}, "-l needs a value"},
      {{"-l", ""}, "-l: the pattern is empty"},
      {{"-l", "--remote=a"}, "-l: '--remote=a' is an option, not a pattern of probes"},
      {{"-l", "begin", "-L", "end"}, "-L: only one pattern can be given"},
      {{"-l", "begin", "-e", "probe end {}"}, "-e: -l lists probes, and runs no script"},
      {{"-e", "probe end {}", "-l", "begin"}, "-l: it lists probes, and runs no script of -e"},
      {{"-l", "begin", "a.stp"}, "-l lists probes, and runs no script: leave 'a.stp' out"},
      {{"-lv", "begin", "a.stp"}, "-l lists probes, and runs no script: leave 'begin' out"},
      {{"-L", "begin", "--dry-run"}, "-L lists probes, and runs nothing: leave --dry-run out"},
      {{"-l", "begin", "--sum"}, "-l lists probes, and runs nothing: leave --sum and its like out"},
      {{"-l", "begin", "--live"}, "-l lists probes, and runs nothing: leave --sum and its like out"},
      {{"-l", "begin", "-o", "/f"}, "-l lists probes, and runs nothing: leave -o out"},
      {{"-l", "k:f", "-c", "./a"}, "-l lists probes, and runs nothing: leave -c out"},
      {{"-l", "k:f", "-G", "a=1"}, "-l: bpftrace can't do -G; give the script an argument ($1, @1) instead"},
  };
  for (const Case& c : cases) EXPECT_EQ(listed(c.words), c.want);
}

}  // namespace
}  // namespace stapsh::client
