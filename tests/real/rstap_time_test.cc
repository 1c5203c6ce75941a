// SPDX-License-Identifier: Apache-2.0
// Times of lines: our agent's own clock, and clocks that are wrong, which no program here can have; so a script plays
// agents of ours whose clock is set otherwise.
#include <sys/stat.h>

#include <cmath>
#include <csignal>
#include <ctime>
#include <regex>

#include "harness/lines.h"
#include "harness/real_test.h"

namespace stapsh::real {
namespace {

// skewed_agent OFFSET [SECONDS-AGO TEXT]... : its clock is OFFSET seconds ahead; it says each TEXT as if it had read it
// so long ago. `wait FIFO` instead waits until somebody opens that.
constexpr const char* kSkewedAgent = R"sh(#!/bin/bash
ahead=$1
shift
clock() {
  now=$(date +%s.%N)
  echo "$((${now%.*} + ahead - $1)).${now#*.}"
}
while read -r line; do
  case $line in
    "stap "*) echo "stapsh 5.6 x86_64 6.1" ;;
    "option clock") echo "OK clock=$(clock 0)" ;;
    "option "*) echo OK ;;
    "file "*) size=${line#file } && head -c "${size%% *}" > /dev/null && echo OK ;;
    "run"*) echo OK && break ;;
  esac
