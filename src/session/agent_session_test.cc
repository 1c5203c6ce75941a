// SPDX-License-Identifier: Apache-2.0
#include "session/agent_session.h"

#include <gtest/gtest.h>

#include <csignal>

#include "session/agent_driver.h"

namespace stapsh {
namespace {

using Steps = std::initializer_list<std::string_view>;

AgentSettings settings() {
  AgentSettings settings;
  settings.identity = {"5.6", "x86_64", "6.1"};
  settings.stop_times.grace = std::chrono::seconds(5);
  return settings;
}

// What a client without `option progress` is told of it.
std::string killed(std::string_view why) { return "report the runner was killed " + std::string(why) + "; "; }
std::string killed_after(int seconds) {
  return killed(std::to_string(seconds) +
                " s into its stop: it did not get on for 5 s after either signal; --grace gives more");
}

std::string run(Steps steps, const AgentSettings& with = settings()) { return AgentDriver(with).run(steps); }

struct Case {
  std::string_view name;
  Steps steps;
  std::string want;
};

template <std::size_t N>
void check(const Case (&cases)[N], const AgentSettings& with = settings()) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(run(c.steps, with), c.want);
  }
}

TEST(AgentSession, AnswersEachCommandOfTheReleasedDialect) {
  check({
      {"hello", {"say stap 5.6"}, "stapsh 5.6 x86_64 6.1"},
      {"hello with a carriage return", {"bytes stap 5.6\\r\\n"}, "stapsh 5.6 x86_64 6.1"},
      {"hello without a version", {"say stap", "say option time"}, "stapsh 5.6 x86_64 6.1; OK"},
      {"a whole session",
       {"say stap 5.6", "bytes file 3 a.bo\\nELF", "say run -v ./a.bo", "exit 3", "gone", "drained"},
       "stapsh 5.6 x86_64 6.1; create a.bo 3; write ELF; commit; OK; start stapbpf [-v,./a.bo]; OK; clean up; end 3"},
      {"a bare run without a file", {"say stap 5.6", "say run"}, "stapsh 5.6 x86_64 6.1; start staprun []; OK"},
      {"quoted words", {"say run a=20b =3D=3d"}, "start staprun [a b,==]; OK"},
      {"args come before words",
       {"bytes arg 3\\na b", "bytes arg 2\\nc\\x00", "say run d"},
       "OK; OK; start staprun [a b,c,d]; OK"},
      {"an empty arg", {"say arg 0", "say run"}, "OK; start staprun []; OK"},
      {"an empty file", {"say file 0 a.ko", "say run"}, "create a.ko 0; commit; OK; start staprun []; OK"},
      {"the first file chooses the runner",
       {"bytes file 1 a.bt\\nx", "bytes file 1 b.ko\\ny", "say run"},
       "create a.bt 1; write x; commit; OK; create b.ko 1; write y; commit; OK; start bpftrace []; OK"},
      {"a file of no known kind",
       {"bytes file 1 a.txt\\nx", "say run"},
       "create a.txt 1; write x; commit; OK; start staprun []; OK"},
      {"an option chooses the runner", {"say option bpf", "say run"}, "OK; start stapbpf []; OK"},
      {"an option outweighs the file",
       {"bytes file 1 a.ko\\nx", "say option dyninst", "say run"},
       "create a.ko 1; write x; commit; OK; OK; start stapdyn []; OK"},
      {"the clock is asked for, again and again",
       {"say option clock", "say option clock", "say option clock=1"},
       "OK clock=NOW; OK clock=NOW; ERROR: option clock: takes no value"},
      {"what the machine offers is said at once",
       {"say option environment", "say option environment=1"},
       "OK environment=HERE; ERROR: option environment: takes no value"},
      {"runners are looked for, and what comes meanwhile waits",
       {"bytes option runners\\noption runners=1\\nrun\\n"},
       "find runners; OK runners=staprun:4.8,bpftrace:denied; ERROR: option runners: takes no value; start staprun []; "
       "OK"},
      {"unknown option", {"say option bogus"}, "ERROR: Invalid option: bogus"},
      {"an option with a value that takes none", {"say option data=1"}, "ERROR: option data: takes no value"},
      {"an option without the value it needs", {"say option grace"}, "ERROR: option grace: needs a value"},
      {"an option with a bad value",
       {"say option grace=soon"},
       "ERROR: option grace: 'soon' is not a number of seconds from 0.001 to 10000000"},
      {"unknown command", {"say stap 5.6", "say dance"}, "stapsh 5.6 x86_64 6.1; ERROR: unknown command: dance"},
      {"a password that sudo did not want is not quoted",
       {"say right horse"},
       "ERROR: unknown command before the hello"},
      {"signal without a runner", {"say signal 2"}, "ERROR: signal: no runner lives; say run first"},
      {"signal to a runner", {"say run", "say signal 10"}, "start staprun []; OK; signal 10"},
      {"signal to a runner that has ended", {"say run", "exit 0", "say signal 10"}, "start staprun []; OK"},
      {"bad words of run, then good ones",
       {"say run =zz", "say run"},
       "ERROR: run: '=' without two hex digits in a quoted argument; start staprun []; OK"},
      {"ping is not answered", {"say ping"}, ""},
      {"half a line at the end is no command", {"bytes stap 5.6", "eof"}, "clean up; end 0"},
  });
}

TEST(AgentSession, ActsOnAllCommandsOfAPacketInOrder) {
  EXPECT_EQ(run({"bytes stap 5.6\\noption data\\nfile 2 a.bo\\nabfile 1 b\\ncarg 1\\ndrun e\\nsignal 10\\nquit\\n"}),
            "stapsh 5.6 x86_64 6.1; OK; create a.bo 2; write ab; commit; OK; create b 1; write c; commit; OK; OK; "
            "start stapbpf [d,e] framed; OK; signal 10; signal 2");
}

