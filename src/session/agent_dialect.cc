// SPDX-License-Identifier: Apache-2.0
#include "session/agent_dialect.h"

#include <algorithm>

#include "base/parse_seconds.h"
#include "protocol/quoted.h"
#include "protocol/runner_environment.h"
#include "protocol/session_id.h"

namespace stapsh {
namespace {

using Granted = Result<std::string>;

Granted granted_at_most(std::string_view name, std::optional<Duration> max, std::string_view value, Duration& asked) {
  asked = TRY(parse_seconds(value));
  if (!max || asked <= *max) return std::string();
  asked = *max;
  return std::string(name) + "=" + format_seconds(asked);
}

// A further option: a line here, and what it does.
struct Entry {
  std::string_view name;
  bool takes_value;
  Granted (*set)(AgentDialect& dialect, std::string_view value, const OptionMaxima& maxima);
};

template <bool AgentDialect::*kFlag>
Granted set_flag(AgentDialect& dialect, std::string_view, const OptionMaxima&) {
  dialect.*kFlag = true;
  return {};
}

template <RunnerKind kKind>
Granted set_kind(AgentDialect& dialect, std::string_view, const OptionMaxima&) {
  dialect.runner_kind = kKind;
  return {};
}

// Which runner it is for is not known yet: `run` looks again.
Granted set_variable(AgentDialect& dialect, std::string_view value, const OptionMaxima&) {
  std::string variable = TRY(unquote(value));
  TRY(check_runner_variable(variable));
  const std::string name_and_equals = variable.substr(0, variable.find('=') + 1);
  std::erase_if(dialect.environment, [&](const std::string& each) { return each.starts_with(name_and_equals); });
  dialect.environment.push_back(std::move(variable));
  return {};
}

constexpr Entry kTable[] = {
    {"data", false, set_flag<&AgentDialect::framed>},
    {"verbose", false, [](AgentDialect& d, std::string_view, const OptionMaxima&) { return ++d.verbose, Granted(); }},
    {"bpf", false, set_kind<RunnerKind::kStapbpf>},
    {"dyninst", false, set_kind<RunnerKind::kStapdyn>},
    {"exit", false, set_flag<&AgentDialect::says_exit>},
    {"signal", false, set_flag<&AgentDialect::tells_signal>},
    {"time", false, set_flag<&AgentDialect::timed>},
    {"clock", false,
     [](AgentDialect&, std::string_view, const OptionMaxima&) { return Granted(); }},  // See its answer.
    {"grace", true,
     [](AgentDialect& d, std::string_view value, const OptionMaxima& maxima) {
       return granted_at_most("grace", maxima.grace, value, d.stop_times.grace);
     }},
    {"stop-limit", true,
     [](AgentDialect& d, std::string_view value, const OptionMaxima& maxima) {
       return granted_at_most("stop-limit", maxima.stop_limit, value, d.stop_times.limit);
     }},
    {"deadline", true,
     [](AgentDialect& d, std::string_view value, const OptionMaxima& maxima) {
       Granted granted = granted_at_most("deadline", maxima.deadline, value, d.deadline.emplace());
       d.deadline_is_cut = granted && !granted->empty();
       return granted;
     }},
    {"keepalive", true,
     [](AgentDialect& d, std::string_view value, const OptionMaxima&) -> Granted {
       d.keepalive = TRY(parse_seconds(value));
       return {};
     }},
    {"proof", false, set_flag<&AgentDialect::proves>},
    {"reason", false, set_flag<&AgentDialect::says_why>},
    {"progress", false, set_flag<&AgentDialect::tells_progress>},
    {"digest", false, set_flag<&AgentDialect::verifies>},
    {"keep", false, [](AgentDialect&, std::string_view, const OptionMaxima&) { return Granted(); }},  // See its answer.
    {"session", true,
     [](AgentDialect& d, std::string_view value, const OptionMaxima&) -> Granted {
       if (!is_session_id(value)) return fail(Errc::kPeer, "an id is ten letters or digits");
       d.session_id = value;
       return {};
     }},
    {"env", true, set_variable},
    {"policy", false,
     [](AgentDialect&, std::string_view, const OptionMaxima&) { return Granted(); }},  // See its answer.
    {"nonce", false,
     [](AgentDialect&, std::string_view, const OptionMaxima&) { return Granted(); }},  // See its answer.
    {"environment", false,
     [](AgentDialect&, std::string_view, const OptionMaxima&) { return Granted(); }},  // See its answer.
    {"runners", false,
     [](AgentDialect&, std::string_view, const OptionMaxima&) { return Granted(); }},  // See its answer.
};

}  // namespace

Result<std::string> AgentDialect::set(const OptionCommand& command, const OptionMaxima& maxima) {
  for (const Entry& entry : kTable) {
    if (entry.name != command.name) continue;
    if (command.value.has_value() != entry.takes_value) {
      return fail(Errc::kPeer, "option " + command.name + (entry.takes_value ? ": needs a value" : ": takes no value"));
    }
    AgentDialect changed = *this;  // A value that is refused changes nothing.
    Granted granted = entry.set(changed, command.value.value_or(""), maxima);
    if (!granted) return fail(Errc::kPeer, "option " + command.name + ": " + printable(granted.error().what));
    *this = std::move(changed);
    return granted;
  }
  return fail(Errc::kPeer, "Invalid option: " + printable(command.name));
}

}  // namespace stapsh
