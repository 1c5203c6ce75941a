// SPDX-License-Identifier: Apache-2.0
// One line at a session's beginning, one at its end, and one where none may begin: whose it is, and how it ended. It
// has ended when its messages are over and its agent has tidied up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "broker/subjects.h"
#include "link/log.h"
#include "link/log_budget.h"

namespace stapsh::link {

class SessionLog {
 public:
  using Say = std::function<void(Priority priority, const std::string& text)>;
  explicit SessionLog(Say say = link::say) : say_(std::move(say)) {}

  void refused(const broker::SessionName& name, const std::string& why, TimePoint now);
  void begun(std::uint64_t serial, const broker::SessionName& name, int agent, TimePoint now);
  /// Nothing more is said between agent and client. `why`: something ended it; empty: both have. The first one counts.
  void over(std::uint64_t serial, const std::string& why, TimePoint now, Priority priority = Priority::kWarning);
  void agent_ended(std::uint64_t serial, int code, TimePoint now);
  /// We end, and the agents that are left go on.
  void leave(TimePoint now);

 private:
  struct Session {
    std::string client, rest;  // What its lines say of it.
    bool is_logged = false;    // Both lines are, or none.
    TimePoint begun_at;
    std::optional<std::string> over{};
    Priority priority = Priority::kWarning;  // Of that.
    std::optional<int> agent_code{};
  };
  bool may_say(const std::string& client, TimePoint now);
  void end_if_due(std::uint64_t serial, TimePoint now);
  void say_end(const Session& session, const std::string& agent, TimePoint now) const;

  Say say_;
  LogBudget budget_;
  std::map<std::uint64_t, Session> sessions_;
};

}  // namespace stapsh::link
