// SPDX-License-Identifier: Apache-2.0
#include "link/session_log.h"

#include <array>
#include <cstdio>
#include <utility>

namespace stapsh::link {
namespace {

std::string seconds_text(Duration time) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1f s", std::chrono::duration<double>(time).count());
  return text.data();
}

std::string rest_of(const broker::SessionName& name) {
  return "run " + name.run + ", number " + std::to_string(name.number);
}

}  // namespace

bool SessionLog::may_say(const std::string& client, TimePoint now) {
  const LogBudget::Verdict verdict = budget_.take(client, now);
  if (verdict.is_first_missed) {
    say_(Priority::kWarning, client + " begins too many sessions: they are not logged until there are fewer");
  }
  if (verdict.missed > 0) {
    say_(Priority::kWarning, std::to_string(verdict.missed) + " sessions of " + client +
                                 ", begun or refused, were too many and are not logged");
  }
  return verdict.is_logged;
}

void SessionLog::refused(const broker::SessionName& name, const std::string& why, TimePoint now) {
  if (may_say(name.client, now)) {
    say_(Priority::kWarning, "session of " + name.client + " refused: " + rest_of(name) + ": " + why);
  }
}

void SessionLog::begun(std::uint64_t serial, const broker::SessionName& name, int agent, TimePoint now) {
  Session session{name.client, rest_of(name) + ", agent " + std::to_string(agent), may_say(name.client, now), now};
  if (session.is_logged) say_(Priority::kInfo, "session of " + session.client + " begins: " + session.rest);
  sessions_.emplace(serial, std::move(session));
}

void SessionLog::over(std::uint64_t serial, const std::string& why, TimePoint now, Priority priority) {
  const auto found = sessions_.find(serial);
  if (found == sessions_.end() || found->second.over) return;
  found->second.over = why;
  found->second.priority = why.empty() ? Priority::kInfo : priority;
  end_if_due(serial, now);
}

void SessionLog::agent_ended(std::uint64_t serial, int code, TimePoint now) {
  const auto found = sessions_.find(serial);
  if (found == sessions_.end()) return;
  found->second.agent_code = code;
  end_if_due(serial, now);
}

void SessionLog::end_if_due(std::uint64_t serial, TimePoint now) {
  const auto found = sessions_.find(serial);
  const Session& session = found->second;
  if (!session.over || !session.agent_code) return;
  say_end(session, "its agent's exit code is " + std::to_string(*session.agent_code), now);
  sessions_.erase(found);
}

void SessionLog::leave(TimePoint now) {
  for (const auto& [serial, session] : std::exchange(sessions_, {})) {
    say_end(session, session.agent_code ? "its agent has ended" : "its agent goes on by itself", now);
  }
}

void SessionLog::say_end(const Session& session, const std::string& agent, TimePoint now) const {
  if (!session.is_logged) return;
  const std::string why = session.over.value_or("");
  say_(session.agent_code == 0 ? session.priority : Priority::kWarning,
       "session of " + session.client + " ends after " + seconds_text(now - session.begun_at) + ": " + session.rest +
           ": " + (why.empty() ? "over" : why) + "; " + agent);
}

}  // namespace stapsh::link
