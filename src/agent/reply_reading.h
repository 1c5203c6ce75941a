// SPDX-License-Identifier: Apache-2.0
// How far a released client is with reading the reply to `run`. It reads it through a buffer, and drops what else came
// in that read: output that is there too early. Nothing announces that a reply was read, so we look.
#pragma once

#include <optional>

#include "base/time.h"

namespace stapsh::agent {

/// The longest that a runner waits for its client.
inline constexpr Duration kReplyReadingLimit = std::chrono::milliseconds(200);

/// Who reads here may be a relay (sshd, socat, `kubectl exec`), and our client behind it: so long it gets to read what
/// the relay has read. Nothing tells a relay from a client for sure, so all of them get it. Measured with stap 4.8, a
/// runner that speaks at once, and sshd on a loaded machine: without a pause all output was lost in 27 of 150 runs,
/// with 10 ms in 2, with 20 or 50 in none; with more load, with 20 ms in 3 of 80 (scripts/released-client-loss).
inline constexpr Duration kRelayPause = std::chrono::milliseconds(50);

class ReplyReading {
 public:
  /// `out`, lent: where the reply was written to.
  ReplyReading(int out, TimePoint now) : out_(out), limit_(now + kReplyReadingLimit) {}

  /// When to look again. None: it was read, as far as one can tell from here, or the time for it is over.
  std::optional<TimePoint> look(TimePoint now);

 private:
  int out_;
  TimePoint limit_;
  std::optional<TimePoint> relayed_at_;
};

}  // namespace stapsh::agent
