// SPDX-License-Identifier: Apache-2.0
// Any line is something an agent may say; what is understood is formatted and understood again.
#include "base/overloaded.h"
#include "fuzz_target.h"
#include "protocol/agent_line.h"
#include "protocol/target_environment.h"

using namespace stapsh;

namespace {

// What is known of it is said again alike.
void check_environment(std::string_view word) {
  if (!word.starts_with(kEnvironmentAnswer)) return;
  const TargetEnvironment environment = parse_environment(word.substr(kEnvironmentAnswer.size()));
  const std::string again = format_environment(environment);
  STAPSH_ASSERT(again.find_first_of(" \t\r\n") == std::string::npos);
  STAPSH_ASSERT(parse_environment(again) == environment);
}

void check(std::string_view line) {
  std::visit(Overloaded{
                 [](const UnknownLine&) {},
                 [](const DebugLine& debug) { STAPSH_ASSERT(format_agent_line(debug).starts_with("stapsh:")); },
                 [](const auto& known) {
                   std::string text = format_agent_line(known);
                   STAPSH_ASSERT(text.ends_with('\n'));
                   text.pop_back();
                   STAPSH_ASSERT(text.find('\n') == std::string::npos);
                   const AgentLine again = parse_agent_line(text);
                   using Kind = std::decay_t<decltype(known)>;
                   STAPSH_ASSERT(std::holds_alternative<Kind>(again));
                   STAPSH_ASSERT(format_agent_line(std::get<Kind>(again)) == text + "\n");
                   if constexpr (std::is_same_v<Kind, OkLine>) check_environment(known.granted);
                 },
             },
             parse_agent_line(line));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  do {
    check(fuzz::take_line(text));
  } while (!text.empty());
  return 0;
}
