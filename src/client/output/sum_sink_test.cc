// SPDX-License-Identifier: Apache-2.0
// What a run with --sum shows where something of it can't be made.
#include "client/output/sum_sink.h"

#include <gmock/gmock.h>

#include <new>
#include <set>
#include <stdexcept>

namespace stapsh::client {
namespace {

using testing::HasSubstr;

class ThrowingTaker : public AnswerTaker {
 public:
  void on_event(const Event&) override {}
  void on_answer(const Answer&) override { throw std::runtime_error("no page"); }
  void on_notice(const AnswerNotice&, WallTime) override { throw std::runtime_error("no page"); }
  void on_fault(std::string_view, std::string_view) override { throw std::runtime_error("no page"); }
};

class FaultTaker : public AnswerTaker {
 public:
  void on_event(const Event&) override {}
  void on_answer(const Answer&) override {}
  void on_notice(const AnswerNotice&, WallTime) override {}
  void on_fault(std::string_view map, std::string_view what) override {
    faults.insert(std::string(map) + " " + std::string(what));
  }

  std::set<std::string> faults;  // Each may come with each print.
};

class SumSinkTest : public testing::Test {
 protected:
  SumSinkTest() {
    Result<std::unique_ptr<StandardStreams>> streams = StandardStreams::create(io_, {[] {}, [] {}});
    EXPECT_TRUE(streams);
    streams_ = *std::move(streams);
  }
  void make(const std::function<HeatLook()>& look) {
    AnswerRequest request;
    request.sum = request.by_host = true;
    sink_ = std::make_unique<SumSink>(request, look, std::make_unique<TextSink>(OutputOptions(), TextLook(), *streams_),
                                      faults_);
  }
  void say(std::optional<std::size_t> target, Event::What what) {
    sink_->on_event({now_ += std::chrono::seconds(1), target, std::move(what)});
  }
  // All that a run of two hosts shows on standard output, which nobody writes.
  std::string run() {
    event::RunStarted started;
    started.program = "k:f { @a = count(); @b[comm] = count(); }";
    started.targets = {{"web01", "ssh:web01"}, {"web02", "ssh:web02"}};
    say(std::nullopt, started);
    const std::string printed =
        "a line\n{\"type\": \"map\", \"data\": {\"@a\": 3}}\n"
        "{\"type\": \"map\", \"data\": {\"@b\": {\"x\": 4, \"y\": 5}}}\nno end\n";
    for (const std::size_t host : {0U, 1U}) say(host, event::Output{Stream::kStdout, printed, {}});
    Outcome well;
    well.kind = Outcome::Kind::kEnded;
    well.exit_code = 0;
    for (const std::size_t host : {0U, 1U}) say(host, event::Ended{well, 0, 0});
    say(std::nullopt, event::RunEnded{0});
    return std::string(streams_->buffers().of(Stream::kStdout).view());
  }

  asio::io_context io_;
  std::unique_ptr<StandardStreams> streams_;
  std::string said_;
  Faults faults_{[this](std::string_view line) { (said_ += line) += '\n'; }};
  std::unique_ptr<SumSink> sink_;
  WallTime now_{};
};

TEST_F(SumSinkTest, APictureThatCannotBeDrawnCostsNoAnswer) {
  make([]() -> HeatLook { throw std::bad_alloc(); });
  FaultTaker taker;
  sink_->add_taker(taker);
  const std::string shown = run();
  EXPECT_THAT(shown, HasSubstr("@a: 6\n"));
  EXPECT_THAT(shown, HasSubstr("@b[y]: 10\n"));
  EXPECT_EQ(said_, "internal error in --by-host: out of memory; it is missing or not whole\n");
  EXPECT_TRUE(faults_.any());
  EXPECT_EQ(taker.faults, (std::set<std::string>{"@a --by-host", "@b --by-host"}));
}

TEST_F(SumSinkTest, AReportThatCannotBeMadeCostsNothingElse) {
  make([] { return HeatLook(); });
  ThrowingTaker taker;
  sink_->add_taker(taker);
  const std::string shown = run();
  EXPECT_THAT(shown, HasSubstr("@a: 6\n"));
  EXPECT_THAT(shown, HasSubstr("@b[y]: 10\n"));
  EXPECT_THAT(shown, HasSubstr("by host:"));
  EXPECT_EQ(said_, "internal error in the report: no page; it is missing or not whole\n");
}

TEST_F(SumSinkTest, WithoutAFaultNothingIsSaidOfOne) {
  make([] { return HeatLook(); });
  EXPECT_THAT(run(), HasSubstr("@a: 6\n"));
  EXPECT_EQ(said_, "");
  EXPECT_FALSE(faults_.any());
}

}  // namespace
}  // namespace stapsh::client