TEST(AgentSession, ConsumesTheDataOfARefusedFile) {
  check({
      {"a bad name",
       {"bytes file 5 ../x\\nquit\\nstap 5.6\\n"},
       "ERROR: file: bad name '../x': a plain file name of letters, digits and ._+- is needed, without a folder; "
       "stapsh 5.6 x86_64 6.1"},
      {"no name", {"bytes file 5\\nquit\\nstap 5.6\\n"}, "ERROR: file: needs a size and a name; stapsh 5.6 x86_64 6.1"},
      {"it can't be made",
       {"create fails", "bytes file 5 x\\nquit\\nstap 5.6\\n"},
       "create x 5; abandon; ERROR: file x: no luck; stapsh 5.6 x86_64 6.1"},
      {"it can't be made, in two packets",
       {"create fails", "say file 5 x", "bytes quit\\nstap 5.6\\n"},
       "create x 5; abandon; ERROR: file x: no luck; stapsh 5.6 x86_64 6.1"},
      {"the disk is full in mid-file",
       {"write fails", "bytes file 5 x\\nqu", "bytes it\\nstap 5.6\\n"},
       "create x 5; write qu; abandon; ERROR: file x: no luck; stapsh 5.6 x86_64 6.1"},
      {"the disk is full at the last byte",
       {"write fails", "bytes file 5 x\\nquit\\nstap 5.6\\n"},
       "create x 5; write quit\\n; abandon; ERROR: file x: no luck; stapsh 5.6 x86_64 6.1"},
      {"the disk is full at the close",
       {"commit fails", "bytes file 1 x\\nystap 5.6\\n"},
       "create x 1; write y; commit; abandon; ERROR: file x: no luck; stapsh 5.6 x86_64 6.1"},
      {"an empty file can't be made",
       {"create fails", "bytes file 0 x\\nstap 5.6\\n"},
       "create x 0; abandon; ERROR: file x: no luck; stapsh 5.6 x86_64 6.1"},
      {"while a runner lives", {"say run", "bytes file 5 x\\nquit\\nsignal 10\\n"}, "start staprun []; OK; signal 10"},
      {"an arg while a runner lives",
       {"say run", "bytes arg 5\\nquit\\nsignal 10\\n"},
       "start staprun []; OK; signal 10"},
  });
}

TEST(AgentSession, AnswersARefusedFileBeforeItsData) {
  check({
      {"no name", {"say file 5"}, "ERROR: file: needs a size and a name"},
      {"it can't be made", {"create fails", "say file 5 x"}, "create x 5; abandon; ERROR: file x: no luck"},
      {"the disk is full in mid-file, and its DATA ends",
       {"write fails", "bytes file 9 x\\nqu", "eof"},
       "create x 9; write qu; abandon; ERROR: file x: no luck; report end of input, 7 bytes before the end of x; "
       "clean up; end 1"},
      {"in the rfc dialect",
       {"say stap 1.4", "say file 5 .a"},
       "stapsh 5.6 x86_64 6.1; report file: bad name '.a': a plain file name of letters, digits and ._+- is needed, "
       "without a folder"},
  });
}

TEST(AgentSession, EndsWithWhoSaysNothingWhereItHasAPatience) {
  AgentSettings patient = settings();
  patient.hello_timeout = std::chrono::seconds(3);
  patient.idle_timeout = std::chrono::seconds(9);
  const Case cases[] = {
      {"no hello", {"wait 2999"}, ""},
      {"no hello in time",
       {"wait 2000", "bytes sta", "wait 1000"},
       "ERROR: no hello within 3 seconds; --hello-timeout of stapsh gives more; clean up; end 1"},
      {"another word is no hello",
       {"say ping", "wait 3000"},
       "ERROR: no hello within 3 seconds; --hello-timeout of stapsh gives more; clean up; end 1"},
      {"silence", {"say stap 5.6", "wait 8999"}, "stapsh 5.6 x86_64 6.1"},
      {"a silence too long",
       {"say stap 5.6", "wait 9000"},
       "stapsh 5.6 x86_64 6.1; ERROR: nothing was said for 9 seconds; --idle-timeout of stapsh gives more; clean up; "
       "end 1"},
      {"a ping is something", {"say stap 5.6", "wait 8000", "say ping", "wait 8000"}, "stapsh 5.6 x86_64 6.1"},
      {"in mid-DATA",
       {"say stap 5.6", "bytes file 9 a\\nxy", "wait 9000"},
       "stapsh 5.6 x86_64 6.1; create a 9; write xy; ERROR: nothing was said for 9 seconds; --idle-timeout of stapsh "
       "gives more; clean up; end 1"},
      {"while a runner lives",
       {"say stap 5.6", "say run", "wait 90000"},
       "stapsh 5.6 x86_64 6.1; start staprun []; OK"},
  };
  check(cases, patient);
}

TEST(AgentSession, EndsWithOneReasonWhereItCanDoNothing) {
  check({
      {"for a file",
       {"bytes file 9 a\\nxy", "unable no forks", "bytes zzzzzzzrun\\n"},
       "create a 9; write xy; ERROR: no forks; clean up; end 1"},
      {"while a runner lives",
       {"say run", "unable no forks", "exit 0", "gone", "drained"},
       "start staprun []; OK; report no forks; signal 1; clean up; end 0"},
      {"in the rfc dialect",
       {"say stap 1.4", "unable no forks"},
       "stapsh 5.6 x86_64 6.1; report no forks; clean up; end 1"},
      {"at the end", {"say quit", "unable no forks"}, "clean up; end 0"},
  });
}

TEST(AgentSession, ComplainsOnceAtTheHello) {
  AgentSettings with = settings();
  with.complaint = "no disk";
  EXPECT_EQ(run({"say ping", "say stap 5.6", "say stap 5.6"}, with),
            "stapsh 5.6 x86_64 6.1; report no disk; stapsh 5.6 x86_64 6.1");
}

