// SPDX-License-Identifier: Apache-2.0
#include "session/client_session.h"

#include <gtest/gtest.h>

#include "session/client_driver.h"

namespace stapsh {
namespace {

using Steps = std::initializer_list<std::string_view>;

constexpr std::string_view kHello = "say stapsh 5.6 x86_64 6.1";
const std::string kStray =
    "; what else writes to its connection there (a job in the background of a login shell's start file)?";

// The steps of a way to a phase. Ours: an agent that takes `option exit`. Old: one that does not.
ClientDriver ours_connected(const ClientSettings& with = {}) {
  ClientDriver client(with);
  client.run({"connect", kHello, "say OK", "say OK"});
  return client;
}
ClientDriver ours_ready() {
  ClientDriver client = ours_connected();
  client.run({"module", "say OK"});
  return client;
}
ClientDriver ours_running() {
  ClientDriver client = ours_ready();
  client.run({"start", "say OK"});
  return client;
}
ClientSettings rich() {
  ClientSettings settings;
  settings.transport_is_rich = true;
  return settings;
}
ClientDriver old_connected(const ClientSettings& with = {}) {
  ClientDriver client(with);
  client.run({"connect", kHello, "say ERROR: Invalid option"});
  if (!with.transport_is_rich) client.run({"say OK"});
  return client;
}
ClientDriver old_starting(const ClientSettings& with = {}) {
  ClientDriver client = old_connected(with);
  client.run({"module", "say OK", "start"});
  return client;
}
ClientDriver old_running(const ClientSettings& with = {}) {
  ClientDriver client = old_starting(with);
  client.run({"say OK"});
  return client;
}

TEST(ClientSession, ASessionWithOurAgent) {
  ClientDriver client({});
  EXPECT_EQ(client.run({"connect"}), "send stap 5.6\\n");
  EXPECT_EQ(client.run({kHello}), "send option exit\\n");
  EXPECT_EQ(client.run({"say OK"}), "send option data\\n");
  EXPECT_EQ(client.run({"say OK"}), "connected 5.6 x86_64 6.1");
  EXPECT_EQ(client.run({"module"}), "send file 3 a.bo\\n; send file 0");
  EXPECT_EQ(client.run({"say OK"}), "ready");
  EXPECT_EQ(client.run({"start"}), "send run ./a.bo\\n");
  EXPECT_EQ(client.run({"say OK"}), "started");
  EXPECT_EQ(client.run({"bytes data stdout 6\\nhello\\n"}), "stdout hello\\n");
  EXPECT_EQ(client.run({"bytes data stderr 2\\nno"}), "stderr no");
  EXPECT_EQ(client.run({"say exit 3"}), "");
  EXPECT_EQ(client.run({"say quit"}), "ended 3");
  EXPECT_EQ(client.run({"end 3", "stop", "abandon", "wait 900000", "progress", "no module"}), "");
}

TEST(ClientSession, AsksOurAgentEverythingAtOnce) {
  ClientSettings settings;
  settings.want_time = true;
  settings.verbose = 2;
  settings.grace = "0.5";
  ClientDriver client(settings);
  EXPECT_EQ(client.run({"connect", kHello, "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option verbose\\n; "
            "send option verbose\\n; send option time\\n; send option grace=0.5\\n");
  EXPECT_EQ(client.run({"bytes OK\\nOK\\nOK\\nOK\\nOK\\n"}), "connected 5.6 x86_64 6.1");
}

TEST(ClientSession, WhereTheAgentIsOursForSureItIsAskedAlongWithTheHello) {
  ClientSettings settings;
  settings.agent_is_ours = true;
  ClientDriver client(settings);
  EXPECT_EQ(client.run({"connect"}), "send stap 5.6\\n; send option exit\\n");
  EXPECT_EQ(client.run({kHello, "say OK"}), "send option data\\n");
  EXPECT_EQ(client.run({"say OK"}), "connected 5.6 x86_64 6.1");
}

// What speaks before its hello answers nothing.
TEST(ClientSession, NoAnswerStandsBeforeAHello) {
  ClientSettings settings;
  settings.agent_is_ours = true;
  ClientDriver liar(settings);
  EXPECT_EQ(liar.run({"connect", "say OK", "say OK"}).find("connected"), std::string::npos);
  ClientDriver refusing(settings);
  EXPECT_NE(refusing.run({"connect", "say ERROR: too many sessions", "end"}).find("too many sessions"),
            std::string::npos);
}

TEST(ClientSession, KnowsBetweenWhichMomentsAnAgentLookedAtItsClock) {
  ClientSettings settings;
  settings.want_clock = true;
  settings.grace = "0.5";
  ClientDriver client(settings);
  EXPECT_EQ(client.run({"connect", kHello, "wait 1000", "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option clock\\n; "
            "send option grace=0.5\\n");
  // What is answered before it says nothing of when it was asked.
  EXPECT_EQ(client.run({"wait 1", "say OK", "wait 2", "say OK clock=1790000000.000000007", "wait 9", "say OK"}),
            "connected 5.6 x86_64 6.1, clock 1790000000.000000007 between 1000000000 and 1003000000");
}

TEST(ClientSession, AsksForRunnersTogetherWithTheOtherOptionsAndLast) {
  ClientSettings settings;
  settings.want_runners = true;
  settings.want_clock = true;
  ClientDriver client(settings);
  EXPECT_EQ(client.run({"connect", kHello, "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option clock\\n; "
            "send option runners\\n");
  EXPECT_EQ(client.run({"say OK", "say OK clock=1790000000.000000007"}), "");
  EXPECT_EQ(client.run({"say OK runners=staprun:4.8,bpftrace:denied"}).substr(0, 24), "connected 5.6 x86_64 6.1");
}

TEST(ClientSession, TellsWhatTheMachineOffersWhereItWasAsked) {
  ClientSettings settings;
  settings.want_environment = true;
  ClientDriver client(settings);
  client.run({"connect", kHello, "say OK"});
  EXPECT_EQ(client.run({"say OK", "say OK environment=uid:0,folder:/tmp"}), "connected 5.6 x86_64 6.1");
  ClientDriver unasked{ClientSettings()};
  unasked.run({"connect", kHello, "say OK"});
  EXPECT_NE(unasked.run({"say OK environment=uid:0"}).find("which is no line of the protocol here"), std::string::npos);
  ClientDriver older(settings);
  older.run({"connect", kHello, "say OK", "say OK"});
  EXPECT_EQ(older.run({"say ERROR: Invalid option: environment"}), "connected 5.6 x86_64 6.1");
}

TEST(ClientSession, ARunnerThatIsSlowToSayItsVersionIsNoAgentThatDoesNotAnswer) {
  ClientSettings settings;
  settings.want_runners = true;
  settings.connect_timeout = std::chrono::seconds(1);
  ClientDriver client(settings);
  client.run({"connect", kHello, "say OK", "wait 999", "say OK"});
  EXPECT_EQ(client.run({"wait 59999"}), "");
  EXPECT_EQ(client.run({"wait 1"}), "close; failed: the agent does not answer");
}

TEST(ClientSession, SendsNothingToWhoHasNoRunnerForIt) {
  struct Case {
    std::string_view answer, module, want;
  };
  const Case cases[] = {
      {"say OK runners=none", "module bpftrace", "close; failed: it has no bpftrace; install bpftrace there"},
      {"say OK runners=staprun:denied", "module staprun",
       "close; failed: its user may not execute staprun; add the user to the group stapusr, or connect as root"},
      {"say OK runners=bpftrace:unknown", "module bpftrace", "send file 3 a.bo\\n; send file 0"},
      // Of before that option, and who takes it and does not know what it is.
      {"say ERROR: Invalid option: runners", "module bpftrace", "send file 3 a.bo\\n; send file 0"},
      {"say OK", "module bpftrace", "send file 3 a.bo\\n; send file 0"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.answer);
    ClientSettings settings;
    settings.want_runners = true;
    ClientDriver client(settings);
    client.run({"connect", kHello, "say OK", "say OK", c.answer});
    EXPECT_EQ(client.run({c.module}), c.want);
  }
}

TEST(ClientSession, SendsNoModuleToAStaprunOfTheOtherSideOfFive) {
  ClientSettings settings;
  settings.want_runners = true;
  ClientDriver client(settings);
  client.run({"connect", kHello, "say OK", "say OK", "say OK runners=staprun:5.6"});
  client.upload.built_by = "4.8";
  EXPECT_EQ(client.run({"module staprun"}).substr(0, 86),
            "close; failed: the module was built by systemtap 4.8, and its staprun is 5.6: they don");
}

TEST(ClientSession, DoesWithoutTheClockOfAnAgentThatDoesNotTellIt) {
  ClientSettings settings;
  settings.want_clock = true;
  const auto asking = [&] {
    ClientDriver client(settings);
    client.run({"connect", kHello, "say OK", "say OK"});
    return client;
  };
  EXPECT_EQ(asking().run({"say ERROR: Invalid option: clock"}), "connected 5.6 x86_64 6.1");
  EXPECT_EQ(asking().run({"say OK"}), "connected 5.6 x86_64 6.1");
  EXPECT_EQ(asking().run({"say OK clock=noon"}),
            "close; failed: the agent sent 'OK clock=noon', which is no line of the protocol here");
  EXPECT_EQ(ClientDriver(settings).run({"connect", kHello, "say OK clock=1790000000.000000007"}),
            "send stap 5.6\\n; send option exit\\n; close; failed: the agent sent 'OK clock=1790000000.000000007', "
            "which is no line of the protocol here");
}

TEST(ClientSession, AsksAReleasedAgentOneThingAtATime) {
  ClientSettings settings;
  settings.verbose = 1;
  settings.want_time = true;
  settings.grace = "0.5";
  ClientDriver client(settings);
  EXPECT_EQ(client.run({"connect", kHello}), "send stap 5.6\\n; send option exit\\n");
  EXPECT_EQ(client.run({"say ERROR: Invalid option"}), "send option data\\n");
  EXPECT_EQ(client.run({"say OK"}), "send option verbose\\n");
  EXPECT_EQ(client.run({"say OK"}), "connected 5.6 x86_64 6.1");
  client.upload.files = {{"a.ko", 1}, {"a.ko.sgn", 2}};
  EXPECT_EQ(client.run({"module"}), "send file 1 a.ko\\n; send file 0");
  EXPECT_EQ(client.run({"say OK"}), "send file 2 a.ko.sgn\\n; send file 1");
  EXPECT_EQ(client.run({"say OK"}), "ready");
}

TEST(ClientSession, AsksNoFramesOfAReleasedAgentWhereTheTransportIsRich) {
  ClientDriver client(rich());
  EXPECT_EQ(client.run({"connect", kHello, "say ERROR: Invalid option"}),
            "send stap 5.6\\n; send option exit\\n; connected 5.6 x86_64 6.1");
  EXPECT_EQ(client.run({"module", "say OK", "start", "bytes OK\\nquit\\n", "bytes data stdout 5\\n", "end 3"}),
            "send file 3 a.bo\\n; send file 0; ready; send run ./a.bo\\n; started; "
            "stdout quit\\ndata stdout 5\\n; ended 3");
}

// Of a module that its agent takes for a kernel's, all that was seen was a run without output and without an exit code.
TEST(ClientSession, AReleasedAgentIsAskedForTheRunnerBeforeItIsSentAnything) {
  EXPECT_EQ(old_connected().run({"module stapbpf"}), "send option bpf\\n");
  EXPECT_EQ(old_connected().run({"module stapbpf", "say OK", "say OK", "start"}),
            "send option bpf\\n; send file 3 a.bo\\n; send file 0; ready; send run ./a.bo\\n");
  EXPECT_EQ(old_connected(rich()).run({"module stapdyn", "say OK"}),
            "send option dyninst\\n; send file 3 a.bo\\n; send file 0");
  EXPECT_EQ(old_connected().run({"module stapbpf", "stop", "say OK"}), "send option bpf\\n; close");
  EXPECT_EQ(old_connected().run({"module stapbpf", "wait 60000"}),
            "send option bpf\\n; close; failed: the agent does not answer");
  EXPECT_EQ(ours_connected().run({"module bpftrace"}), "send file 3 a.bo\\n; send file 0");
}

TEST(ClientSession, AReleasedAgentWithoutTheRunnerIsSentNothing) {
  const std::string advice = "; put ours there: by --bootstrap over ssh, or copy the one file stapsh to the target";
  EXPECT_EQ(old_connected().run({"module stapbpf", "say ERROR: Invalid option"}),
            "send option bpf\\n; close; failed: its stapsh is systemtap's (5.6), which can't start stapbpf" + advice);
  EXPECT_EQ(old_connected().run({"module bpftrace"}),
            "close; failed: its stapsh is systemtap's (5.6), which can't start bpftrace" + advice);
  EXPECT_EQ(ClientDriver({}).run({"connect", "say stapsh 2.3 x86_64 3.0", "module stapbpf"}),
            "send stap 5.6\\n; connected 2.3 x86_64 3.0; close; failed: its stapsh is systemtap's (2.3), which can't "
            "start stapbpf (5.1's can)" +
                advice);
  EXPECT_EQ(ClientDriver({}).run({"connect", "say stapsh 1.4 x86_64 3.0", "module stapdyn"}),
            "send stap 5.6\\n; connected 1.4 x86_64 3.0; close; failed: its stapsh is systemtap's (1.4), which can't "
            "start stapdyn" +
                advice);
}

TEST(ClientSession, WhetherOutputCameIsKnownWhereTheCodeIsNot) {
  ClientDriver silent = old_running();
  EXPECT_EQ(silent.run({"say data stdout 0", "say quit"}), "ended ?");
  EXPECT_FALSE(silent.outcome->has_output);
  ClientDriver speaking = old_running();
  EXPECT_EQ(speaking.run({"bytes data stdout 2\\nhi", "say quit"}), "stdout hi; ended ?");
  EXPECT_TRUE(speaking.outcome->has_output);
}

TEST(ClientSession, ACodeOfWhatCarriesTheBytesIsNotTheRunners) {
  ClientSettings raw;
  raw.force_rfc = true;
  EXPECT_EQ(ClientDriver(raw).run({"connect", kHello, "module", "start", "end 0"}),
            "send stap 1.4\\n; connected 5.6 x86_64 6.1; send file 3 a.bo\\n; send file 0; ready; send arg "
            "6\\n./a.borun\\n; started; ended ?");
  EXPECT_EQ(old_starting().run({"end 0"}), "ended ?");
}

TEST(ClientSession, DoesWithoutOptionsThatTheAgentHasNot) {
  struct Case {
    std::string_view hello, want;
  };
  const Case cases[] = {
      {"say stapsh 1.5 x86_64 3.0", "send stap 5.6\\n; connected 1.5 x86_64 3.0"},
      {"say stapsh 2.3 x86_64 3.0", "send stap 5.6\\n; connected 2.3 x86_64 3.0"},
      {"say stapsh 2.4 x86_64 3.0", "send stap 5.6\\n; send option exit\\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.hello);
    EXPECT_EQ(ClientDriver({}).run({"connect", c.hello}), c.want);
  }
}

TEST(ClientSession, SpeaksTheRfcDialect) {
  ClientSettings forced = rich();
  forced.force_rfc = true;
  for (const bool by_version : {false, true}) {
    ClientDriver client(by_version ? rich() : forced);
    client.upload.run_args = {"-v", "", "a b"};
    EXPECT_EQ(client.run({"connect"}), by_version ? "send stap 5.6\\n" : "send stap 1.4\\n");
    EXPECT_EQ(client.run({by_version ? "say stapsh 1.4 x86_64 3.0" : "say stapsh 5.6 x86_64 3.0"}),
              by_version ? "connected 1.4 x86_64 3.0" : "connected 5.6 x86_64 3.0");
    EXPECT_EQ(client.run({"module", "start"}),
              "send file 3 a.bo\\n; send file 0; ready; send arg 2\\n-varg 0\\narg 3\\na brun\\n; started");
    EXPECT_EQ(client.run({"bytes OK\\nhi"}), "stdout OK\\nhi");
    EXPECT_EQ(client.run({"stop", "stop", "bytes bye\\n", "end 0"}), "close; stdout bye\\n; ended 0");
  }
}

TEST(ClientSession, ShowsWhatALoginShellSaysBeforeTheHello) {
  EXPECT_EQ(ClientDriver({}).run({"connect", "say Welcome to web01!", "say ", "say OK", "say quit", "say exit 3",
                                  "say data stdout 3", "say ERROR: no", "say \x1b[2J", "say stapsh 4.8 x86_64",
                                  "bytes last: \\r\\n", kHello}),
            "send stap 5.6\\n; note Welcome to web01!; note OK; note quit; note exit 3; note data stdout 3; "
            "note ERROR: no; note ?[2J; note stapsh 4.8 x86_64; note last: ; send option exit\\n");
  ClientDriver endless({});
  endless.step("connect");
  while (!endless.outcome) endless.step("say " + std::string(1000, 'x'));
  EXPECT_EQ(outcome_text(*endless.outcome), "failed: no hello from stapsh in 65536 bytes, the last line was '" +
                                                std::string(200, 'x') + "...'; what runs there?");
  ClientDriver one_line({});
  one_line.step("connect");
  while (!one_line.outcome) one_line.step("bytes " + std::string(1000, 'x'));
  EXPECT_EQ(outcome_text(*one_line.outcome),
            "failed: no hello from stapsh, but a line without an end; what runs there?");
}

// A start file that sets a terminal's title prints it without an end.
TEST(ClientSession, FindsTheHelloBehindTextWithoutAnEnd) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"\\x1b]0;x\\x07stapsh 5.6 x86_64 6.1\\n", "note ?]0;x?; send option exit\\n"},
      {"Password: stapsh 5.6 x86_64 6.1\\r\\n", "note Password: ; send option exit\\n"},
      {"stapsh stapsh 5.6 x86_64 6.1\\n", "note stapsh ; send option exit\\n"},
      {"usage: stapsh VERSION MACHINE RELEASE\\n", "note usage: stapsh VERSION MACHINE RELEASE"},
      {"$ stapsh 5.6 x86_64\\n", "note $ stapsh 5.6 x86_64"},
      {"$ stapsh 5.6 x86_64 6.1 and more\\n", "note $ stapsh 5.6 x86_64 6.1 and more"},
      {"hi stapsh 5.6 x86_64 ../6\\n", "note hi ; close; failed: the agent says it runs on '../6'; it does not"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    ClientDriver whole({});
    whole.run({"connect"});
    EXPECT_EQ(whole.run({"bytes " + std::string(c.text)}), c.want);
    ClientDriver bytes({});
    bytes.run({"connect"});
    for (const char byte : unescape(c.text)) bytes.feed(std::string(1, byte));
    EXPECT_EQ(bytes.take_text(), c.want);
  }
}

TEST(ClientSession, SaysWhatWasPrintedInsteadOfAHello) {
  ClientSettings settings;
  settings.speaker = "the account";
  const auto ends = [&](std::initializer_list<std::string_view> steps) {
    ClientDriver client(settings);
    client.run({"connect"});
    client.run(steps);
    return outcome_text(*client.outcome);
  };
  const std::string none = "failed: no hello from stapsh: the account prints ";
  EXPECT_EQ(ends({"say Welcome", "bytes This account is not available.\\r\\n \\n", "end 1"}),
            none + "\"This account is not available.\"");
  EXPECT_EQ(ends({"say Welcome", "bytes Pass\\x1b[0mword: ", "end"}), none + "\"Pass?[0mword: \"");
  EXPECT_EQ(ends({"say Welcome", "lost"}), none + "\"Welcome\"; connection reset");
  const std::string late = "failed: no hello from stapsh within the connect timeout";
  EXPECT_EQ(ends({"bytes (initramfs) ", "wait 30000"}), late + ": the account prints \"(initramfs) \"");
  EXPECT_EQ(ends({"bytes  \\n", "wait 30000"}), late + "; raise --connect-timeout");
}

TEST(ClientSession, ShowsNothingThatMayQuoteASecret) {
  for (const std::string_view ending : {"say sh: horse: not found", "bytes horse"}) {
    ClientDriver client({});
    client.run({"connect", "say Welcome"});
    client.session.conceal_noise();
    std::string said = client.run({ending});
    said += client.run({"end 1"});
    if (client.outcome) said += outcome_text(*client.outcome);
    EXPECT_EQ(said.find("horse"), std::string::npos) << said;
    EXPECT_NE(said.find("(not shown: a password or a code was sent)"), std::string::npos) << said;
  }
}

TEST(ClientSession, ConnectsWithinItsTimeoutOrNotAtAll) {
  ClientDriver client({});
  client.run({"connect", "wait 20000", kHello, "wait 9000", "say OK"});
  EXPECT_EQ(client.run({"wait 999"}), "");
  EXPECT_EQ(client.run({"wait 1"}), "close; failed: the agent does not answer");
}

TEST(ClientSession, KnowsASignalFromAnExitCode) {
  ClientSettings settings;
  settings.want_signal = true;
  const auto ends = [&](std::string_view exit) {
    ClientDriver client(settings);
    client.run({"connect", kHello, "say OK", "say OK", "say OK", "module", "say OK", "start", "say OK"});
    return client.run({exit, "say quit"});
  };
  EXPECT_EQ(ends("say exit 137"), "ended 137");
  EXPECT_EQ(ends("say exit 137 signal 9"), "ended 137 by signal 9");
  EXPECT_EQ(ends("say exit 255"), "ended 255");
  EXPECT_EQ(ends("say exit 137 signal 8"),
            "close; failed: the agent sent 'exit 137 signal 8', which is no line of the protocol here" + kStray);
}

TEST(ClientSession, RefusesAHelloThatCouldNotBeAWordOfACommand) {
  for (const std::string_view hello : {"say stapsh 5.6 x86_64 ../6.1", "say stapsh 5.6 -x 6.1"}) {
    ClientDriver client({});
    client.run({"connect", hello});
    ASSERT_TRUE(client.outcome);
    EXPECT_EQ(client.outcome->kind, Outcome::Kind::kFailed);
  }
}

TEST(ClientSession, EverySplitOfWhatTheAgentSaysIsTheSame) {
  const std::string_view bytes =
      "OK\n"
      "data stdout 6 1790000000.000000007\nhello\n"
      "stapsh: a note\n"
      "data stderr 5\nquit\n"
      "ping\n"
      "data stdout 0\n"
      "data stdout 1\nx"
      "exit 137\nquit\n";
  const std::string want =
      "started; stdout at 1790000000000000007 hello\\n; note  a note; stderr quit\\n; stdout x; ended 137";
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      ClientDriver client = ours_ready();
      client.run({"start"});
      client.feed(bytes.substr(0, first));
      client.feed(bytes.substr(first, second - first));
      client.feed(bytes.substr(second));
      ASSERT_EQ(client.take_text(), want) << first << ' ' << second;
    }
  }
}

TEST(ClientSession, AnErrorEndsThePhaseItComesIn) {
  EXPECT_EQ(ours_connected().run({"module", "say ERROR: file a.bo: No space left on device"}),
            "send file 3 a.bo\\n; send file 0; close; failed: file a.bo: No space left on device");
  EXPECT_EQ(ours_ready().run({"start", "say ERROR: run: stapbpf: not found"}),
            "send run ./a.bo\\n; close; failed: run: stapbpf: not found");
  EXPECT_EQ(ours_running().run({"say ERROR: x"}),
            "close; failed: the agent sent 'ERROR: x', which is no line of the protocol here");
  EXPECT_EQ(ours_connected().run({"no module"}), "close; failed: the script does not build");
}

TEST(ClientSession, AnErrorWithoutATextIsOneToo) {
  EXPECT_EQ(ours_connected().run({"module", "say ERROR: "}),
            "send file 3 a.bo\\n; send file 0; close; failed: the agent says ERROR, and not why");
  EXPECT_EQ(ours_ready().run({"start", "say ERROR: "}),
            "send run ./a.bo\\n; close; failed: the agent says ERROR, and not why");
}

TEST(ClientSession, WhatIsNoLineOfTheProtocolEndsIt) {
  struct Case {
    std::string_view name;
    ClientDriver client;
    std::string_view step, sent, guess = {};
  };
  Case cases[] = {
      {"a second hello", ours_connected(), kHello, "stapsh 5.6 x86_64 6.1"},
      {"OK to nothing", ours_connected(), "say OK", "OK"},
      {"a frame too early", ours_ready(), "say data stdout 3", "data stdout 3"},
      {"a frame without a size", ours_running(), "say data stdout", "data stdout", kStray},
      {"an empty line", ours_running(), "say ", "", kStray},
      {"text", ours_running(), "say hi \x1b", "hi ?", kStray},
      {"exit of an old agent", old_running(), "say exit 3", "exit 3"},
  };
  for (Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(c.client.run({c.step}), "close; failed: the agent sent '" + std::string(c.sent) +
                                          "', which is no line of the protocol here" + std::string(c.guess));
  }
  ClientDriver client = ours_running();
  client.step("bytes " + std::string(65'537, 'x'));
  EXPECT_EQ(client.take_text(), "close; failed: the agent sent a line over line-bytes-max (65536)");
}

TEST(ClientSession, AFileOverTheLimitIsNotSent) {
  ClientDriver client = ours_connected();
  client.upload.files = {{"a.ko", 64'000'001}};
  EXPECT_EQ(client.run({"module"}),
            "close; failed: module a.ko: 64000001 bytes, over file-bytes-max (64000000); raise --file-bytes-max on "
            "both ends");
}

TEST(ClientSession, StopInEachPhase) {
  EXPECT_EQ(ClientDriver({}).run({"stop", "connect", "end"}), "close; stopped");
  EXPECT_EQ(ClientDriver({}).run({"connect", "stop", "stop", kHello, "end"}), "send stap 5.6\\n; close; stopped");
  EXPECT_EQ(ClientDriver({}).run({"connect", kHello, "stop", "say OK", "end"}),
            "send stap 5.6\\n; send option exit\\n; close; stopped");
  EXPECT_EQ(ours_connected().run({"stop", "module", "say exit 0", "say quit"}), "close; stopped");
  EXPECT_EQ(ours_connected().run({"module", "stop", "say OK", "say exit 0", "say quit"}),
            "send file 3 a.bo\\n; send file 0; close; stopped");
  EXPECT_EQ(ours_connected().run({"module", "stop", "say ERROR: cut", "lost"}),
            "send file 3 a.bo\\n; send file 0; close; stopped");
  EXPECT_EQ(ours_ready().run({"stop", "start", "say exit 0", "say quit"}), "close; stopped");
  ClientDriver starting = ours_ready();
  EXPECT_EQ(starting.run({"start", "stop", "say OK", "bytes data stdout 3\\nbye", "say exit 0", "say quit"}),
            "send run ./a.bo\\n; send quit\\n; started; stdout bye; ended 0");
  EXPECT_EQ(ours_running().run({"stop", "stop", "bytes data stdout 3\\nbye", "say exit 137", "say quit"}),
            "send quit\\n; send quit\\n; stdout bye; ended 137");
  EXPECT_EQ(old_running().run({"stop", "stop", "say quit"}), "send quit\\n; ended ?");
  EXPECT_EQ(old_running(rich()).run({"stop", "bytes bye", "end 129"}), "send quit\\n; stdout bye; ended 129");
}

TEST(ClientSession, AQuitWaitsForTheOkOfAReleasedAgent) {
  EXPECT_EQ(old_starting().run({"stop", "stop", "say OK", "stop", "say quit"}), "started; send quit\\n; ended ?");
  EXPECT_EQ(old_starting().run({"stop", "say ERROR: x"}), "close; failed: x");
  EXPECT_EQ(old_starting().run({"stop", "wait 30000"}),
            "close; failed: did not confirm the stop; its agent cleans up when it sees the connection end");
}

TEST(ClientSession, AnAgentThatEndsTooEarlyHasFailed) {
  EXPECT_EQ(ours_connected().run({"say exit 0", "say quit"}),
            "close; failed: the agent ended before the runner started");
  EXPECT_EQ(ours_ready().run({"start", "say quit"}),
            "send run ./a.bo\\n; close; failed: the agent ended before the runner started");
}

TEST(ClientSession, TheTransportEndsInEachPhase) {
  EXPECT_EQ(ClientDriver({}).run({"connect", "lost"}),
            "send stap 5.6\\n; close; failed: no hello from stapsh: connection reset");
  EXPECT_EQ(ClientDriver({}).run({"connect", "end 127"}), "send stap 5.6\\n; close; failed: no hello from stapsh");
  EXPECT_EQ(ClientDriver({}).run({"connect", "say ERROR: not you", "end"}),
            "send stap 5.6\\n; note ERROR: not you; close; failed: refused: not you");
  EXPECT_EQ(ClientDriver({}).run({"connect", "say ERROR: not you", "lost"}),
            "send stap 5.6\\n; note ERROR: not you; close; failed: refused: not you");
  const std::string early = "close; failed: the connection ended before the runner started";
  EXPECT_EQ(ours_connected().run({"end"}), early);
  EXPECT_EQ(ours_connected().run({"lost"}), early + ": connection reset");
  EXPECT_EQ(ours_ready().run({"end 0"}), early);
  const std::string late = "close; failed: the connection ended in mid-run";
  EXPECT_EQ(ours_ready().run({"start", "end 0"}), "send run ./a.bo\\n; " + late);
  EXPECT_EQ(ours_running().run({"end 0"}), late);
  EXPECT_EQ(ours_running().run({"bytes data stdout 9\\nabc", "lost"}), "stdout abc; " + late + ": connection reset");
  EXPECT_EQ(ours_running().run({"stop", "lost"}), "send quit\\n; " + late + ": connection reset");
  EXPECT_EQ(old_running().run({"end 0"}), late);
  EXPECT_EQ(old_running(rich()).run({"end 0"}), "ended 0");
  EXPECT_EQ(old_running(rich()).run({"end"}), "ended ?");
  EXPECT_EQ(old_running(rich()).run({"lost"}), late + ": connection reset");
}

TEST(ClientSession, AReleasedAgentMayLoseTheOk) {
  EXPECT_EQ(old_starting(rich()).run({"end 0"}), "ended 0");
  EXPECT_EQ(old_starting().run({"end"}), "ended ?");
  EXPECT_EQ(old_starting().run({"say quit"}), "ended ?");
}

TEST(ClientSession, AReleasedAgentMaySayTheOkTwice) {
  EXPECT_EQ(old_running().run({"say OK", "say quit"}), "ended ?");
  EXPECT_EQ(old_running().run({"bytes data stdout 1\\na", "say OK"}),
            "stdout a; close; failed: the agent sent 'OK', which is no line of the protocol here");
}

TEST(ClientSession, OutputOfAReleasedAgentMayOvertakeTheOk) {
  struct Case {
    std::string_view bytes, want;
  };
  const Case cases[] = {
      {"hello\nOK\nbye\n", "stdout hello\\n; started; stdout bye\\n; ended 3"},
      {"hel\r\nloOK\nbye\n", "stdout hel\\r\\nlo; started; stdout bye\\n; ended 3"},
      {"\n\ndata stdout 5\nquit\nOK\n", "stdout \\n\\ndata stdout 5\\nquit\\n; started; ended 3"},
      {"hello\nwor", "stdout hello\\nwor; ended 3"},
      {"OK\nOK\n", "started; stdout OK\\n; ended 3"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.bytes.size(); ++first) {
      for (std::size_t second = first; second <= c.bytes.size(); ++second) {
        ClientDriver client = old_starting(rich());
        client.feed(c.bytes.substr(0, first));
        client.feed(c.bytes.substr(first, second - first));
        client.feed(c.bytes.substr(second));
        client.step("end 3");
        ASSERT_EQ(client.take_text(), c.want) << first << ' ' << second;
      }
    }
  }
}

TEST(ClientSession, AReleasedAgentMayBeCutOffInMidFrame) {
  const std::string cut = "ended ? (its output is cut short: a fault of this old stapsh)";
  struct Case {
    std::string_view bytes;
    std::string want;
  };
  const Case cases[] = {
      {"data stdout 60\nabcquit\n", "stdout abc; " + cut},
      {"data stdout 60\nquit\n", cut},
      {"data stdout 60quit\n", cut},
      {"data stdout 9\nquit\nabcdquit\n", "stdout quit\\nabcd; ended ?"},
      {"data stdout 5\nquit\nquit\n", "stdout quit\\n; ended ?"},
      {"data stdout 60\nquitquit\n", "stdout quit; " + cut},
      {"data stdout 5\nquit\n", cut},
      {"data stdout 8\nabcquit\n", "stdout abc; " + cut},
      {"data stdout 8\nabcquit\nquit\n", "stdout abcquit\\n; ended ?"},
      {"data stdout 5\nquit\ndata stdout 1\nxquit\n", "stdout quit\\nx; ended ?"},
      {"data stdout 60\nquit\nquit\n", "stdout quit\\n; " + cut},
      {"data stdout 60\nabcqui", "stdout abcqui; close; failed: the connection ended in mid-run"},
      {"data stdout 8\nabcqu", "stdout abcqu; close; failed: the connection ended in mid-run"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.bytes.size(); ++first) {
      for (std::size_t second = first; second <= c.bytes.size(); ++second) {
        ClientDriver client = old_running();
        client.feed(c.bytes.substr(0, first));
        client.feed(c.bytes.substr(first, second - first));
        client.feed(c.bytes.substr(second));
        client.step("end");
        ASSERT_EQ(client.take_text(), c.want) << c.bytes << ' ' << first << ' ' << second;
      }
    }
  }
}

// "quit\n" at the end of what came is no proof of an end where the connection is known to have broken.
TEST(ClientSession, AFrameThatALostConnectionCutsIsAFailure) {
  const std::string lost = "close; failed: the connection ended in mid-run: connection reset";
  EXPECT_EQ(old_running().run({"bytes data stdout 60\\nabcquit\\n", "lost"}), "stdout abcquit\\n; " + lost);
  EXPECT_EQ(old_running().run({"bytes data stdout 8\\nabcquit\\n", "lost"}), "stdout abcquit\\n; " + lost);
  EXPECT_EQ(ours_running().run({"bytes data stdout 60\\nabcquit\\n", "end"}),
            "stdout abcquit\\n; close; failed: the connection ended in mid-run");
}

TEST(ClientSession, ASizeThatNoFrameHasEndsTheSession) {
  const std::string most = std::to_string(kFrameBytesMax), over = std::to_string(kFrameBytesMax + 1);
  for (const bool ours : {false, true}) {
    const auto running = [&] { return ours ? ours_running() : old_running(); };
    EXPECT_EQ(running().run({"say data stdout " + most, "bytes a"}), "stdout a");
    for (const std::string& size : {over, std::string("18446744073709551615")}) {
      EXPECT_EQ(running().run({"say data stdout " + size, "bytes a"}),
                "close; failed: the agent announced a frame of " + size + " bytes; none has more than " + most);
    }
  }
}

TEST(ClientSession, ArgumentsThatNoLineTakesAreSentAsArgs) {
  struct Case {
    std::string_view name;
    ClientDriver client;
    std::vector<std::string> args;
    std::string_view want;
  };
  Case cases[] = {
      {"an empty one, ours", ours_connected(), {"a", ""}, "send arg 1\\naarg 0\\nrun\\n"},
      {"one that fills the line of an old agent", old_connected(), {std::string(4'090, 'x')}, "send <4095 bytes>"},
      {"none", ours_connected(), {}, "send run\\n"},
  };
  for (Case& c : cases) {
    SCOPED_TRACE(c.name);
    c.client.upload.run_args = c.args;
    c.client.run({"module", "say OK"});
    EXPECT_EQ(c.client.run({"start"}), c.want);
  }
}

// Said before anything is sent, and by a dry run, too.
TEST(ClientSession, ArgumentsThatCanNotBeSentAreRefused) {
  struct Case {
    std::string_view name;
    ClientDriver client;
    std::vector<std::string> args;
    std::string_view want;
  };
  Case cases[] = {
      {"an empty one, old",
       old_connected(),
       {"a", ""},
       "close; failed: an empty argument, which this old stapsh can't be told"},
      {"too long a line, old",
       old_connected(),
       {std::string(4'093, 'x')},
       "close; failed: arguments of 4098 bytes, over line-bytes-max (4094) of this old stapsh; shorten them"},
      {"too many, old", old_connected(), std::vector<std::string>(255, "x"),
       "close; failed: 255 arguments, over the agent's args-max (254)"},
      {"too many, ours", ours_connected(), std::vector<std::string>(1'025, "x"),
       "close; failed: 1025 arguments, over the agent's args-max (1024)"},
  };
  for (Case& c : cases) {
    SCOPED_TRACE(c.name);
    c.client.upload.run_args = c.args;
    EXPECT_EQ(c.client.run({"module"}), c.want);
  }
}

TEST(ClientSession, EachArgIsAnsweredBeforeTheRunnerRuns) {
  ClientDriver client = ours_connected();
  client.upload.run_args = {"a", ""};
  client.run({"module", "say OK", "start"});
  EXPECT_EQ(client.run({"say OK", "say OK"}), "");
  EXPECT_EQ(client.run({"say OK"}), "started");
  ClientDriver refused = ours_connected();
  refused.upload.run_args = {"a", ""};
  refused.run({"module", "say OK", "start"});
  EXPECT_EQ(refused.run({"say OK", "say ERROR: arg: too many", "say OK"}), "close; failed: arg: too many");
}

TEST(ClientSession, EachSilenceHasItsBound) {
  ClientDriver connecting({});
  EXPECT_EQ(connecting.run({"connect", "wait 29999", "wait 1"}),
            "send stap 5.6\\n; close; failed: no hello from stapsh within the connect timeout; raise "
            "--connect-timeout");
  const std::string silent = "close; failed: the agent does not answer";
  EXPECT_EQ(ClientDriver({}).run({"connect", kHello, "wait 29999", "wait 1"}),
            "send stap 5.6\\n; send option exit\\n; " + silent);
  EXPECT_EQ(ours_connected().run({"wait 900000"}), "");  // A build takes as long as it takes.
  EXPECT_EQ(ours_connected().run({"module", "wait 59999", "progress", "wait 59999", "wait 1"}),
            "send file 3 a.bo\\n; send file 0; " + silent);
  ClientDriver two = ours_connected();
  two.upload.files.push_back({"b", 0});
  EXPECT_EQ(two.run({"module", "wait 59999", "say OK", "wait 59999"}),
            "send file 3 a.bo\\n; send file 0; send file 0 b\\n; send file 1");
  EXPECT_EQ(two.run({"wait 1"}), silent);
  EXPECT_EQ(ours_ready().run({"wait 900000"}), "");  // So does waiting for the others.
  EXPECT_EQ(ours_ready().run({"start", "wait 60000"}), "send run ./a.bo\\n; " + silent);
  EXPECT_EQ(ours_running().run({"wait 900000"}), "");
  const std::string unconfirmed =
      "close; failed: did not confirm the stop; its agent cleans up when it sees the connection end";
  EXPECT_EQ(ours_running().run({"stop", "wait 29999", "bytes data stdout 1\\nx", "wait 29999", "wait 1"}),
            "send quit\\n; stdout x; " + unconfirmed);
  // One that only lives is waited for longer, but not for ever.
  ClientDriver pinging = ours_running();
  pinging.run({"stop"});
  for (int i = 0; i < 29; ++i) EXPECT_EQ(pinging.run({"wait 10000", "say ping"}), "");
  EXPECT_EQ(pinging.run({"wait 9999", "say ping", "wait 1"}), unconfirmed);
  // So is one that goes on printing.
  const std::string lines = "bytes data stdout 20000\\n" + std::string(20'000, 'x');
  ClientDriver printing = ours_running();
  printing.run({"stop"});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(printing.run({"wait 10000", lines}), "stdout <20000 bytes>");
  // But a trickle earns a minute in all, whatever it consists of.
  ClientDriver trickling = ours_running();
  trickling.run({"stop"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(trickling.run({"wait 10000", "bytes data stdout 1\\nx"}), "stdout x");
  EXPECT_EQ(trickling.run({"wait 9999", "bytes data stdout 1\\nx", "wait 1"}), "stdout x; " + unconfirmed);
  ClientDriver half_a_line = ours_running();
  half_a_line.run({"stop"});
  for (int i = 0; i < 59; ++i) EXPECT_EQ(half_a_line.run({"wait 1000", "bytes x"}), "");
  EXPECT_EQ(half_a_line.run({"bytes x", "wait 1000"}), unconfirmed);
  // An agent that says what its runner is at is waited for; whoever waits with us sets the limit.
  ClientDriver working = ours_running();
  working.run({"stop"});
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(working.run({"wait 10000", "say working bpftrace 3 9"}), "working bpftrace 3 of 9");
  }
  EXPECT_EQ(old_running().run({"stop", "wait 119999"}), "send quit\\n");  // One of a release can't say it.
  EXPECT_EQ(ours_ready().run({"stop", "wait 30000"}), "close; " + unconfirmed);
  EXPECT_EQ(ClientDriver({}).run({"connect", "stop", "wait 30000"}), "send stap 5.6\\n; close; " + unconfirmed);
}

TEST(ClientSession, AsksForProofAndKeepsItWithTheOutcome) {
  ClientSettings settings;
  settings.want_proof = true;
  ClientDriver client(settings);
  EXPECT_EQ(client.run({"connect", kHello, "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option proof\\n");
  EXPECT_EQ(client.run({"bytes OK\\nOK\\n", "stop", "say clean", "say exit 0", "say quit"}),
            "connected 5.6 x86_64 6.1; close; stopped, clean");
  EXPECT_EQ(ours_running().run({"say left process 42", "say left module a\x1b", "say exit 0", "say quit"}),
            "ended 0, left process 42, left module a?");
  EXPECT_EQ(ours_running().run({"say left unknown no /proc", "say left directory /tmp/x", "say exit 0", "say quit"}),
            "ended 0, left unknown no /proc, left directory /tmp/x, unknown");
  EXPECT_EQ(
      ours_running().run({"say left unknown no /proc", "say clean"}),
      "close; failed: the agent sent 'clean', which is no line of the protocol here, left unknown no /proc, unknown");
  EXPECT_EQ(ours_running().run({"say left process 42", "say clean"}),
            "close; failed: the agent sent 'clean', which is no line of the protocol here, left process 42");
  EXPECT_EQ(old_running().run({"say clean"}),
            "close; failed: the agent sent 'clean', which is no line of the protocol here");
}

TEST(ClientSession, TellsARunThatItsAgentCutShort) {
  ClientSettings settings;
  settings.want_reason = true;
  ClientDriver early(settings);
  EXPECT_EQ(early.run({"connect", kHello, "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option reason\\n");
  EXPECT_EQ(early.run({"bytes OK\\nOK\\n", "say stopped signal 15", "say exit 0", "say quit"}),
            "connected 5.6 x86_64 6.1; close; failed: the agent ended before the runner started: signal 15");
  EXPECT_EQ(ours_running().run({"say stopped it\x1b", "say clean", "say exit 0", "say quit"}),
            "failed: the agent ended the run: it?, clean");
  EXPECT_EQ(ours_running().run({"say stopped a", "say stopped b", "say exit 0", "say quit"}),
            "failed: the agent ended the run: a");
  EXPECT_EQ(ours_running().run({"say quit"}), "close; failed: the agent did not say how the runner ended");
  // Both wanted it.
  EXPECT_EQ(ours_running().run({"say stopped signal 15", "stop", "say exit 0", "say quit"}), "send quit\\n; ended 0");
  EXPECT_EQ(old_running().run({"say stopped x"}),
            "close; failed: the agent sent 'stopped x', which is no line of the protocol here");
}

TEST(ClientSession, NoticesASilentAgent) {
  ClientSettings settings;
  settings.keepalive = std::chrono::seconds(9);
  ClientDriver client(settings);
  client.run({"connect", kHello, "say OK", "bytes OK\\nOK\\n"});
  EXPECT_EQ(client.run({"wait 3000", "say ping", "wait 3000", "wait 3000"}),
            "send ping\\n; send ping\\n; send ping\\n");
  EXPECT_EQ(client.run({"wait 2999", "wait 1"}),
            "close; failed: the connection is silent for longer than --keepalive; the target stops by itself");
  ClientDriver stopped(settings);
  stopped.run({"connect", kHello, "say OK", "bytes OK\\nOK\\n"});
  EXPECT_EQ(stopped.run({"stop", "wait 3000", "say quit"}), "close; stopped");  // No ping after the end.
  ClientDriver refused(settings);
  EXPECT_EQ(refused.run({"connect", kHello, "say OK", "bytes OK\\nERROR: x\\n", "wait 9000"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option keepalive=9\\n; "
            "connected 5.6 x86_64 6.1");
}

TEST(ClientSession, AnAgentThatGoesSaysWhy) {
  EXPECT_EQ(ours_connected({}).run({"say ERROR: nothing was said for 9 seconds"}),
            "close; failed: nothing was said for 9 seconds");
}

TEST(ClientSession, AsksForTheRunnersEnvironmentOrSendsNothing) {
  ClientSettings settings;
  settings.environment = {"BPFTRACE_STRLEN=64", "BPFTRACE_STR_TRUNC_TRAILER=a b"};
  EXPECT_EQ(ClientDriver(settings).run({"connect", kHello, "say OK", "say OK", "say OK", "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send option env=BPFTRACE_STRLEN=3d64\\n; "
            "send option env=BPFTRACE_STR_TRUNC_TRAILER=3da=20b\\n; connected 5.6 x86_64 6.1");
  const auto asking = [&] {
    ClientDriver client(settings);
    client.run({"connect", kHello, "say OK", "say OK"});
    return client;
  };
  EXPECT_EQ(asking().run({"say ERROR: Invalid option: env"}),
            "close; failed: its stapsh knows no --env; install this one there, or leave --env out");
  EXPECT_EQ(asking().run({"say ERROR: option env: X: no runner is given it"}),
            "close; failed: --env: option env: X: no runner is given it");
  EXPECT_EQ(ClientDriver(settings).run({"connect", kHello, "say ERROR: Invalid option", "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; close; "
            "failed: its stapsh knows no --env; install this one there, or leave --env out");
}

TEST(ClientSession, ADryRunAsksAndChecksAllAndSendsNothing) {
  ClientSettings settings;
  settings.dry_run = true;
  ClientDriver ours = ours_connected(settings);
  EXPECT_EQ(ours.run({"module bpftrace", "stop", "say quit"}), "ready; close; stopped");
  const auto released = [&] {
    ClientDriver client(settings);
    client.run({"connect", "say stapsh 5.6 x86_64 6.1", "say ERROR: Invalid option", "say OK"});
    return client;
  };
  EXPECT_EQ(released().run({"module stapbpf", "say OK", "stop", "end"}), "send option bpf\\n; ready; close; stopped");
  const std::string advice = "; put ours there: by --bootstrap over ssh, or copy the one file stapsh to the target";
  EXPECT_EQ(released().run({"module stapbpf", "say ERROR: Invalid option"}),
            "send option bpf\\n; close; failed: its stapsh is systemtap's (5.6), which can't start stapbpf" + advice);
  EXPECT_EQ(released().run({"module bpftrace"}),
            "close; failed: its stapsh is systemtap's (5.6), which can't start bpftrace" + advice);
  ClientDriver many = released();
  many.upload.run_args.assign(1'000, "x");
  EXPECT_EQ(many.run({"module staprun"}), "close; failed: 1000 arguments, over the agent's args-max (254)");
}

TEST(ClientSession, SweepsUntilNothingIsLeft) {
  ClientSettings settings;
  settings.sweep_only = true;
  ClientDriver client = ours_connected(settings);
  EXPECT_EQ(client.run({"say OK removed=1 left=1", "wait 200", "say OK removed=1 left=0"}),
            "send sweep\\n; ended 0, clean");
  ClientDriver stubborn = ours_connected(settings);
  EXPECT_EQ(stubborn.run({"say OK removed=0 left=3", "wait 200", "wait 30000", "say OK removed=0 left=2"}),
            "send sweep\\n; ended 0, left sessions 2 (stapsh.* in $TMPDIR or /tmp, or of what /run/stapsh speaks)");
  settings.session = "a1b2c3d4e5";
  EXPECT_EQ(ClientDriver(settings).run({"connect", kHello, "say OK", "say OK", "say OK removed=0 left=0"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; send sweep a1b2c3d4e5\\n; ended 0, clean");
  ClientDriver old(settings);
  EXPECT_EQ(old.run({"connect", kHello, "say ERROR: Invalid option", "say OK"}),
            "send stap 5.6\\n; send option exit\\n; send option data\\n; close; "
            "failed: its stapsh knows no sweep; install this one there");
  EXPECT_EQ(ours_connected(settings).run({"say ERROR: cannot fork"}), "close; failed: cannot fork");
  // What an agent that is stopped says of its own session, which asked, is no word about the one that was asked after.
  EXPECT_EQ(ours_connected(settings).run({"say OK removed=0 left=1", "stop", "say clean", "say exit 0", "say quit"}),
            "send quit\\n; stopped");
  EXPECT_EQ(ours_connected(settings).run({"say OK removed=0 left=1", "say stopped signal 15", "say clean", "say quit"}),
            "close; failed: the agent ended before the answer: signal 15");
  EXPECT_EQ(ours_connected(settings).run({"say left process 7", "end"}),
            "close; failed: the connection ended before the answer");
  EXPECT_EQ(ours_running().run({"say OK removed=0 left=0"}),
            "close; failed: the agent sent 'OK removed=0 left=0', which is no line of the protocol here");
}

TEST(ClientSession, AbandonEndsItAtOnce) {
  EXPECT_EQ(ClientDriver({}).run({"connect", "abandon", kHello}), "send stap 5.6\\n; close; failed: given up");
  EXPECT_EQ(ours_running().run({"stop", "abandon", "say quit", "end"}), "send quit\\n; close; failed: given up");
}

TEST(ClientSession, APolicyIsAskedBeforeAnythingIsSent) {
  ClientSettings settings;
  settings.want_policy = true;
  const std::string digest(64, 'a');
  const auto connected = [&](std::string_view answer, std::string_view nonce = "say OK") {
    ClientDriver client(settings);
    client.upload.files[0].digest = digest;
    client.run({"connect", "say stapsh 5.6 x86_64 6.1", "say OK", "say OK", answer, nonce});
    return client;
  };
  ClientDriver allowed = connected("say OK policy=yes");
  EXPECT_EQ(allowed.run({"module", "say OK", "say OK"}), "send <83 bytes>; send file 3 a.bo\\n; send file 0; ready");
  ClientDriver bounded(settings);
  const std::string told =
      bounded.run({"connect", "say stapsh 5.6 x86_64 6.1", "say OK", "say OK", "say OK policy=yes,tasks=64"});
  EXPECT_TRUE(told.ends_with("; note its policy grants no more than tasks=64")) << told;
  EXPECT_TRUE(bounded.session.has_policy());
  ClientDriver refused = connected("say OK policy=yes");
  EXPECT_EQ(refused.run({"module", "say ERROR: refused: policy line 2: deny"}),
            "send <83 bytes>; close; failed: refused: policy line 2: deny");
  ClientDriver without = connected("say OK");
  EXPECT_EQ(without.run({"module"}), "send file 3 a.bo\\n; send file 0");
  ClientDriver old = connected("say ERROR: Invalid option: policy");
  EXPECT_EQ(old.run({"module"}), "send file 3 a.bo\\n; send file 0");
  // Signatures go where they count, before the question.
  const auto with_signatures = [&](std::string_view nonce) {
    ClientDriver client = connected("say OK policy=yes", nonce);
    client.upload.files[0].signature = "by a";
    client.upload.manifest = "by b";
    return client;
  };
  EXPECT_EQ(with_signatures("say OK").run({"module"}), "send <83 bytes>");
  ClientDriver is_signed = with_signatures("say OK nonce=abcdefghijklmnop");
  EXPECT_EQ(is_signed.session.nonce(), "abcdefghijklmnop");
  EXPECT_EQ(is_signed.run({"module", "say OK", "say OK"}),
            "send signature 4 a.bo\\nby a; send manifest 4\\nby b; send <83 bytes>");
  EXPECT_EQ(is_signed.run({"say OK", "say OK"}), "send file 3 a.bo\\n; send file 0; ready");
  ClientDriver bad = with_signatures("say OK nonce=abcdefghijklmnop");
  EXPECT_EQ(bad.run({"module", "say OK", "say ERROR: manifest: no"}),
            "send signature 4 a.bo\\nby a; send manifest 4\\nby b; send <83 bytes>; close; failed: manifest: no");
  for (const char* nonce : {"say OK nonce=", "say OK nonce=short", "say OK nonce=abcdefghijklmno=0a"}) {
    ClientDriver nonsense(settings);
    const std::string said =
        nonsense.run({"connect", "say stapsh 5.6 x86_64 6.1", "say OK", "say OK", "say OK policy=yes", nonce});
    EXPECT_TRUE(said.ends_with("which is no line of the protocol here")) << said;
  }
}

TEST(ClientSession, FilesAreVerifiedWhereTheAgentDoesThat) {
  ClientSettings settings;
  settings.want_digest = true;
  const auto connected = [&](std::initializer_list<std::string_view> answers) {
    ClientDriver client(settings);
    client.upload.files[0].digest = std::string(64, 'a');
    client.run({"connect", "say stapsh 5.6 x86_64 6.1", "say OK", "say OK"});
    client.run(answers);
    client.sent.clear();
    return client;
  };
  ClientDriver verified = connected({"say OK"});
  EXPECT_TRUE(verified.session.wants_digests());
  EXPECT_EQ(verified.run({"module", "say OK"}), "send <77 bytes>; send file 0; ready");
  EXPECT_EQ(verified.sent, "file 3 a.bo " + std::string(64, 'a') + "\n<file 0>");
  ClientDriver old = connected({"say ERROR: Invalid option: digest"});
  EXPECT_FALSE(old.session.wants_digests());
  EXPECT_EQ(old.run({"module", "say OK"}), "send file 3 a.bo\\n; send file 0; ready");
  settings.want_keep = true;
  ClientDriver other = connected({"say OK", "say ERROR: option keep: no luck"});
  EXPECT_EQ(other.run({"module", "say OK"}), "send <77 bytes>; send file 0; ready");
}

TEST(ClientSession, WhatIsKeptThereIsNotSent) {
  ClientSettings settings;
  settings.want_digest = settings.want_keep = true;
  const auto keeping = [&] {
    ClientDriver client(settings);
    client.upload.files = {{"a.bo", 3, std::string(64, 'a')}, {"b", 4, std::string(64, 'b')}};
    client.run({"connect", "say stapsh 5.6 x86_64 6.1", "say OK", "say OK", "say OK", "say OK kept=/var/tmp/x=20y"});
    client.sent.clear();
    return client;
  };
  const std::string have_a = "have " + std::string(64, 'a') + " a.bo\n",
                    have_b = "have " + std::string(64, 'b') + " b\n";
  ClientDriver both = keeping();
  EXPECT_EQ(both.run({"module", "say OK", "say OK"}),
            "send <75 bytes>; note a.bo is there from before; send <72 bytes>; note b is there from before; ready");
  EXPECT_EQ(both.sent, have_a + have_b);
  ClientDriver first = keeping();
  EXPECT_EQ(first.run({"module", "say ERROR: have a.bo: none is kept", "say OK", "say OK"}),
            "send <75 bytes>; send <77 bytes>; send file 0; send <72 bytes>; note b is there from before; ready");
  EXPECT_EQ(first.sent, have_a + "file 3 a.bo " + std::string(64, 'a') + "\n<file 0>" + have_b);
  // What was sent is refused as ever.
  ClientDriver failing = keeping();
  EXPECT_EQ(failing.run({"module", "say ERROR: none", "say ERROR: no room"}),
            "send <75 bytes>; send <77 bytes>; send file 0; close; failed: no room");
  ClientDriver stopped = keeping();
  EXPECT_EQ(stopped.run({"module", "stop", "say ERROR: none", "say quit"}), "send <75 bytes>; close; stopped");
}

TEST(ClientSession, NobodyKeepsWhatItWasNotAskedTo) {
  ClientSettings settings;
  settings.want_digest = true;
  ClientDriver client(settings);
  client.run({"connect", "say stapsh 5.6 x86_64 6.1", "say OK", "say OK"});
  EXPECT_EQ(client.run({"say OK kept=/x"}),
            "close; failed: the agent sent 'OK kept=/x', which is no line of the protocol here");
}

}  // namespace
}  // namespace stapsh
