// SPDX-License-Identifier: Apache-2.0
#include "link/session_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace stapsh::link {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr TimePoint kLoggedAt{1h};
const broker::SessionName kName{"db1.x", "ann", "r1", 3};

class SessionLogTest : public testing::Test {
 protected:
  std::vector<std::pair<Priority, std::string>> take() { return std::exchange(said_, {}); }

  std::vector<std::pair<Priority, std::string>> said_;
  SessionLog log_{[this](Priority priority, const std::string& text) { said_.emplace_back(priority, text); }};
};

TEST_F(SessionLogTest, AnEndIsSaidOnceTheAgentIsGoneToo) {
  log_.begun(16, kName, 1234, kLoggedAt);
  EXPECT_THAT(take(), ElementsAre(Pair(Priority::kInfo, "session of ann begins: run r1, number 3, agent 1234")));
  log_.over(16, "", kLoggedAt + 1s);
  EXPECT_THAT(take(), IsEmpty());
  log_.agent_ended(16, 0, kLoggedAt + 1500ms);
  EXPECT_THAT(take(), ElementsAre(Pair(Priority::kInfo,
                                       "session of ann ends after 1.5 s: run r1, number 3, agent 1234: over; its "
                                       "agent's exit code is 0")));
  log_.agent_ended(16, 0, kLoggedAt);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(SessionLogTest, TheFirstReasonIsTheReason) {
  log_.begun(16, kName, 1234, kLoggedAt);
  log_.agent_ended(16, 137, kLoggedAt);
  log_.over(16, "the broker was lost: EOF", kLoggedAt);
  log_.over(16, "", kLoggedAt);
  EXPECT_THAT(take().back(), Pair(Priority::kWarning,
                                  "session of ann ends after 0.0 s: run r1, number 3, agent 1234: the broker was "
                                  "lost: EOF; its agent's exit code is 137"));
}

TEST_F(SessionLogTest, AgentsThatGoOnAreSaid) {
  log_.begun(16, kName, 1234, kLoggedAt);
  log_.over(16, "stopped", kLoggedAt);
  log_.leave(kLoggedAt + 50s);
  EXPECT_THAT(take().back(), Pair(Priority::kWarning,
                                  "session of ann ends after 50.0 s: run r1, number 3, agent 1234: stopped; its agent "
                                  "goes on by itself"));
}

TEST_F(SessionLogTest, AFloodIsSaidAndCountedAndNoEndIsWithoutItsBeginning) {
  for (std::uint64_t serial = 16; serial < 1016; ++serial) {
    log_.begun(serial, kName, 1, kLoggedAt);
    log_.over(serial, "", kLoggedAt);
    log_.agent_ended(serial, 0, kLoggedAt);
  }
  EXPECT_EQ(said_.size(), 2 * 128 + 1);
  EXPECT_THAT(take().back(),
              Pair(Priority::kWarning, "ann begins too many sessions: they are not logged until there are fewer"));
  log_.refused(kName, "no", kLoggedAt + 60s);
  EXPECT_THAT(take(), ElementsAre(Pair(Priority::kWarning,
                                       "872 sessions of ann, begun or refused, were too many and are not logged"),
                                  Pair(Priority::kWarning, "session of ann refused: run r1, number 3: no")));
}

}  // namespace
}  // namespace stapsh::link
