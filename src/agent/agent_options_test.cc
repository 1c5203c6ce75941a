// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_options.h"

#include <gtest/gtest.h>

#include <vector>

namespace stapsh::agent {
namespace {

using Words = std::vector<std::string_view>;

TEST(AgentOptions, TakeTheReleasedCommandLineAndOurs) {
  const auto options = parse_agent_options(Words{"-v", "-vv", "--grace", "0.5", "--grace=2", "--announce=4.8", "-l",
                                                 "unix:/run/s", "--dialect=rfc", "--file-bytes-max", "10"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->settings.verbose, 3u);
  EXPECT_EQ(options->settings.stop_times.grace, std::chrono::seconds(2));
  EXPECT_EQ(options->settings.identity.version, "4.8");
  EXPECT_EQ(options->listen, "unix:/run/s");
  EXPECT_TRUE(options->settings.force_rfc);
  EXPECT_EQ(options->settings.limits.file_bytes_max, 10u);
}

TEST(AgentOptions, SayWhoMayConnectToAVsockPort) {
  const auto plain = parse_agent_options(Words{"--listen", "vsock:1024"});
  ASSERT_TRUE(plain) << plain.error().what;
  EXPECT_EQ(plain->listen, "vsock:1024");
  EXPECT_TRUE(plain->allowed_cids.empty());
  const auto more = parse_agent_options(Words{"--allow-cid", "2", "--allow-cid=17", "--allow-cid=any", "-lvsock:0"});
  ASSERT_TRUE(more) << more.error().what;
  EXPECT_EQ(more->allowed_cids, (std::vector<std::uint32_t>{2, 17, 0xffff'ffff}));
}

TEST(AgentOptions, GiveAListenerLimitsAndPatience) {
  const auto plain = parse_agent_options(Words{});
  ASSERT_TRUE(plain) << plain.error().what;
  EXPECT_EQ(plain->settings.hello_timeout, std::nullopt);
  EXPECT_EQ(plain->settings.idle_timeout, std::nullopt);
  const auto listener = parse_agent_options(Words{"-l", "unix:/run/s"});
  ASSERT_TRUE(listener) << listener.error().what;
  EXPECT_EQ(listener->settings.hello_timeout, std::chrono::seconds(30));
  EXPECT_EQ(listener->settings.idle_timeout, std::chrono::hours(1));
  EXPECT_EQ(listener->sessions_max, 256u);
  const auto told =
      parse_agent_options(Words{"-l", "unix:/run/s", "--hello-timeout=2", "--idle-timeout", "3", "--sessions-max=4",
                                "--sessions-per-peer-max=5", "--workspaces-bytes-max=6"});
  ASSERT_TRUE(told) << told.error().what;
  EXPECT_EQ(told->settings.hello_timeout, std::chrono::seconds(2));
  EXPECT_EQ(told->settings.idle_timeout, std::chrono::seconds(3));
  EXPECT_EQ(told->sessions_max, 4u);
  EXPECT_EQ(told->sessions_per_peer_max, 5u);
  EXPECT_EQ(told->workspaces_bytes_max, 6u);
}

TEST(AgentOptions, RefuseWhatTheyDoNotKnowAndNameIt) {
  struct Case {
    Words words;
    std::string_view want;
  };
  const Case cases[] = {
      {{"--frob"}, "'--frob' is no option of stapsh; see stapsh --help"},
      {{"x"}, "'x' is no option of stapsh; see stapsh --help"},
      {{"-vx"}, "'-vx' is no option of stapsh; see stapsh --help"},
      {{"--grace"}, "--grace needs a value"},
      {{"--grace", "soon"}, "--grace: 'soon' is not a number of seconds from 0.001 to 10000000"},
      {{"--grace", "nan"}, "--grace: 'nan' is not a number of seconds from 0.001 to 10000000"},
      {{"--help=1"}, "--help takes no value"},
      {{"-l", "tcp:1"},
       "-l: 'tcp:1' is no place to listen at; give unix:PATH, vsock:PORT, or the name or path of a virtio-serial port"},
      {{"-l", ""},
       "-l: '' is no place to listen at; give unix:PATH, vsock:PORT, or the name or path of a virtio-serial port"},
      {{"-l", "vsock:"}, "-l: vsock:: '' is not a whole number from 0 to 4294967294"},
      {{"-l", "vsock:3:1024"}, "-l: vsock:3:1024: '3:1024' is not a whole number from 0 to 4294967294"},
      {{"-l", "vsock:1024", "--allow-cid", "all"},
       "--allow-cid: 'all' is not a whole number from 0 to 4294967294; or say any"},
      {{"-l", "unix:/run/s", "--allow-cid", "3"}, "--allow-cid is for --listen vsock:PORT"},
      {{"--allow-cid", "3"}, "--allow-cid is for --listen vsock:PORT"},
      {{"--dialect=esperanto"}, "--dialect: 'esperanto' is no dialect; give rfc or released"},
      {{"--announce="}, "--announce: '' is no version; give one word, like 5.6"},
      {{"--args-max=0"}, "--args-max: '0' is not a whole number from 1 to 1099511627776"},
  };
  for (const Case& c : cases) {
    const auto options = parse_agent_options(c.words);
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().what, c.want);
  }
}

TEST(AgentOptions, HelpNamesEveryLimit) {
  const std::string help = agent_help();
  for (const LimitEntry& entry : kLimitTable) EXPECT_NE(help.find("--" + std::string(entry.name)), std::string::npos);
}

TEST(AgentOptions, AskThePolicyOfAFileOrOfARun) {
  const auto plain = parse_agent_options(Words{"--check-policy"});
  ASSERT_TRUE(plain) << plain.error().what;
  EXPECT_TRUE(plain->question.asked);
  EXPECT_EQ(plain->question.file, "");
  for (const Words& words : {Words{"--check-policy", "draft"}, Words{"--check-policy=draft"}}) {
    const auto draft = parse_agent_options(words);
    ASSERT_TRUE(draft) << draft.error().what;
    EXPECT_EQ(draft->question.file, "draft");
    EXPECT_FALSE(draft->question.about_run());
  }
  const auto run = parse_agent_options(
      Words{"--check-policy=draft", "--as", "oncall", "--runner=bpftrace", "--args", "-q", "--uid=7", "a.bt", "b.h"});
  ASSERT_TRUE(run) << run.error().what;
  EXPECT_EQ(run->as, "oncall");
  EXPECT_EQ(run->question.file, "draft");
  EXPECT_EQ(run->question.runner, RunnerKind::kBpftrace);
  EXPECT_EQ(run->question.args, "-q");
  EXPECT_EQ(run->question.uid, 7U);
  EXPECT_EQ(run->question.programs, (std::vector<std::string>{"a.bt", "b.h"}));
  for (const Words& words : {Words{"--as", "-x"}, Words{"--as", ""}, Words{"--runner", "bpftrace"}, Words{"file"},
                             Words{"--check-policy", "a", "b"}, Words{"--check-policy", "--runner", "stap"}}) {
    EXPECT_FALSE(parse_agent_options(words)) << words[0];
  }
}

}  // namespace
}  // namespace stapsh::agent
