// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/table.h"

#include <gtest/gtest.h>

#include "client/doctor/verdict_json.h"

namespace stapsh::client {
namespace {

using State = Check::State;

const Check kAgent{"agent", State::kOk, "stapsh 5.6", {}};
const Check kNoWay{"way in", State::kFailure, "Permission denied", "here: ssh-copy-id {host}"};
const Check kStap{"stap", State::kOk, "4.8", {}, true};

TEST(DoctorTable, EqualAnswersStandOnceUnderFoldedNames) {
  const TargetVerdict targets[] = {{"web01", "web01", "web01", {kStap, kAgent}},
                                   {"web03", "web03:22", "-p 22 web03", {kNoWay}},
                                   {"web02", "web02", "web02", {kStap, kAgent}}};
  EXPECT_EQ(verdict_table(targets, "a.bt"),
            "CHECK           TARGETS     ANSWER\n"
            "stap      ok    here        4.8\n"
            "way in    FAIL  web03       Permission denied\n"
            "                            here: ssh-copy-id -p 22 web03\n"
            "agent     ok    web[01-02]  stapsh 5.6\n"
            "web[01-02]: a run of a.bt would work\n"
            "web03: it would not\n");
  const TargetVerdict lost[] = {{"web1", "", "web1", {kNoWay}}, {"web2", "", "web2", {kNoWay}}};
  EXPECT_EQ(verdict_table(lost, "a.bt"),
            "CHECK           TARGETS   ANSWER\n"
            "way in    FAIL  web[1-2]  Permission denied\n"
            "                          here: ssh-copy-id HOST\n"
            "web[1-2]: a run of a.bt would not work\n");
}

TEST(DoctorTable, ATargetIsAnObjectOfJson) {
  TargetFacts facts{"web01", "web01", WallTime(std::chrono::seconds(1)), WallTime(std::chrono::seconds(2)), {}, {}};
  facts.connected = event::Connected{"6.1", "x86_64", "stapsh 5.6", WallTime(5), {}, {}, {}};
  EXPECT_EQ(verdict_json({"web01", "web01", "web01", {kAgent, kNoWay}}, facts),
            R"({"target":"web01","uri":"web01","works":false,"agent":"stapsh 5.6","release":"6.1","machine":"x86_64",)"
            R"("connect_seconds":1.000000000,"clock_offset":0.000000005,"checks":[)"
            R"({"check":"agent","where":"target","state":"ok","text":"stapsh 5.6"},)"
            R"({"check":"way in","where":"target","state":"failure","text":"Permission denied",)"
            R"("mend":"here: ssh-copy-id web01"}]})"
            "\n");
}

}  // namespace
}  // namespace stapsh::client