TEST(AgentSession, AFailedFileDoesNotBlockTheRunWhereItWasAnswered) {
  EXPECT_EQ(run({"commit fails", "bytes file 1 a.bo\\nx", "say run"}),
            "create a.bo 1; write x; commit; abandon; ERROR: file a.bo: no luck; start stapbpf []; OK");
}

TEST(AgentSession, HoldsItsLimits) {
  AgentSettings small = settings();
  small.limits = {.line_bytes_max = 24,
                  .file_bytes_max = 5,
                  .files_bytes_max = 8,
                  .files_max = 2,
                  .args_max = 2,
                  .args_bytes_max = 4};
  const Case cases[] = {
      {"one line",
       {"bytes 1234567890123456789012345", "say stap 5.6"},
       "ERROR: line over line-bytes-max (24); start stapsh with a higher --line-bytes-max; clean up; end 1"},
      {"one file",
       {"say file 6 a", "say 12345", "say stap 5.6"},
       "ERROR: file a: 6 bytes, over file-bytes-max (5); start stapsh with a higher --file-bytes-max; clean up; end 1"},
      {"all files",
       {"bytes file 5 a\\n12345", "bytes file 4 b\\nquit", "bytes file 3 c\\n123"},
       "create a 5; write 12345; commit; OK; ERROR: file b: 4 bytes more, over files-bytes-max (8); create c 3; "
       "write 123; commit; OK"},
      {"number of files",
       {"say file 0 a", "say file 0 b", "bytes file 4 c\\nquit", "say ping"},
       "create a 0; commit; OK; create b 0; commit; OK; ERROR: file c: one more than files-max (2)"},
      {"number of args",
       {"say arg 0", "say arg 0", "bytes arg 4\\nquit"},
       "OK; OK; ERROR: arg: one more than args-max (2)"},
      {"bytes of args",
       {"bytes arg 3\\nabc", "bytes arg 2\\nde", "bytes arg 1\\nf", "say run"},
       "OK; ERROR: arg: over args-bytes-max (4); OK; start staprun [abc,f]; OK"},
      {"one arg",
       {"say arg 5"},
       "ERROR: arg: 5 bytes, over args-bytes-max (4); start stapsh with a higher --args-bytes-max; clean up; end 1"},
      {"words of run",
       {"say run a b c", "say run a b"},
       "ERROR: run: 3 arguments, over args-max (2); start stapsh with a higher --args-max; start staprun [a,b]; OK"},
      {"words and args together",
       {"say arg 0", "say run a b"},
       "OK; ERROR: run: 3 arguments, over args-max (2); start stapsh with a higher --args-max"},
      {"bytes of words",
       {"say run abc de"},
       "ERROR: run: 5 bytes of arguments, over args-bytes-max (4); start stapsh with a higher --args-bytes-max"},
  };
  check(cases, small);
}

TEST(AgentSession, EndsWhereTheSizeOfDataIsNotKnown) {
  for (const std::string_view line : {"file 5x a", "file -1 a", "file 18446744073709551616 a", "file", "arg", "arg +1",
                                      "arg 1 2", "file 99999999999 a"}) {
    SCOPED_TRACE(line);
    AgentDriver agent(settings());
    agent.step("say " + std::string(line));
    agent.step("say stap 5.6");
    const std::string text = agent.take_text();
    EXPECT_TRUE(text.starts_with("ERROR: ")) << text;
    EXPECT_TRUE(text.ends_with("; clean up; end 1")) << text;
  }
  EXPECT_EQ(run({"say run", "say file 5x a", "say signal 10", "exit 0", "gone", "drained"}),
            "start staprun []; OK; "
            "report file a: size '5x' is not a whole number from 0 to 18446744073709551615; signal 1; clean up; end 0");
}

TEST(AgentSession, SpeaksTheRfcDialectBelowVersion1_5) {
  check({
      {"nothing but the hello is answered",
       {"say stap 1.4", "bytes file 3 a.ko\\nELF", "bytes arg 2\\n-v", "say run", "exit 3", "gone", "drained"},
       "stapsh 5.6 x86_64 6.1; create a.ko 3; write ELF; commit; start staprun [-v]; clean up; end 3"},
      {"a run after a failed file is refused",
       {"say stap 1.4", "commit fails", "bytes file 1 a\\nx", "say run"},
       "stapsh 5.6 x86_64 6.1; create a 1; write x; commit; abandon; report file a: no luck; "
       "report run: refused, because a file or an argument before it failed; clean up; end 1"},
      {"and after one with a bad name",
       {"say stap 1.4", "bytes file 1 .a\\nx", "say run"},
       "stapsh 5.6 x86_64 6.1; report file: bad name '.a': a plain file name of letters, digits and ._+- is needed, "
       "without a folder; report run: refused, because a file or an argument before it failed; clean up; end 1"},
      {"a session with a failed file exits non-zero",
       {"say stap 1.4", "bytes file 1 .a\\nx", "eof"},
       "stapsh 5.6 x86_64 6.1; report file: bad name '.a': a plain file name of letters, digits and ._+- is needed, "
       "without a folder; clean up; end 1"},
      {"a runner that can't start",
       {"say stap 1.4", "start fails", "say run"},
       "stapsh 5.6 x86_64 6.1; start staprun []; report run: no luck; clean up; end 1"},
      {"no options",
       {"say stap 1.4", "say option data", "say run"},
       "stapsh 5.6 x86_64 6.1; report option: not in the rfc dialect; start staprun []"},
      {"an option of before its hello is forgotten",
       {"say stap 5.6", "say option data", "say stap 1.4", "say run"},
       "stapsh 5.6 x86_64 6.1; OK; stapsh 5.6 x86_64 6.1; start staprun []"},
      {"signals are taken, end of input stops",
       {"say stap 1.4", "say run", "say signal 10", "eof"},
       "stapsh 5.6 x86_64 6.1; start staprun []; signal 10; signal 1"},
      {"unknown commands go to standard error",
       {"say stap 1.4", "say dance"},
       "stapsh 5.6 x86_64 6.1; report unknown command: dance"},
  });
  AgentSettings forced = settings();
  forced.force_rfc = true;
  EXPECT_EQ(run({"say stap 5.6", "say run"}, forced), "stapsh 5.6 x86_64 6.1; start staprun []");
}

