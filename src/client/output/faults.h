// SPDX-License-Identifier: Apache-2.0
// What goes wrong within ourselves while something is shown or written: a bug, memory that is not there. It costs that
// picture, that file or that line, and a line says so. Targets run on, and are cleaned up after; the exit code is not
// 0.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/events/event.h"

namespace stapsh::client {

class Faults {
 public:
  /// `say`: a line of rstap's own.
  explicit Faults(std::function<void(std::string_view line)> say) : say_(std::move(say)) {}

  /// Does `work`; what it throws ends here. False: it threw. `what`, for a person, is what it was to make.
  template <typename Work>
  bool contain(std::string_view what, Work&& work) {
    try {
      std::forward<Work>(work)();
      return true;
    } catch (...) {
      note_current(what);
      return false;
    }
  }
  /// Of the exception that is being handled. Said once for each `what`: it may come with each event.
  void note_current(std::string_view what) noexcept;

  [[nodiscard]] bool any() const { return any_; }

 private:
  void say(std::string_view what, std::string_view why);

  std::function<void(std::string_view)> say_;
  std::vector<std::string> said_;
  bool any_ = false;
};

/// A sink whose faults are its own: those behind it get the event as well.
class ContainedSink : public EventSink {
 public:
  /// All are lent.
  ContainedSink(std::string_view what, EventSink& sink, Faults& faults) : what_(what), sink_(sink), faults_(faults) {}

  void on_event(const Event& event) override {
    faults_.contain(what_, [&] { sink_.on_event(event); });
  }
  void on_pause() override {
    faults_.contain(what_, [&] { sink_.on_pause(); });
  }
  [[nodiscard]] bool full() const override { return sink_.full(); }

 private:
  std::string_view what_;
  EventSink& sink_;
  Faults& faults_;
};

}  // namespace stapsh::client
