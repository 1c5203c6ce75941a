// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "client/cli/replay_arguments.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Words = std::vector<std::string>;

Result<RstapOptions> parse(const Words& words) { return parse_rstap_arguments(words); }

TEST(CommandLine, ALiveViewHasAnIntervalAndMapsInJson) {
  const auto options = parse({"--live", "s.bt"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->output.answers.live, std::chrono::milliseconds(1'000));
  EXPECT_TRUE(options->job.answers_wanted);
  EXPECT_EQ(parse({"--live=0.5", "s.bt"})->output.answers.live, std::chrono::milliseconds(500));
  EXPECT_FALSE(parse({"--live", "--no-live", "s.bt"})->output.answers.live);
  EXPECT_TRUE(parse({"--by-host", "s.bt"})->output.answers.by_host);
}

TEST(CommandLine, ShortOptionsCombineAsInGetopt) {
  const auto options = parse({"-vvv", "-vgw", "-Gx=1", "-DMAX=3", "-I/dir", "-s4", "-cCMD a", "-S4,2", "-oF", "s.stp"});
  ASSERT_TRUE(options) << options.error().what;
  const JobOptions& job = options->job;
  EXPECT_EQ(job.verbosity, 4u);
  EXPECT_TRUE(job.guru);
  EXPECT_TRUE(job.suppress_warnings);
  EXPECT_THAT(job.globals, ElementsAre("x=1"));
  EXPECT_THAT(job.defines, ElementsAre("MAX=3"));
  EXPECT_THAT(job.tapset_directories, ElementsAre("/dir"));
  EXPECT_EQ(job.buffer_megabytes, 4u);
  EXPECT_EQ(job.command, "CMD a");
  EXPECT_EQ(job.output_size, "4,2");
  EXPECT_EQ(job.output_file, "F");
  EXPECT_EQ(job.script, "s.stp");
}

TEST(CommandLine, OptionsMayStandBehindTheScriptUntilDashes) {
  const auto options = parse({"s.stp", "a", "-v", "--remote=h", "b", "--", "-v", "--remote"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->job.verbosity, 1u);
  EXPECT_THAT(options->targets.remotes, ElementsAre("h"));
  EXPECT_THAT(options->job.script_arguments, ElementsAre("a", "b", "-v", "--remote"));
}

TEST(CommandLine, TheFirstWordTellsWhatTheScriptIs) {
  struct Case {
    Words words;
    ScriptKind want_kind;
    std::string want_script;
    Words want_arguments;
  };
  const Case cases[] = {
      {{"s.stp", "a"}, ScriptKind::kFile, "s.stp", {"a"}},
      {{"-", "a"}, ScriptKind::kStdin, "-", {"a"}},
      {{"-e", "probe begin {}", "x.ko"}, ScriptKind::kText, "probe begin {}", {"x.ko"}},
      {{"x.ko", "g=1"}, ScriptKind::kReadyModule, "x.ko", {"g=1"}},
      {{"dir/x.bo"}, ScriptKind::kReadyModule, "dir/x.bo", {}},
      {{"x.so"}, ScriptKind::kReadyModule, "x.so", {}},
      {{"x.bt", "a"}, ScriptKind::kReadyModule, "x.bt", {"a"}},
      {{"--", "-odd-name"}, ScriptKind::kFile, "-odd-name", {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want_script);
    const auto options = parse(c.words);
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->job.script_kind, c.want_kind);
    EXPECT_EQ(options->job.script, c.want_script);
    EXPECT_EQ(options->job.script_arguments, c.want_arguments);
  }
}

TEST(CommandLine, ABpftraceProgramMayHaveAnyName) {
  struct Case {
    Words words;
    ScriptKind want_kind;
    std::string want_script;
    Words want_arguments;
  };
  const Case cases[] = {
      {{"--bpftrace", "-e", "BEGIN {}", "a"}, ScriptKind::kText, "BEGIN {}", {"a"}},
      {{"--runtime=bpftrace", "-", "a"}, ScriptKind::kStdin, "-", {"a"}},
      {{"prog.txt", "--bpftrace"}, ScriptKind::kFile, "prog.txt", {}},
      {{"/dev/fd/63", "--bpftrace"}, ScriptKind::kFile, "/dev/fd/63", {}},
      {{"--bpftrace", "x.bt"}, ScriptKind::kFile, "x.bt", {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want_script);
    const auto options = parse(c.words);
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_FALSE(options->job.needs_build());
    EXPECT_EQ(options->job.script_kind, c.want_kind);
    EXPECT_EQ(options->job.script, c.want_script);
    EXPECT_EQ(options->job.script_arguments, c.want_arguments);
  }
}

TEST(CommandLine, TheLastValueOfAVariableCounts) {
  const auto options = parse({"--env=BPFTRACE_STRLEN=1", "--env", "BPFTRACE_COLOR=never", "--env=BPFTRACE_STRLEN=2",
                              "--bpftrace", "-e", "BEGIN {}"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->job.runner_environment, ElementsAre("BPFTRACE_COLOR=never", "BPFTRACE_STRLEN=2"));
}

TEST(CommandLine, TakesItsOwnOptions) {
  const auto options = parse({"--remote",
                              "a",
                              "--remote=b",
                              "--label",
                              "--inventory=hosts",
                              "--inventory=more",
                              "--limit=web:!web3",
                              "--exclude=@old",
                              "--exclude",
                              "b",
                              "--pick=3",
                              "--fanout=8",
                              "--retries=3",
                              "--connect-timeout",
                              "1.5",
                              "--deadline=60",
                              "--grace=2",
                              "--together",
                              "--all-or-nothing",
                              "--quiet",
                              "--outdir=out",
                              "--errdir=err",
                              "--maxrc",
                              "--joblog=log",
                              "--resume-failed",
                              "--format=json",
                              "--record=run.zst",
                              "--dialect=rfc",
                              "--stap=/x/stap",
                              "--stapsh=/x/stapsh",
                              "--ssh=/x/ssh",
                              "--ssh-option=Port=1",
                              "--ssh-option",
                              "User=u",
                              "--stap-arg=-k",
                              "--runner-arg",
                              "-N",
                              "--line-bytes-max=70000",
                              "--runt=bpf",
                              "s"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->targets.remotes, ElementsAre("a", "b"));
  EXPECT_THAT(options->targets.inventories, ElementsAre("hosts", "more"));
  EXPECT_EQ(options->targets.limit, "web:!web3");
  EXPECT_THAT(options->targets.excludes, ElementsAre("@old", "b"));
  EXPECT_EQ(options->targets.pick, 3u);
  EXPECT_EQ(options->output.labels, LabelMode::kName);
  EXPECT_EQ(options->fanout, 8u);
  EXPECT_EQ(options->reach.retries, 3u);
  EXPECT_EQ(options->connect_timeout, 1500ms);
  EXPECT_EQ(options->deadline, 60s);
  EXPECT_EQ(options->grace, 2s);
  EXPECT_TRUE(options->together);
  EXPECT_TRUE(options->all_or_nothing);
  EXPECT_TRUE(options->output.quiet);
  EXPECT_EQ(options->output.outdir, "out");
  EXPECT_EQ(options->output.errdir, "err");
  EXPECT_TRUE(options->largest_code);
  EXPECT_EQ(options->output.joblog, "log");
  EXPECT_TRUE(options->output.resume_failed);
  EXPECT_EQ(options->output.format, Format::kJson);
  EXPECT_EQ(options->output.record_file, "run.zst");
  EXPECT_EQ(options->dialect, Dialect::kRfc);
  EXPECT_EQ(options->stap_program, "/x/stap");
  EXPECT_EQ(options->reach.stapsh_program, "/x/stapsh");
  EXPECT_EQ(options->reach.ssh_command, "/x/ssh");
  EXPECT_THAT(options->reach.ssh_options, ElementsAre("Port=1", "User=u"));
  EXPECT_THAT(options->job.build_words, ElementsAre("-k"));
  EXPECT_THAT(options->job.runner_words, ElementsAre("-N"));
  EXPECT_EQ(options->limits.line_bytes_max, 70'000u);
  EXPECT_EQ(options->job.runtime, Runtime::kBpf);
}

TEST(ReplayArguments, AreAFileAndHowToShowIt) {
  const Words words{"run.zst", "--label", "-v", "--quiet", "--no-quiet", "--format=text"};
  const Result<ReplayOptions> replay = parse_replay_arguments(words);
  ASSERT_TRUE(replay) << replay.error().what;
  EXPECT_EQ(replay->file, "run.zst");
  EXPECT_EQ(replay->output.labels, LabelMode::kName);
  EXPECT_TRUE(replay->output.verbose);
  EXPECT_FALSE(replay->output.quiet);
  EXPECT_TRUE(parse_replay_arguments(Words{"--help"})->show_help);
  const std::pair<Words, std::string_view> errors[] = {
      {{}, "replay needs a FILE, which --record=FILE wrote"},
      {{"run.zst", "--live"}, "--live asks runners for what they have measured until now: it is for runs"},
      {{"a", "b"}, "replay takes one FILE, and no 'b'"},
      {{""}, "the recording's name is empty"},
      {{"a", "--remote=h"}, "--remote: rstap replay runs nothing, and takes only options that say how a run is shown"},
      {{"a", "--line-bytes-max=5"}, "--line-bytes-max: rstap replay runs nothing"},
      {{"a", "--maxrc"}, "--maxrc: rstap replay runs nothing"},
      {{"a", "--format=xml"}, "--format: 'xml'"},
      {{"a", "--label", "--remote-prefix"}, "exclude each other"},
  };
  for (const auto& [bad, want] : errors) {
    const Result<ReplayOptions> result = parse_replay_arguments(bad);
    ASSERT_FALSE(result) << want;
    EXPECT_THAT(result.error().what, HasSubstr(std::string(want)));
  }
  EXPECT_THAT(replay_help(), HasSubstr("--label"));
  EXPECT_THAT(replay_help(), Not(HasSubstr("--fanout")));
}

TEST(CommandLine, WhatIsGatheredMayBeCompared) {
  const auto options = parse({"--gather", "--diff", "s"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_TRUE(options->output.gather);
  EXPECT_TRUE(options->output.diff);
}

TEST(CommandLine, NoTakesBackWhatStandsBeforeIt) {
  const auto options = parse({"--remote=a", "--label", "--no-remote", "--remote=b", "--fanout=0", "--no-fanout",
                              "--no-label", "--remote-prefix", "--no-deadline", "s"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->targets.remotes, ElementsAre("b"));
  EXPECT_EQ(options->output.labels, LabelMode::kIndex);
  EXPECT_EQ(options->fanout, 0u);
}

TEST(CommandLine, HelpIsShownWhateverStandsBehindIt) {
  EXPECT_EQ(parse({"--fanout=0", "--help", "--foo"})->action, Action::kShowHelp);
}

TEST(CommandLine, WithoutARemoteItRunsHereAsStapDoes) {
  EXPECT_THAT(parse({"s"})->targets.remotes, ElementsAre("direct:"));
}

TEST(CommandLine, HelpAndVersionNeedNoScript) {
  for (const std::string word : {"--help", "-h", "--he"}) EXPECT_EQ(parse({word})->action, Action::kShowHelp);
  for (const std::string word : {"--version", "-V"}) EXPECT_EQ(parse({word})->action, Action::kShowVersion);
}

TEST(CommandLine, InventoriesAreTargetsAsWell) {
  const auto options = parse({"--inventory=hosts", "s"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->targets.remotes, ElementsAre());
  EXPECT_EQ(parse({"--inventory=hosts", "sweep"})->action, Action::kSweep);
}

TEST(CommandLine, ListsHostsWithoutAScript) {
  EXPECT_EQ(parse({"--list-hosts", "--remote=a"})->action, Action::kListHosts);
  EXPECT_EQ(parse({"--list-hosts", "--remote=a", "s", "x"})->action, Action::kListHosts);
}

TEST(CommandLine, ErrorsNameTheWordAndSayWhatToDo) {
  struct Case {
    Words words;
    std::string_view want;
  };
  const Case cases[] = {
      {{}, "no script: give a FILE, -e 'SCRIPT', or -"},
      {{"--remote=h"}, "no script"},
      {{""}, "the script's name is empty"},
      {{"-J", "X=y", "s"}, "unknown option '-J'; say --stap-arg=-J to hand it to the build, --runner-arg=-J"},
      {{"-f", "json", "s"},
       "s: -f: it is bpftrace's, and this is no bpftrace program (--bpftrace says it is one); --stap-arg="},
      {{"-vZ", "s"}, "unknown option '-Z'"},
      {{"--format=xml", "s"}, "--format: 'xml' is not text or json"},
      {{"--record=", "s"}, "--record: the value is empty"},
      {{"--record=-", "s"}, "--record: - is no file; --format=json prints the same"},
      {{"--foo=bar", "s"}, "unknown option '--foo=bar'; say --stap-arg=--foo=bar"},
      {{"s", "--foo"}, "put script arguments after --"},
      {{"--st=x", "s"}, "'--st=x' may mean --stop-limit, --stap, --stapsh, --stap-arg"},
      {{"--quiet=x", "s"}, "--quiet takes no value"},
      {{"--gather=x", "s"}, "--gather takes no value"},
      {{"--diff=x", "s"}, "--diff takes no value"},
      {{"--live", "s"}, "--live asks bpftrace for its maps while it runs; systemtap can't be asked, and s is none"},
      {{"--live=0", "s.bt"}, "--live"},
      {{"--live=0.05", "s.bt"}, "--live: '0.05' is less than 0.1 seconds"},
      {{"--by-host", "--gather", "s.bt"}, "--sum and its like make one answer"},
      {{"--diff", "--format=json", "s"}, "--format=json prints each event: it excludes --gather and --diff"},
      {{"--outdir=", "s"}, "--outdir: the value is empty"},
      {{"--errdir=", "s"}, "--errdir: the value is empty"},
      {{"--maxrc=1", "s"}, "--maxrc takes no value"},
      {{"--joblog=", "s"}, "--joblog: the value is empty"},
      {{"--joblog=log", "--dry-run", "s"}, "--dry-run runs nothing, and --joblog would lose its rows of earlier runs"},
      {{"--record=run", "--dry-run", "s"},
       "--dry-run runs nothing, and --record would replace an earlier run's recording"},
      {{"--outdir=out", "--dry-run", "s"},
       "--dry-run runs nothing, and --outdir would empty its files of earlier runs"},
      {{"--errdir=err", "--dry-run", "s"},
       "--dry-run runs nothing, and --errdir would empty its files of earlier runs"},
      {{"--resume-failed", "s"}, "--resume-failed needs --joblog=FILE"},
      {{"--no-fanout=x", "s"}, "--no-fanout takes no value"},
      {{"s", "--remote"}, "--remote needs a value"},
      {{"s", "-c"}, "-c needs a value"},
      {{"-e", "a", "-e", "b"}, "-e: only one script can be given"},
      {{"-x", "abc", "s"}, "-x: 'abc' is not a whole number from 1"},
      {{"-x", "0", "s"}, "-x: '0' is not"},
      {{"-s", "4096", "s"}, "-s: '4096' is not a whole number from 1 to 4095"},
      {{"-s", "0", "s"}, "-s: '0' is not"},
      {{"-o", "out", "--remote", "web1", "s"}, "-o out: the file is on each target"},
      {{"-o", "/out", "--sum", "--remote", "web1", "s"}, "-o /out: what targets measure goes into their files"},
      {{"-S", "a", "-of", "s"}, "-S: 'a' is not MB or MB,N"},
      {{"-S", "4,", "-of", "s"}, "-S: '4,' is not"},
      {{"-S", "4", "s"}, "-S needs -o FILE"},
      {{"-T", "x", "s"}, "-T: 'x' is not a number of seconds"},
      {{"-T", "0", "s"}, "-T: '0' is not"},
      {{"-G", "g", "s"}, "-G: 'g' is not NAME=VALUE"},
      {{"-G", "a-b=1", "s"}, "-G: 'a-b=1' is not NAME=VALUE"},
      {{"-m", "a/b", "s"}, "-m: 'a/b': a module's name"},
      {{"-C", "pink", "s"}, "-C: 'pink' is not never, auto or always"},
      {{"--color=pink", "s"}, "--color: 'pink' is not"},
      {{"--runtime=foo", "s"}, "--runtime: 'foo' is not kernel, bpf, dyninst or bpftrace"},
      {{"--halt=now", "s"}, "--halt: 'now' is not now,fail=N or soon,fail=N, N a number or a percentage"},
      {{"--canary=0", "s"}, "--canary: '0'"},
      {{"--progress=yes", "s"}, "--progress: 'yes' is not auto, always or never"},
      {{"--dialect=foo", "s"}, "--dialect: 'foo' is not rfc or released"},
      {{"--fanout=0", "s"}, "--fanout: '0' is not"},
      {{"--retries=-1", "s"}, "--retries: '-1' is not"},
      {{"--retries=many", "s"}, "--retries: 'many' is not"},
      {{"--retries=1001", "s"}, "--retries: '1001' is not"},
      {{"--exclude=", "--remote=a", "s"}, "--exclude: the value is empty"},
      {{"--inventory=", "s"}, "--inventory: the value is empty"},
      {{"--inventory=f", "--limit=", "s"}, "--limit: the value is empty"},
      {{"--limit=web", "--remote=a", "s"}, "--limit is for the hosts of an --inventory"},
      {{"--pick=0", "--remote=a", "s"}, "--pick: '0' is not a whole number from 1 to 100000"},
      {{"--pick=x", "--remote=a", "s"}, "--pick: 'x' is not"},
      {{"--list-hosts"}, "--list-hosts needs a --remote or an --inventory"},
      {{"--list-hosts=x", "--remote=a"}, "--list-hosts takes no value"},
      {{"--deadline=nan", "s"}, "--deadline: 'nan' is not"},
      {{"--grace=-1", "s"}, "--grace: '-1' is not"},
      {{"--timestamps=unix", "s"}, "--timestamps: 'unix' is not iso or delta"},
      {{"--by-time=soon", "s"}, "--by-time: 'soon' is not a number of seconds"},
      {{"--by-time=0", "s"}, "--by-time: '0' is not"},
      {{"--gather", "--by-time", "s"}, "--gather and --by-time exclude each other"},
      {{"--timestamps", "--gather", "s"}, "--gather and --timestamps exclude each other"},
      {{"--ssh=", "s"}, "--ssh: the value is empty"},
      {{"--line-bytes-max=0", "s"}, "--line-bytes-max: '0' is not"},
      {{"-c", "a", "-x", "5", "s"}, "-c and -x exclude each other"},
      {{"--label", "--remote-prefix", "s"}, "--label and --remote-prefix exclude each other"},
      {{"--remote-prefix", "--label", "s"}, "--label and --remote-prefix exclude each other"},
      {{"-p4", "s"}, "-p: rstap always runs"},
      {{"-F", "s"}, "-F: flight recorder"},
      {{"--use-server", "--bpf", "s"}, "--use-server: a compile server builds no BPF"},
      {{"-g", "x.ko"}, "x.ko is built already: -g changes only the build; leave it out"},
      {{"x.bt", "-D", "A=1"}, "x.bt is a bpftrace program, of which nothing is built: -D changes only the build"},
      {{"x.bt", "-r", "/k"}, "x.bt is a bpftrace program, of which nothing is built: -r changes only the build"},
      {{"x.bt", "-R", "/rt"}, "-R changes only the build"},
      {{"x.bt", "--stap-arg=-u"}, "--stap-arg changes only the build"},
      {{"x.ko", "-I", "dir"}, "x.ko is built already: -I changes only the build"},
      {{"-G", "a=1", "x.bt"}, "x.bt: bpftrace can't do -G; give the script an argument"},
      {{"-s", "4", "x.bt"}, "x.bt: bpftrace can't do -s"},
      {{"-s", "4", "--bpf", "x.stp"}, "x.stp: stapbpf can't do -s"},
      {{"-b", "--bpf", "x.stp"}, "x.stp: stapbpf can't do -b"},
      {{"-p", "0", "x.bt"}, "-p: "},
      {{"-p", "7", "-x", "7", "x.bt"}, "-x and -p exclude each other"},
      {{"-p", "7", "-c", "ls", "x.bt"}, "-c and -p exclude each other"},
      {{"-f", "xml", "x.bt"}, "-f: 'xml' is not text or json"},
      {{"-B", "some", "x.bt"}, "-B: 'some' is not line, full or none"},
      {{"-f", "json", "--sum", "x.bt"}, "-f: --sum and its like have bpftrace print JSON"},
      {{"--unsafe", "x.stp"}, "x.stp: --unsafe: it is bpftrace's, and this is no bpftrace program"},
      {{"--unsafe", "x.stp"}, "x.stp: --unsafe: it is bpftrace's"},
      {{"--include=a.h", "x.ko"}, "x.ko: --include: it is bpftrace's"},
      {{"--bpf", "x.ko"}, "x.ko is built already: --bpf changes"},
      {{"--env=LD_PRELOAD=x", "x.bt"}, "--env: LD_PRELOAD: no runner is given it"},
      {{"--env=BPFTRACE_STRLEN", "x.bt"}, "--env: 'BPFTRACE_STRLEN' is not NAME=VALUE"},
      {{"--env=BPFTRACE_STRLEN=9", "x.stp"}, "--env: BPFTRACE_STRLEN: staprun is not given it"},
      {{"--env=BPFTRACE_STRLEN=9", "--bpf", "x.stp"}, "--env: BPFTRACE_STRLEN: stapbpf is not given it"},
      {{"--bpftrace", "x.ko"}, "x.ko is a module for staprun, not a bpftrace program"},
      {{"--bpftrace", "-g", "-e", "BEGIN {}"}, "-e is a bpftrace program, of which nothing is built: -g changes"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    const auto options = parse(c.words);
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, Errc::kUsage);
    EXPECT_THAT(options.error().what, HasSubstr(c.want));
    EXPECT_EQ(options.error().what.find('\n'), std::string::npos);
  }
}

TEST(CommandLine, TimesAreAskedForWithAndWithoutAValue) {
  struct Case {
    std::vector<std::string> words;
    Timestamps timestamps;
    std::optional<std::chrono::milliseconds> by_time;
  };
  const Case cases[] = {
      {{"s"}, Timestamps::kNone, std::nullopt},
      {{"--timestamps", "s"}, Timestamps::kIso, std::nullopt},
      {{"--timestamps=iso", "s"}, Timestamps::kIso, std::nullopt},
      {{"--timestamps=delta", "--by-time", "s"}, Timestamps::kDelta, std::chrono::seconds(1)},
      {{"--by-time=0.25", "s"}, Timestamps::kNone, std::chrono::milliseconds(250)},
      {{"--timestamps", "--by-time", "--no-timestamps", "--no-by-time", "s"}, Timestamps::kNone, std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.words.front());
    const auto options = parse(c.words);
    ASSERT_TRUE(options);
    EXPECT_EQ(options->output.timestamps, c.timestamps);
    EXPECT_EQ(options->output.by_time, c.by_time);
    EXPECT_EQ(options->output.wants_agent_time(), c.timestamps != Timestamps::kNone || c.by_time);
  }
}

TEST(CommandLine, WhatTheRunnerTakesIsFitForAReadyModule) {
  EXPECT_TRUE(parse({"-v", "-w", "-I", "i", "-c", "ls", "-T", "3", "x.bt"}));
  EXPECT_TRUE(parse({"-v", "-w", "-c", "ls", "-G", "a=1", "-s", "4", "-o", "/f", "-S4", "x.ko"}));
}

TEST(CommandLine, BpftracesOptionsHaveTheirNames) {
  const auto options = parse({"-p", "7", "-fjson", "-q", "-B", "none", "--unsafe", "-kk", "--include", "a.h",
                              "--include=b.h", "--no-warnings", "x.bt"});
  ASSERT_TRUE(options) << options.error().what;
  const JobOptions& job = options->job;
  EXPECT_EQ(job.attach_pid, "7");
  EXPECT_EQ(job.runner_format, "json");
  EXPECT_EQ(option_values(job, OptionId::kMakeVariable), std::vector<std::string>{"none"});
  EXPECT_EQ(option_values(job, OptionId::kCoverage).size(), 1U);
  EXPECT_TRUE(job.unsafe && job.suppress_warnings);
  EXPECT_EQ(option_values(job, OptionId::kKeepFiles).size(), 2U);
  EXPECT_THAT(job.include_files, ElementsAre("a.h", "b.h"));
  EXPECT_TRUE(parse({"--no-warnings", "x.stp"})->job.suppress_warnings);
}

TEST(CommandLine, AProgramMayBeKnownByItsFirstLine) {
  const std::string path = testing::TempDir() + "command_line_test_program." + std::to_string(::getpid());
  std::ofstream(path) << "#!/usr/bin/env bpftrace\nBEGIN { }\n";
  EXPECT_EQ(parse({path})->job.runtime, Runtime::kBpftrace);
  EXPECT_EQ(parse({"--bpf", path})->job.runtime, Runtime::kBpf);
  EXPECT_EQ(parse({"-e", "#!/usr/bin/bpftrace\nBEGIN { }"})->job.runtime, Runtime::kBpftrace);
  std::ofstream(path) << "#!/usr/bin/env stap\nprobe begin { }\n";
  EXPECT_EQ(parse({path})->job.runtime, Runtime::kKernel);
  std::remove(path.c_str());
}

TEST(CommandLine, WhatIsUsualIsLeftOutOfProgramsThatHaveNoUseForIt) {
  DefaultsEnvironment environment;
  environment.rstap_options = "-r /k --unsafe -v";
  environment.rstap_config = "";
  const Result<Defaults> usual = read_defaults({}, environment);
  ASSERT_TRUE(usual) << usual.error().what;
  const auto program = parse_rstap_arguments(Words{"x.bt"}, *usual);
  ASSERT_TRUE(program) << program.error().what;
  EXPECT_TRUE(program->job.unsafe);
  EXPECT_TRUE(program->job.kernel_directories.empty());
  const auto script = parse_rstap_arguments(Words{"x.stp"}, *usual);
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_FALSE(script->job.unsafe);
  EXPECT_EQ(script->job.verbosity, 1U);
  EXPECT_THAT(script->job.kernel_directories, ElementsAre("/k"));
  EXPECT_FALSE(parse_rstap_arguments(Words{"--unsafe", "x.stp"}, *usual));

  environment.rstap_options = "--runtime=bpftrace -e 'BEGIN {}' -r /k";
  const auto text = parse_rstap_arguments(Words{}, *read_defaults({}, environment));
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_EQ(text->job.runtime, Runtime::kBpftrace);
  EXPECT_EQ(text->job.script, "BEGIN {}");
}

TEST(CommandLine, AUsualOptionThatIsTwoIsTheOneThatLeavesNothingBehind) {
  const auto parse_usually = [](const std::string& usual, const Words& words) {
    DefaultsEnvironment environment;
    environment.rstap_options = usual;
    environment.rstap_config = "";
    const auto options = parse_rstap_arguments(words, *read_defaults({}, environment));
    EXPECT_TRUE(options) << options.error().what;
    return options ? options->job : JobOptions{};
  };
  const auto count = [](const JobOptions& job, OptionId id) { return option_values(job, id).size(); };
  const std::string both = "-kk -q -B none -B X=y --stap-arg=-u";
  const JobOptions program = parse_usually(both, {"x.bt"});
  EXPECT_EQ(count(program, OptionId::kKeepFiles), 2U);
  EXPECT_EQ(count(program, OptionId::kCoverage), 1U);
  EXPECT_THAT(option_values(program, OptionId::kMakeVariable), ElementsAre("none"));
  EXPECT_THAT(program.build_words, IsEmpty());
  const JobOptions script = parse_usually(both, {"x.stp"});
  EXPECT_EQ(count(script, OptionId::kKeepFiles), 0U);
  EXPECT_EQ(count(script, OptionId::kCoverage), 0U);
  EXPECT_THAT(option_values(script, OptionId::kMakeVariable), ElementsAre("X=y"));
  EXPECT_THAT(script.build_words, ElementsAre("-u"));
  EXPECT_EQ(count(parse_usually("-q", {"m.ko"}), OptionId::kCoverage), 0U);
  const JobOptions said = parse_usually("-q", {"-k", "x.stp"});
  EXPECT_EQ(count(said, OptionId::kKeepFiles), 1U);
  EXPECT_EQ(count(said, OptionId::kCoverage), 0U);
}

TEST(CommandLine, HelpFitsAndNamesEveryOption) {
  std::istringstream help(rstap_help());
  for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 100u) << line;
  for (const std::string_view option : {"-v", "-G NAME=VALUE", "--remote=TARGET", "--color[=WHEN]", "--label",
                                        "--fanout=N", "--line-bytes-max=N", "--help", "exec:COMMAND"}) {
    EXPECT_THAT(rstap_help(), HasSubstr(option));
  }
}

}  // namespace
}  // namespace stapsh::client