TEST(AgentSession, QuitEndsIt) {
  check({
      {"before anything", {"say quit"}, "clean up; end 0"},
      {"before the runner",
       {"say stap 5.6", "bytes file 1 a\\nx", "say quit", "say stap 5.6"},
       "stapsh 5.6 x86_64 6.1; create a 1; write x; commit; OK; clean up; end 0"},
      {"a signal is told where that is asked for",
       {"say option data", "say option exit", "say option signal", "say run", "dies 9", "gone", "drained"},
       "OK; OK; OK; start staprun [] framed; OK; clean up; exit 137 signal 9; quit; end 137"},
      {"and is a code where it is not",
       {"say option data", "say option exit", "say run", "dies 9", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; clean up; exit 137; quit; end 137"},
      {"a code above 128 is no signal",
       {"say option data", "say option exit", "say option signal", "say run", "exit 137", "gone", "drained"},
       "OK; OK; OK; start staprun [] framed; OK; clean up; exit 137; quit; end 137"},
      {"in data mode, before the runner",
       {"say option data", "say option exit", "say quit"},
       "OK; OK; clean up; exit 0; quit; end 0"},
      {"while it runs",
       {"say run", "say quit", "exit 0", "gone", "drained"},
       "start staprun []; OK; signal 1; clean up; end 0"},
      {"a BPF runner gets SIGINT", {"say option bpf", "say run", "say quit"}, "OK; start stapbpf []; OK; signal 2"},
      {"after it ended", {"say run", "exit 0", "gone", "say quit", "drained"}, "start staprun []; OK; clean up; end 0"},
      {"after everything",
       {"say run", "exit 0", "gone", "drained", "say quit"},
       "start staprun []; OK; clean up; end 0"},
      {"the second cuts the grace short; what SIGKILL takes is not to be hurried",
       {"say run", "say quit", "say quit", "say quit", "say quit", "say quit"},
       "start staprun []; OK; signal 1; signal 15; " + killed("0 s into its stop, for the end was asked for again") +
           "signal 9 to all"},
      {"end of input after it does not",
       {"say run", "say quit", "eof", "stop", "peer gone"},
       "start staprun []; OK; signal 1"},
      {"the first after a signal does not", {"say run", "stop", "say quit"}, "start staprun []; OK; signal 1"},
      {"it is one word", {"say run", "say quit now"}, "start staprun []; OK"},
  });
}

TEST(AgentSession, EveryReasonToStopTakesTheSameWay) {
  for (const std::string_view reason : {"say quit", "eof", "stop", "peer gone", "say file x y"}) {
    SCOPED_TRACE(reason);
    AgentDriver agent(settings());
    agent.step("say run");
    agent.take_text();
    agent.step(reason);
    EXPECT_TRUE(agent.take_text().ends_with("signal 1"));
    EXPECT_EQ(
        agent.run({"wait 4999", "wait 1", "wait 5000", "wait 5000", "wait 5000", "gone", "drained"}),
        "signal 15; " + killed_after(10) +
            "signal 9 to all; discard; "
            "report a process of the session is still there after SIGKILL; see ps for state D; clean up; end 137");
  }
}

TEST(AgentSession, StopsClimbOnlyWithoutProgress) {
  check({
      {"output earns a new grace time",
       {"say run", "say quit", "wait 4999", "progress", "wait 4999", "progress", "wait 4999", "exit 0", "gone",
        "drained"},
       "start staprun []; OK; signal 1; clean up; end 0"},
      {"silence does not",
       {"say run", "say quit", "wait 4999", "progress", "wait 5000"},
       "start staprun []; OK; signal 1; signal 15"},
      {"nothing climbs while nobody asked", {"say run", "wait 900000", "progress"}, "start staprun []; OK"},
      {"the client chooses the grace time",
       {"say option grace=0.2", "say run", "say quit", "wait 199", "wait 1"},
       "OK; start staprun []; OK; signal 1; signal 15"},
      {"a peer that asked for the end and does not read gets the grace time for the rest",
       {"say run", "say quit", "exit 0", "gone", "wait 4999", "progress", "wait 4999", "wait 1", "drained"},
       "start staprun []; OK; signal 1; discard; clean up; end 0"},
      {"a reader that asked for nothing may take its time",
       {"say run", "exit 0", "gone", "wait 900000", "drained"},
       "start staprun []; OK; clean up; end 0"},
      {"until it asks",
       {"say run", "exit 0", "gone", "wait 900000", "say quit", "wait 5000", "drained"},
       "start staprun []; OK; discard; clean up; end 0"},
      {"asking again does not throw it away",
       {"say run", "say quit", "exit 0", "gone", "say quit", "say quit"},
       "start staprun []; OK; signal 1"},
      {"no false alarm when it is given up",
       {"say run", "exit 0", "gone", "say quit", "wait 5000", "wait 5000"},
       "start staprun []; OK; discard; clean up; end 0"},
  });
}

TEST(AgentSession, ARunnerAtWorkIsWaitedForAndTold) {
  check({
      {"it earns a new grace time",
       {"say run", "say quit", "wait 4999", "works", "wait 4999", "works", "wait 4999", "exit 0", "gone", "drained"},
       "start staprun []; OK; signal 1; clean up; end 0"},
      {"one that traces on may not have heard",
       {"say run", "say quit", "wait 4999", "traces", "wait 1", "traces", "wait 4999", "traces", "wait 1", "traces"},
       "start staprun []; OK; signal 1; signal 1; signal 1"},
      {"its silence does not",
       {"say run", "say quit", "wait 4999", "idle", "wait 1"},
       "start staprun []; OK; signal 1; signal 15"},
      {"nobody is told before the stop",
       {"say option data", "say option progress", "say run", "works"},
       "OK; OK; start staprun [] framed; OK"},
      {"a client that asked is told, once a second",
       {"say option data", "say option progress", "say run", "say quit", "works", "wait 999", "works", "wait 1",
        "works"},
       "OK; OK; start staprun [] framed; OK; signal 1; (working bpftrace 3 9); (working bpftrace 3 9)"},
      {"a second quit is a person who waits no longer",
       {"say run", "say quit", "wait 4000", "works", "say quit", "works", "wait 5000"},
       "start staprun []; OK; signal 1; signal 15; " + killed("9 s into its stop, for the end was asked for again") +
           "signal 9 to all"},
      {"without a client it earns a minute in all",
       {"say run", "eof", "wait 4999", "works", "wait 4999"},
       "start staprun []; OK; signal 1"},
      {"but for as long as the kernel needs for what was killed",
       {"say run", "say quit", "say quit", "say quit", "wait 4999", "works", "wait 4999", "works", "exit 137", "gone",
        "drained"},
       "start staprun []; OK; signal 1; signal 15; " + killed("0 s into its stop, for the end was asked for again") +
           "signal 9 to all; clean up; end 137"},
      {"who was killed is told",
       {"say option data", "say option progress", "say run", "say quit", "wait 5000", "wait 5000", "exit 137", "gone",
        "drained"},
       "OK; OK; start staprun [] framed; OK; signal 1; signal 15; killed 10 s into its stop: it did not get on for 5 s "
       "after either signal; --grace gives more; signal 9 to all; clean up; quit; end 137"},
      {"all of it has a limit",
       {"say option stop-limit=60",
        "say run",
        "say quit",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 4999",
        "works",
        "wait 5000",
        "wait 5000"},
       "OK; start staprun []; OK; signal 1; signal 15; " +
           killed("49.992 s into its stop, while it still got on; --stop-limit gives more") + "signal 9 to all"},
  });
  // While its module is unloaded, too, however quiet that is.
  AgentDriver agent(settings());
  agent.run({"say option data", "say option progress", "say run", "exit 0", "gone"});
  agent.cleans_up_at_once = false;
  EXPECT_EQ(agent.run({"drained", "idle", "wait 1000", "works"}),
            "clean up; (working bpftrace 3 9); (working bpftrace 3 9)");
  agent.session.on_cleaned_up({});
  EXPECT_EQ(agent.run({"idle"}), "quit; end 0");
}

TEST(AgentSession, GrantsNoMoreThanItsOwnersLimits) {
  AgentSettings limited = settings();
  limited.stop_times = {.grace = std::chrono::seconds(1), .limit = std::chrono::seconds(60)};
  limited.maxima = {
      .grace = std::chrono::seconds(2), .stop_limit = std::chrono::seconds(60), .deadline = std::chrono::seconds(9)};
  check({{"less is granted as it is",
          {"say option grace=1.5", "say option stop-limit=50", "say option deadline=8"},
          "OK; OK; OK"},
         {"more is not",
          {"say option grace=10000000", "say option stop-limit=61", "say option deadline=10"},
          "OK grace=2; OK stop-limit=60; OK deadline=9"},
         {"and this holds",
          {"say option grace=10000000", "say run", "say quit", "wait 1999", "wait 1"},
          "OK grace=2; start staprun []; OK; signal 1; signal 15"},
         {"a run has an end also where nobody asks for one",
          {"say option data", "say option reason", "say run", "wait 8999", "wait 1", "exit 0", "gone", "drained"},
          "OK; OK; start staprun [] framed; OK; signal 1; clean up; stopped a run may last 9 s there "
          "(--deadline-max); quit; end 0"},
         {"or for a later one",
          {"say option data", "say option reason", "say option deadline=10", "say run", "wait 9000", "exit 0", "gone",
           "drained"},
          "OK; OK; OK deadline=9; start staprun [] framed; OK; signal 1; clean up; stopped a run may last 9 s there "
          "(--deadline-max); quit; end 0"},
         {"one that was asked for is no surprise",
          {"say option data", "say option reason", "say option deadline=8", "say run", "wait 8000", "exit 0", "gone",
           "drained"},
          "OK; OK; OK; start staprun [] framed; OK; signal 1; clean up; quit; end 0"}},
        limited);
}

TEST(AgentSession, WhatTheRunnerLeftBehindGetsTheGraceTime) {
  check({
      {"it ends by itself",
       {"say run", "exit 3", "wait 4999", "gone", "drained"},
       "start staprun []; OK; clean up; end 3"},
      {"it is told, all of it",
       {"say run", "exit 3", "wait 5000", "wait 5000", "gone", "drained"},
       "start staprun []; OK; signal 15 to all; signal 9 to all; clean up; end 3"},
      {"its output earns nothing",
       {"say run", "exit 3", "wait 4999", "progress", "wait 1"},
       "start staprun []; OK; signal 15 to all"},
      {"quit does not wait",
       {"say run", "exit 3", "say quit", "say quit"},
       "start staprun []; OK; signal 15 to all; signal 9 to all"},
      {"but it does not skip what has just been said",
       {"say run", "exit 3", "wait 5000", "say quit", "wait 4999"},
       "start staprun []; OK; signal 15 to all"},
      {"nor does the end of input", {"say run", "exit 3", "eof"}, "start staprun []; OK; signal 15 to all"},
      {"a stop under way goes on",
       {"say run", "say quit", "wait 5000", "exit 143", "wait 5000", "gone", "drained"},
       "start staprun []; OK; signal 1; signal 15; signal 9 to all; clean up; end 143"},
      {"all at once",
       {"say run", "say quit", "gone", "exit 0", "drained"},
       "start staprun []; OK; signal 1; clean up; end 0"},
      {"what is given up is 137, whatever the runner said",
       {"say run", "exit 0", "wait 5000", "wait 5000", "wait 5000", "wait 5000"},
       "start staprun []; OK; signal 15 to all; signal 9 to all; discard; "
       "report a process of the session is still there after SIGKILL; see ps for state D; clean up; end 137"},
      {"the end of something given up does not matter",
       {"say run", "say quit", "wait 5000", "wait 5000", "wait 5000", "wait 5000", "exit 1", "gone", "drained", "eof",
        "stop", "peer gone", "wait 5000", "say quit"},
       "start staprun []; OK; signal 1; signal 15; " + killed_after(10) +
           "signal 9 to all; discard; "
           "report a process of the session is still there after SIGKILL; see ps for state D; clean up; end 137"},
  });
}

TEST(AgentSession, ARunnerThatCantStartIsAnError) {
  check({
      {"before OK",
       {"say stap 5.6", "start fails", "say run", "say run"},
       "stapsh 5.6 x86_64 6.1; start staprun []; ERROR: run: no luck; start staprun []; OK"},
      {"after OK", {"late fail", "say run", "drained"}, "start staprun []; OK; report no luck; clean up; end 127"},
      {"after OK, with frames",
       {"say option data", "say option exit", "late fail", "say run", "drained"},
       "OK; OK; start staprun [] framed; OK; report no luck; clean up; exit 127; quit; end 127"},
  });
}

TEST(AgentSession, TheLastLinesAreExitAndQuit) {
  check({
      {"with exit",
       {"say option data", "say option exit", "say run", "exit 3", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; clean up; exit 3; quit; end 3"},
      {"as released",
       {"say option data", "say run", "exit 3", "gone", "drained"},
       "OK; start staprun [] framed; OK; clean up; quit; end 3"},
      {"exit without frames says nothing",
       {"say option exit", "say run", "exit 3", "gone", "drained"},
       "OK; start staprun []; OK; clean up; end 3"},
      {"not before the output is out",
       {"say option data", "say run", "exit 3", "gone"},
       "OK; start staprun [] framed; OK"},
      {"not before all are gone",
       {"say option data", "say run", "exit 3", "drained"},
       "OK; start staprun [] framed; OK"},
  });
}

TEST(AgentSession, SaysWhyItEndsWhatNobodyAskedItToEnd) {
  check({
      {"a signal",
       {"say option data", "say option reason", "say run", "stop", "exit 0", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; signal 1; clean up; stopped signal 15; quit; end 0"},
      {"before its run",
       {"say option data", "say option reason", "stop"},
       "OK; OK; clean up; stopped signal 15; quit; end 0"},
      {"nonsense",
       {"say option data", "say option reason", "say run", "say file x a", "exit 0", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; report file a: size 'x' is not a whole number from 0 to "
       "18446744073709551615; signal 1; clean up; stopped file a: size 'x' is not a whole number from 0 to "
       "18446744073709551615; quit; end 0"},
      {"a silent client",
       {"say option data", "say option reason", "say option keepalive=9", "say run", "wait 9000", "exit 0", "gone",
        "drained"},
       "OK; OK; OK; start staprun [] framed; OK; signal 1; clean up; stopped it heard nothing of this client for "
       "longer than --keepalive; quit; end 0"},
      {"not what the client asked for",
       {"say option data", "say option reason", "say run", "say quit", "stop", "exit 0", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; signal 1; clean up; quit; end 0"},
      {"an end of input that comes alone",
       {"say option data", "say option reason", "say run", "eof", "exit 0", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; signal 1; clean up; stopped its input ended; quit; end 0"},
      {"nor a deadline",
       {"say option data", "say option reason", "say option deadline=5", "say run", "wait 5000", "exit 0", "gone",
        "drained"},
       "OK; OK; OK; start staprun [] framed; OK; signal 1; clean up; quit; end 0"},
      {"nor what comes after the runner's own end",
       {"say option data", "say option reason", "say run", "exit 0", "stop", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; signal 15 to all; clean up; quit; end 0"},
      {"nor where it was not asked",
       {"say option data", "say run", "stop", "exit 0", "gone", "drained"},
       "OK; start staprun [] framed; OK; signal 1; clean up; quit; end 0"},
  });
}

TEST(AgentSession, EveryExitCodeArrives) {
  for (int code = 0; code < 256; ++code) {
    const std::string text = std::to_string(code);
    AgentDriver agent(settings());
    agent.run({"say option data", "say option exit", "say run", "exit " + text, "gone"});
    EXPECT_EQ(agent.run({"drained"}), "clean up; exit " + text + "; quit; end " + text);
  }
}

TEST(AgentSession, EverySignalReachesTheRunner) {
  for (int signo = 1; signo <= 64; ++signo) {
    AgentDriver agent(settings());
    agent.run({"say run"});
    EXPECT_EQ(agent.run({"say signal " + std::to_string(signo)}), "signal " + std::to_string(signo));
  }
}

TEST(AgentSession, SaysNothingThatCouldBeTakenForOutputWhileARunnerLives) {
  for (const std::string_view line : {"stap 5.6", "stap 1.4", "option data", "run", "arg 0", "file 0 a", "dance", "",
                                      "signal x", "run =zz", "option", "stap"}) {
    SCOPED_TRACE(line);
    AgentDriver agent(settings());
    agent.run({"say run"});
    agent.step("say " + std::string(line));
    EXPECT_EQ(agent.take_text(), "");
  }
  check({
      {"a debug line, with frames",
       {"say stap 5.6", "say option verbose", "say option data", "say run", "say dance"},
       "stapsh 5.6 x86_64 6.1; OK; OK; start staprun [] framed; OK; (stapsh: runner starts: staprun); (stapsh: unknown "
       "command: dance)"},
      {"standard error, without",
       {"say stap 5.6", "say option verbose", "say run", "say dance"},
       "stapsh 5.6 x86_64 6.1; OK; start staprun []; OK; report runner starts: staprun; report unknown command: dance"},
  });
}

TEST(AgentSession, EndOfInputInMidDataIsReportedAndFails) {
  check({
      {"of a file",
       {"bytes file 5 a\\nxy", "eof"},
       "create a 5; write xy; report end of input, 3 bytes before the end of a; clean up; end 1"},
      {"of an arg",
       {"bytes arg 5\\nxy", "eof"},
       "report end of input, 3 bytes before the end of DATA; clean up; end 1"},
      {"while a runner lives",
       {"say run", "bytes file 5 a\\nxy", "eof", "exit 0", "gone", "drained"},
       "start staprun []; OK; report end of input, 3 bytes before the end of a; signal 1; clean up; end 0"},
      {"a peer that is gone", {"bytes file 5 a\\nxy", "peer gone"}, "create a 5; write xy; clean up; end 1"},
  });
}

TEST(AgentSession, DebugTextFollowsTheVerbosity) {
  AgentSettings verbose = settings();
  verbose.verbose = 1;
  EXPECT_EQ(
      run({"say stap 5.6", "say run", "eof", "exit 0", "gone", "drained"}, verbose),
      "stapsh 5.6 x86_64 6.1; report client speaks 5.6, released dialect; start staprun []; OK; "
      "report runner starts: staprun; report end of input; signal 1; report runner ended with 0; clean up; end 0");
}

TEST(AgentSession, SaysWhatIsLeftWhereThatWasAsked) {
  check({
      {"clean",
       {"say option data", "say option proof", "say run", "exit 0", "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; clean up; clean; quit; end 0"},
      {"clean, and the code",
       {"say option data", "say option exit", "say option proof", "say quit"},
       "OK; OK; OK; clean up; clean; exit 0; quit; end 0"},
      {"no frames, no lines", {"say option proof", "say quit"}, "OK; clean up; end 0"},
  });
  AgentDriver agent(settings());
  agent.left = {{"process", "42"}, {"module", "stap_1"}};
  EXPECT_EQ(agent.run({"say option data", "say option proof", "say quit"}),
            "OK; OK; clean up; report left behind: process 42; report left behind: module stap_1; left process 42; "
            "left module stap_1; quit; end 0");
}

TEST(AgentSession, SweepsOnlyWhileNoRunnerLives) {
  check({
      {"once, and again",
       {"bytes sweep\\nsweep\\nstap 5.6\\n"},
       "sweep; OK removed=2 left=1; sweep; OK removed=2 left=1; stapsh 5.6 x86_64 6.1"},
      {"after a session of the client's", {"say sweep a1b2c3d4e5"}, "sweep a1b2c3d4e5; OK removed=2 left=1"},
      {"with a runner", {"say run", "say sweep"}, "start staprun []; OK"},
      {"not in the rfc dialect", {"say stap 1.4", "say sweep"}, "stapsh 5.6 x86_64 6.1; report sweep: not now"},
  });
}

TEST(AgentSession, WhatASweepHasToSayComesBeforeItsAnswer) {
  AgentDriver agent(settings());
  agent.sweep_notes = {"/tmp/stapsh.x: its files\nwere removed", "b"};
  EXPECT_EQ(agent.run({"say sweep"}),
            "sweep; stapsh: sweep: /tmp/stapsh.x: its files were removed; stapsh: sweep: b; OK removed=2 left=1");
}

TEST(AgentSession, ASessionsNameIsTakenBeforeItsFirstFile) {
  AgentDriver agent(settings());
  EXPECT_EQ(agent.run({"say option session=a1b2c3d4e5"}), "OK");
  EXPECT_EQ(agent.session.session_id(), "a1b2c3d4e5");
  EXPECT_EQ(agent.run({"say option session=../b2c3d4", "say option session=short", "say option session"}),
            "ERROR: option session: an id is ten letters or digits; "
            "ERROR: option session: an id is ten letters or digits; ERROR: option session: needs a value");
  EXPECT_EQ(agent.run({"bytes file 0 a.bo\\noption session=0000000000\\n"}),
            "create a.bo 0; commit; OK; ERROR: option session: say it before the first file and the first run");
  EXPECT_EQ(agent.session.session_id(), "a1b2c3d4e5");
}

TEST(AgentSession, GivesARunnerTheVariablesOfItsList) {
  AgentDriver agent(settings());
  EXPECT_EQ(agent.run({"say option env=BPFTRACE_STRLEN=3d64", "say option env=BPFTRACE_COLOR=3dnever",
                       "say option env=BPFTRACE_STRLEN=3D1=20=3d", "bytes file 0 a.bt\\n", "say run"}),
            "OK; OK; OK; create a.bt 0; commit; OK; start bpftrace [] BPFTRACE_COLOR=never BPFTRACE_STRLEN=1 =; OK");
  EXPECT_EQ(
      AgentDriver(settings())
          .run({"say option env=LD_PRELOAD=3d/x.so", "say option env=PATH=3d/x",
                "say option env=BPFTRACE_STRLEN=3d1=0a2", "say option env", "say option env=", "say option env=a=b"}),
      "ERROR: option env: LD_PRELOAD: no runner is given it; those that bpftrace is given are in rstap(1); "
      "ERROR: option env: PATH: no runner is given it; those that bpftrace is given are in rstap(1); "
      "ERROR: option env: BPFTRACE_STRLEN: a control character in its value; "
      "ERROR: option env: needs a value; ERROR: option env: '' is not NAME=VALUE; "
      "ERROR: option env: '=' without two hex digits in a quoted argument");
  EXPECT_EQ(AgentDriver(settings()).run({"say option env=BPFTRACE_STRLEN=3d64", "say option bpf", "say run"}),
            "OK; OK; ERROR: run: env BPFTRACE_STRLEN: stapbpf is not given it");
}

TEST(AgentSession, NoticesASilentClient) {
  check({
      {"pings when idle, then stops",
       {"say option data", "say option keepalive=9", "say run", "wait 2999", "wait 1", "wait 3000", "wait 3000"},
       "OK; OK; start staprun [] framed; OK; (ping); (ping); signal 1"},
      {"what is heard counts",
       {"say option data", "say option keepalive=9", "wait 3000", "say ping", "wait 3000", "wait 3000", "say ping",
        "wait 3000"},
       "OK; OK; (ping); (ping); (ping); (ping)"},
      {"without frames it says nothing",
       {"say option keepalive=9", "say run", "wait 3000", "wait 3000", "wait 3000"},
       "OK; start staprun []; OK; signal 1"},
      {"a client that was lost before its run", {"say option keepalive=9", "wait 9000"}, "OK; clean up; end 0"},
      {"the rungs come as ever",
       {"say option data", "say option keepalive=9", "say run", "say quit", "wait 3000", "wait 2000", "exit 143",
        "gone", "drained"},
       "OK; OK; start staprun [] framed; OK; signal 1; (ping); signal 15; clean up; quit; end 143"},
  });
}

TEST(AgentSession, HoldsTheDeadlineWhenNobodyCanSayStop) {
  check({
      {"from the run on",
       {"say option deadline=60", "wait 99000", "say run", "wait 59999", "wait 1", "wait 5000"},
       "OK; start staprun []; OK; signal 1; signal 15"},
      {"a stop before it is not disturbed",
       {"say option deadline=60", "say run", "say quit", "exit 0", "gone", "drained", "wait 60000"},
       "OK; start staprun []; OK; signal 1; clean up; end 0"},
  });
}

TEST(AgentSession, NothingAfterItsEndMeansAnything) {
  EXPECT_EQ(run({"say quit", "say stap 5.6", "eof", "stop", "peer gone", "exit 1", "gone", "progress", "drained",
                 "wait 99999"}),
            "clean up; end 0");
}

TEST(AgentSession, OnAStreamThatOutlivesItsClientASecondHelloIsAnotherClients) {
  AgentSettings port = settings();
  port.stream_outlives_client = true;
  check({{"an idle session ends", {"say stap 5.6", "say stap 4.8"}, "stapsh 5.6 x86_64 6.1; clean up; end 0"},
         {"a runner is stopped, and not answered for",
          {"say stap 5.6", "say run", "say stap 4.8", "exit 0", "gone", "drained"},
          "stapsh 5.6 x86_64 6.1; start staprun []; OK; signal 1; clean up; end 0"},
         {"but not in DATA",
          {"say stap 5.6", "bytes file 9 a\\nstap 4.8\\n"},
          "stapsh 5.6 x86_64 6.1; create a 9; write stap 4.8\\n; commit; OK"},
         {"unless nothing follows it there",
          {"say stap 5.6", "bytes file 99 a\\nhalfstap 4.8\\n", "wait 999", "wait 1"},
          "stapsh 5.6 x86_64 6.1; create a 99; write halfstap 4.8\\n; clean up; end 1"},
         {"and if something does it was content",
          {"say stap 5.6", "bytes file 20 a\\nstap 4.8\\n", "wait 999", "bytes x", "wait 5000"},
          "stapsh 5.6 x86_64 6.1; create a 20; write stap 4.8\\nx"},
         {"nor the end of one file before the next",
          {"say stap 5.6", "bytes file 9 a\\nstap 4.8\\nfile 5 b\\n", "wait 5000"},
          "stapsh 5.6 x86_64 6.1; create a 9; write stap 4.8\\n; commit; OK; create b 5"},
         {"half a line before it",
          {"say stap 5.6", "bytes option da", "say stap 4.8"},
          "stapsh 5.6 x86_64 6.1; clean up; end 0"},
         {"half a line that with it would be a command",
          {"say stap 5.6", "bytes file 100 ab", "say stap 4.8"},
          "stapsh 5.6 x86_64 6.1; clean up; end 0"},
         {"words that are a run are one",
          {"say stap 5.6", "say run stap 4.8"},
          "stapsh 5.6 x86_64 6.1; start staprun [stap,4.8]; OK"},
         {"DATA that ends within it",
          {"say stap 5.6", "bytes file 9 a\\nhalf", "say stap 4.8"},
          "stapsh 5.6 x86_64 6.1; create a 9; write halfstap ; commit; OK; clean up; end 0"}},
        port);
  check({{"on other streams it is an error",
          {"bytes option da", "say stap 4.8"},
          "ERROR: option: needs one word, its name"},
         {"or content", {"bytes file 99 a\\nhalfstap 4.8\\n", "wait 5000"}, "create a 99; write halfstap 4.8\\n"}});
  AgentSession session(port);
  const std::string_view bytes = "stap 5.6\nstap 4.8\r\noption data\n";
  EXPECT_EQ(session.on_bytes(bytes, TimePoint()), bytes.find("option"));
  EXPECT_EQ(session.next_hello(), "stap 4.8\r\n");
  EXPECT_EQ(session.on_bytes("option data\n", TimePoint()), 0u);
}

// Its workspace has another name by then.
TEST(AgentSession, IsNotNamedAfterARunThatFailed) {
  AgentDriver driver{AgentSettings{}};
  driver.feed("stap 4.8\n");
  driver.next_failure = "start";
  driver.feed("run x\n");
  driver.take_text();
  driver.feed("option session=abcdefghij\n");
  EXPECT_NE(driver.take_text().find("ERROR: option session: say it before the first file and the first run"),
            std::string::npos);
  EXPECT_FALSE(driver.session.session_id());
}

}  // namespace
}  // namespace stapsh
