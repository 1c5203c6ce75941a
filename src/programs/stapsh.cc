// SPDX-License-Identifier: Apache-2.0
// The agent. See stapsh(8).
#include <signal.h>

#include <algorithm>
#include <vector>

#include "agent/agent_loop.h"
#include "agent/agent_options.h"
#include "agent/check_policy.h"
#include "agent/guest.h"
#include "agent/listener.h"
#include "agent/policy_file.h"
#include "programs/run_program.h"

int main(int argc, char** argv) {
  using namespace stapsh;
  return run_program("stapsh", [&](const std::vector<int>& ignored_signals) -> Result<int> {
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    agent::AgentOptions options = TRY(agent::parse_agent_options(words));
    if (options.help) return print_text(agent::agent_help());
    if (options.version) return print_text(agent::agent_version());
    if (options.question.asked) {
      const agent::PolicyAnswer answer = TRY(agent::answer_question(options));
      TRY(print_text(answer.text));
      return answer.exit_code;
    }
    if (options.guest_folder) TRY(agent::become_guest(*options.guest_folder));
    if (options.listen) {
      TRY(agent::apply_listener_policy(options));
      return agent::listen(options, std::ranges::find(ignored_signals, SIGHUP) != ignored_signals.end());
    }
    if (options.says_started) TRY(print_text(agent::kStartedLine));
    return agent::run_session(options, {});
  });
}