done
while (($# > 1)); do
  if [[ $1 == wait ]]; then
    : < "$2"
  else
    printf 'data stdout %d %s\n%s\n' $((${#2} + 1)) "$(clock "$1")" "$2"
  fi
  shift 2
done
printf 'clean\nexit 0\nquit\n'
)sh";

class RstapTime : public RealTest {
 protected:
  RstapTime() : mounts_(new_mounts()) { mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER); }

  ProgramOptions rstap(std::vector<std::string> words) {
    std::vector<std::string> all{STAPSH_CLIENT, "--stapsh", agent_program(), scratch_.write("probe.ko", "no module")};
    all.insert(all.end(), words.begin(), words.end());
    return options(all, &mounts_, {"TZ=XYZ-01:30"});
  }
  /// Its words are in single quotes of a shell.
  std::string skewed_agent(const std::string& words) const {
    return "exec:" + scratch_.write("skewed_agent", kSkewedAgent, 0755) + " " + words;
  }

  MountNamespace mounts_;
};

TEST_F(RstapTime, IsoTimesAreTheAgentsClockAsLocalTime) {
  const std::time_t before = std::time(nullptr);
  Program rstap(this->rstap(
      {"--remote", "stapsh:", "--label", "--timestamps", "--runner-arg=say:hello", "--runner-arg=warn:oh"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::time_t after = std::time(nullptr);
  const std::regex form(R"((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{6}\+01:30 stapsh: hello\n)");
  std::smatch match;
  const std::string out = rstap.out();
  ASSERT_TRUE(std::regex_match(out, match, form)) << rstap.captured();
  std::tm local{};
  ASSERT_NE(::strptime(match[1].str().c_str(), "%Y-%m-%dT%H:%M:%S", &local), nullptr);
  const std::time_t said = ::timegm(&local) - 90 * 60;
  EXPECT_GE(said, before);
  EXPECT_LE(said, after);
  EXPECT_TRUE(std::regex_search(rstap.err(), std::regex(R"(\n?\d{4}-[-0-9T:.]*\+01:30 stapsh: oh\n)")))
      << rstap.captured();
}

TEST_F(RstapTime, DeltaTimesBeginWithTheFirstRunnerAndStandInOrder) {
  Program rstap(this->rstap({"--remote", "stapsh:", "--timestamps=delta", "--runner-arg=drip:5x20"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::regex form(R"(\[ *(-?\d+\.\d{6})\] .*)");
  double last = -1;
  const std::vector<std::string> lines = lines_of(rstap.out());
  EXPECT_EQ(lines.size(), 5U) << rstap.captured();
  for (const std::string& line : lines) {
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, form)) << line;
    const double time = std::stod(match[1]);
    EXPECT_GE(time, last);
    EXPECT_LT(time, 20);
    last = time;
  }
}

TEST_F(RstapTime, WhatClocksDifferByIsSaidToWhoWantsDetails) {
  Program rstap(this->rstap({"--remote", "stapsh:", "--remote", skewed_agent("3600"), "-v", "--runner-arg=say:x"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(
      std::regex_search(rstap.err(), std::regex(R"(stapsh: its clock is \d\.\d{3} ms (ahead of|behind) ours \(± )")))
      << rstap.captured();
  std::smatch match;
  const std::string err = rstap.err();
  ASSERT_TRUE(
      std::regex_search(err, match, std::regex(R"(its clock is (\d+\.\d+) s ahead of ours \(± (\d+\.\d+) (m?)s\))")))
      << rstap.captured();
  const double uncertainty = std::stod(match[2]) / (match[3].length() > 0 ? 1e3 : 1);
  EXPECT_LE(std::fabs(std::stod(match[1]) - 3'600), uncertainty + 0.001) << rstap.captured();
}

// The clocks of the four are up to an hour apart, and each says its lines at once, the older ones perhaps later.
TEST_F(RstapTime, ByTimePutsLinesOfWrongClocksInTheirTrueOrder) {
  for (const std::string way : {"--no-sum", "--sum"}) {
    Program rstap(this->rstap({"--by-time=1000", way, "--remote", skewed_agent("3600 60 first 20 fifth"),  //
                               "--remote", skewed_agent("-1800 50 second 10 sixth"),                       //
                               "--remote", skewed_agent("0 40 third"), "--remote", skewed_agent("17 30 fourth")}));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    const std::string out = std::regex_replace(rstap.out(), std::regex(".*: "), "");
    EXPECT_EQ(out, "first\nsecond\nthird\nfourth\nfifth\nsixth\n") << rstap.captured();
    EXPECT_EQ(rstap.err().find("later than"), std::string::npos) << rstap.captured();
  }
}

TEST_F(RstapTime, ByTimeSaysWhoseClockIsFarOff) {
  Program rstap(this->rstap({"--by-time=15", "--remote", skewed_agent("3600 1 x"), "--remote", skewed_agent("2 1 x")}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(std::regex_search(rstap.err(), std::regex(R"(3600 1 x: its clock is \d+\.\d+ s ahead of ours)")))
      << rstap.captured();
  EXPECT_EQ(rstap.err().find("2 1 x: its clock"), std::string::npos) << rstap.captured();
}

TEST_F(RstapTime, WhatWaitsGoesThoughNothingElseHappens) {
  Program rstap(
      this->rstap({"--by-time=0.2", "--remote", "stapsh:", "--runner-arg=say:alone", "--runner-arg=forever"}));
  EXPECT_TRUE(rstap.wait_for_out("alone\n"));
  rstap.send_signal(SIGINT);
  (void)rstap.wait_exit();
}

TEST_F(RstapTime, ALateLineIsPrintedAtOnceAndCounted) {
  const std::string fifo = scratch_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Program rstap(this->rstap({"--by-time=0.2", "--label", "--remote", skewed_agent("0 0 new"), "--remote",
                             skewed_agent("60 wait " + fifo + " 9 old")}));
  ASSERT_TRUE(rstap.wait_for_out("new\n"));
  Program opener(options({"/bin/sh", "-c", ": > " + fifo}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(rstap.out().ends_with("old\n")) << rstap.captured();
  EXPECT_NE(rstap.err().find("rstap: 1 line came later than newer ones had waited for (0.2 s)"), std::string::npos)
      << rstap.captured();
}

TEST_F(RstapTime, WhoseTimesAreOursIsSaidOnce) {
  Program rstap(this->rstap({"--timestamps", "--remote", "direct:", "--remote", "stapsh:", "--runner-arg=drip:3x1"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string err = rstap.err();
  const std::string want = "rstap: times of direct are of when output came here, by this machine's clock";
  const std::size_t at = err.find(want);
  ASSERT_NE(at, std::string::npos) << rstap.captured();
  EXPECT_EQ(err.find("times of", at + want.size()), std::string::npos) << rstap.captured();
  EXPECT_EQ(lines_of(rstap.out()).size(), 6U) << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
