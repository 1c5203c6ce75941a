// SPDX-License-Identifier: Apache-2.0
#include "sys/activity_meter.h"

#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include <array>
#include <functional>
#include <thread>
#include <vector>

#include "sys/pipe.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

using std::chrono::milliseconds;

// A process that runs `body` and says a byte when it is told one; killed and reaped at the end.
class Worker {
 public:
  /// `body` is told where to read orders and where to answer them.
  explicit Worker(const std::function<void(int orders, int answers)>& body) {
    Pipe orders = must(make_pipe());
    Pipe answers = must(make_pipe());
    pid_ = ::fork();
    if (pid_ == 0) {
      orders.write_end.reset();
      body(orders.read_end.get(), answers.write_end.get());
      ::_exit(0);
    }
    orders_ = std::move(orders.write_end);
    answers_ = std::move(answers.read_end);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { end(); }

  void end() {
    if (pid_ <= 0) return;
    (void)::kill(pid_, SIGKILL);
    EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_);
    pid_ = -1;
  }
  void order() const { EXPECT_EQ(::write(orders_.get(), "x", 1), 1); }
  void hear() const {
    char byte = 0;
    EXPECT_EQ(::read(answers_.get(), &byte, 1), 1);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
  UniqueFd orders_, answers_;
};

void take_order(int orders) {
  char byte = 0;
  if (::read(orders, &byte, 1) != 1) ::_exit(0);
}

void answer(int answers) {
  if (::write(answers, "y", 1) != 1) ::_exit(1);
}

Activity look(ActivityMeter& meter, pid_t pid, std::string_view further = {}) {
  const std::vector<pid_t> pids{pid};
  return meter.look(pids, now(), further);
}

// Looks until it is `want`: what a process does shows when it gets the processor.
bool comes_to(Activity want, ActivityMeter& meter, pid_t pid) {
  for (const TimePoint deadline = deadline_after(kPatience); now() < deadline;) {
    if (look(meter, pid) == want) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(ActivityMeter, ASleeperDoesNothing) {
  const Worker worker([](int orders, int answers) {
    answer(answers);
    take_order(orders);
  });
  worker.hear();
  ActivityMeter meter;
  ASSERT_TRUE(comes_to(Activity::kNone, meter, worker.pid()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(look(meter, worker.pid()), Activity::kNone);
  EXPECT_FALSE(meter.probes());
}

TEST(ActivityMeter, UsingAProcessorIsWork) {
  const Worker worker([](int, int) {
    while (::getppid() != 0) {
    }
  });
  ActivityMeter meter;
  EXPECT_EQ(look(meter, worker.pid()), Activity::kNone);  // The first look has nothing to compare with.
  EXPECT_TRUE(comes_to(Activity::kWorks, meter, worker.pid()));
}

int open_probe() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_DUMMY;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0UL));
}

TEST(ActivityMeter, UsingAProcessorWithEachProbeThereIsTracing) {
  const Worker worker([](int orders, int answers) {
    const std::array<int, 2> probes{open_probe(), open_probe()};
    answer(answers);
    const auto work = [&] {
      for (pollfd order{orders, POLLIN, 0}; ::poll(&order, 1, 0) == 0;) {
      }
      take_order(orders);
    };
    work();
    ::close(probes[0]);
    answer(answers);
    work();
  });
  worker.hear();
  ActivityMeter meter;
  (void)look(meter, worker.pid());
  ASSERT_EQ(meter.probes(), (ActivityMeter::Probes{2, 2})) << "no perf events here?";
  EXPECT_TRUE(comes_to(Activity::kTraces, meter, worker.pid()));
  worker.order();
  worker.hear();
  EXPECT_EQ(look(meter, worker.pid()), Activity::kWorks);
  for (const TimePoint end = now() + milliseconds(700); now() < end;) {
    EXPECT_NE(look(meter, worker.pid()), Activity::kTraces);
  }
}

TEST(ActivityMeter, OpeningAndClosingIsWorkAndProbesAreCounted) {
  const Worker worker([](int orders, int answers) {
    std::vector<int> probes;
    for (int i = 0; i < 5; ++i) probes.push_back(open_probe());
    answer(answers);
    for (const int probe : probes) {
      take_order(orders);
      ::close(probe);
      answer(answers);
    }
    take_order(orders);
  });
  worker.hear();
  ActivityMeter meter;
  (void)look(meter, worker.pid());
  ASSERT_EQ(meter.probes(), (ActivityMeter::Probes{5, 5})) << "no perf events here?";
  for (std::uint64_t left = 4; left > 0; --left) {
    worker.order();
    worker.hear();
    EXPECT_EQ(look(meter, worker.pid()), Activity::kWorks);
    EXPECT_EQ(meter.probes(), (ActivityMeter::Probes{left, 5}));
  }
}

// A parent waits for its vfork child in state D.
TEST(ActivityMeter, WhomTheKernelHoldsWaits) {
  const Worker worker([](int orders, int) {
    if (::vfork() == 0) {
      take_order(orders);
      ::_exit(0);
    }
  });
  ActivityMeter meter;
  ASSERT_TRUE(comes_to(Activity::kWaits, meter, worker.pid()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(look(meter, worker.pid()), Activity::kWaits);
}

TEST(ActivityMeter, WhateverElseChangesIsWork) {
  ActivityMeter meter;
  EXPECT_EQ(look(meter, -1, "Live"), Activity::kNone);
  EXPECT_EQ(look(meter, -1, "Live"), Activity::kNone);
  EXPECT_EQ(look(meter, -1, "Unloading"), Activity::kWorks);
  EXPECT_EQ(look(meter, -1, "Unloading"), Activity::kNone);
}

TEST(ActivityMeter, WhoIsGoneDoesNothing) {
  Worker worker([](int orders, int) { take_order(orders); });
  const pid_t pid = worker.pid();
  ActivityMeter meter;
  (void)look(meter, pid);
  worker.end();
  EXPECT_EQ(look(meter, pid), Activity::kNone);
}

TEST(ActivityMeter, LooksSeveralTimesWithinAGrace) {
  EXPECT_EQ(ActivityMeter::pause_within(std::chrono::seconds(5)), milliseconds(500));
  EXPECT_EQ(ActivityMeter::pause_within(std::chrono::seconds(1)), milliseconds(200));
  EXPECT_EQ(ActivityMeter::pause_within(milliseconds(1)), milliseconds(50));
}

}  // namespace
}  // namespace stapsh::sys
