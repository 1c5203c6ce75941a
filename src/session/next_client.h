// SPDX-License-Identifier: Apache-2.0
// A guest's port outlives its client: the words of the next one follow those of the last unmarked, in mid-line or in
// mid-DATA. What is known of that: the end of all that came, and whether the next client's hello was in it. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "protocol/hello_tail.h"

namespace stapsh {

class NextClient {
 public:
  /// Not `possible`: the stream ends with its client, and nothing here ever happens.
  explicit NextClient(bool possible) : possible_(possible) {}

  [[nodiscard]] bool possible() const { return possible_; }
  /// These bytes came.
  void note(std::string_view bytes) {
    if (!possible_) return;
    tail_ += bytes.substr(bytes.size() - std::min(bytes.size(), kHelloBytesMax));
    tail_.erase(0, tail_.size() - std::min(tail_.size(), kHelloBytesMax));
  }
  /// What came ends with this hello; empty if it does not.
  [[nodiscard]] std::string_view hello() const { return hello_at_end(tail_); }

  /// A hello at the end of DATA is the next client's, if nothing follows it: it says hello and waits. Content that
  /// happens to look so goes on.
  void look_in_data(TimePoint now) {
    stalls_at_.reset();
    if (!hello().empty()) stalls_at_ = now + kStallTime;
  }
  void stop_looking() { stalls_at_.reset(); }
  [[nodiscard]] std::optional<TimePoint> stalls_at() const { return stalls_at_; }

  void found(std::string_view hello) { hello_ = hello; }
  /// The hello that ended the session.
  [[nodiscard]] const std::optional<std::string>& found_hello() const { return hello_; }

 private:
  static constexpr Duration kStallTime = std::chrono::seconds(1);

  bool possible_;
  std::string tail_;
  std::optional<TimePoint> stalls_at_;
  std::optional<std::string> hello_;
};

}  // namespace stapsh
