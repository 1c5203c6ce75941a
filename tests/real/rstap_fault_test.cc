// SPDX-License-Identifier: Apache-2.0
// What is thrown within rstap while it serves one target is the end of that target alone. The fleet runs in this
// process, with a sink that throws; its agents and runners are real.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <map>
#include <stdexcept>

#include "client/cli/command_line.h"
#include "client/run/fleet.h"

namespace stapsh::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kAgent = "exec:" STAPSH_AGENT;

using When = std::function<bool(const Event::What&)>;

template <typename E>
When on() {
  return [](const Event::What& what) { return std::holds_alternative<E>(what); };
}

When on_state(TargetState state) {
  return [state](const Event::What& what) {
    const auto* const changed = std::get_if<event::StateChanged>(&what);
    return changed != nullptr && changed->state == state;
  };
}

// Throws at each such event of the first target.
class ThrowingSink : public EventSink {
 public:
  explicit ThrowingSink(When when) : when_(std::move(when)) {}

  void on_event(const Event& event) override {
    if (const auto* const ended = std::get_if<event::Ended>(&event.what)) ends[*event.target] = ended->outcome;
    if (const auto* const output = std::get_if<event::Output>(&event.what)) said[*event.target] += output->bytes;
    if (event.target != 0 || !when_(event.what)) return;
    ++thrown;
    throw std::runtime_error("a sink's bug");
  }
  void on_pause() override {}

  std::map<std::size_t, Outcome> ends;
  std::map<std::size_t, std::string> said;
  int thrown = 0;

 private:
  When when_;
};

struct Ran {
  int code = -1;
  int thrown = 0;
  std::map<std::size_t, Outcome> ends;
  std::map<std::size_t, std::string> said;
};

Ran run(const std::string& first, When when, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"--remote",
                                 first,
                                 "--remote",
                                 "exec:" STAPSH_AGENT,
                                 "--bpftrace",
                                 "-e",
                                 "BEGIN { printf(\"hello\\n\"); } interval:ms:300 { printf(\"bye\\n\"); exit(); }"};
  words.insert(words.end(), more.begin(), more.end());
  const Result<RstapOptions> options = parse_rstap_arguments(words);
  EXPECT_TRUE(options) << options.error().what;
  asio::io_context io{1};
  EventHub hub(io);
  ThrowingSink sink(std::move(when));
  hub.add(sink);
  const Result<std::unique_ptr<Fleet>> fleet = Fleet::create(io, *options, hub, {});
  EXPECT_TRUE(fleet) << fleet.error().what;
  Ran ran;
  const auto all = [&]() -> Awaitable<> { ran.code = co_await (*fleet)->run(); };
  asio::co_spawn(io, all(), [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  ran.thrown = sink.thrown;
  ran.ends = sink.ends;
  ran.said = sink.said;
  return ran;
}

void expect_one_failed(const Ran& ran) {
  EXPECT_GT(ran.thrown, 0) << "nothing was tried";
  EXPECT_EQ(ran.code, 1);
  ASSERT_EQ(ran.ends.size(), 2U);
  EXPECT_EQ(ran.ends.at(0).kind, Outcome::Kind::kFailed);
  EXPECT_THAT(ran.ends.at(0).reason, StartsWith("internal error: a sink's bug"));
  EXPECT_EQ(ran.ends.at(1).kind, Outcome::Kind::kEnded) << ran.ends.at(1).reason;
  EXPECT_EQ(ran.ends.at(1).exit_code, 0);
  EXPECT_EQ(ran.ends.at(1).remains, Outcome::Remains::kClean);
  EXPECT_THAT(ran.said.at(1), HasSubstr("bye"));
}

class RstapFault : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_P(RstapFault, InAnOutputIsTheEndOfThatTarget) {
  const Ran ran = run(GetParam(), on<event::Output>());
  expect_one_failed(ran);
  EXPECT_EQ(ran.ends.at(0).remains, Outcome::Remains::kClean) << "it was not asked what is left";
}

TEST_P(RstapFault, InAChangeOfStateIsTheEndOfThatTarget) {
  for (const TargetState state : {TargetState::kBuilding, TargetState::kReady, TargetState::kRunning}) {
    SCOPED_TRACE(state_name(state));
    expect_one_failed(run(GetParam(), on_state(state)));
  }
}

TEST_P(RstapFault, InItsLastWordsLeavesTheRunAnEnd) {
  for (const When& when : {on_state(TargetState::kDone), on<event::Ended>(), on<event::StateChanged>()}) {
    expect_one_failed(run(GetParam(), when));
  }
}

TEST(RstapFaultAtOnce, BeforeAnAgentAnswers) { expect_one_failed(run(kAgent, on<event::Connected>())); }

INSTANTIATE_TEST_SUITE_P(Ways, RstapFault, testing::Values(kAgent, "direct:"),
                         [](const auto& way) { return way.param[0] == 'e' ? "agent" : "direct"; });

}  // namespace
}  // namespace stapsh::client
