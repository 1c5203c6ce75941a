// SPDX-License-Identifier: Apache-2.0
// The client. See rstap(1).
#include <string>
#include <vector>

#include "client/command_line.h"
#include "client/fleet.h"
#include "programs/run_program.h"

int main(int argc, char** argv) {
  using namespace stapsh;
  return run_program("rstap", [&](const std::vector<int>& ignored_signals) -> Result<int> {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const client::RstapOptions options = TRY(client::parse_rstap_arguments(words));
    switch (options.action) {
      case client::Action::kShowHelp:
        return print_text(client::rstap_help());
      case client::Action::kShowVersion:
        return print_text("rstap " STAPSH_VERSION "\n");
      case client::Action::kRun:
      case client::Action::kSweep:
        break;
    }
    return client::run_fleet(options, ignored_signals);
  });
}
