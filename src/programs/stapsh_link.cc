// SPDX-License-Identifier: Apache-2.0
// The link. See stapsh-link(8).
#include <unistd.h>

#include <string_view>
#include <utility>
#include <vector>

#include "link/configuration.h"
#include "link/link.h"
#include "link/link_options.h"
#include "programs/run_program.h"
#include "sys/executable.h"

int main(int argc, char** argv) {
  using namespace stapsh;
  const int code = run_program("stapsh-link", [&](const std::vector<int>&) -> Result<int> {
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    const link::LinkOptions options = TRY(link::parse_link_options(words));
    if (options.help) return print_text(link::link_help());
    if (options.version) return print_text(link::link_version());
    link::Configuration configuration = TRY(link::read_configuration(options.config));
    if (options.check_config) {
      TRY(link::check(std::move(configuration)));
      return print_text(options.config + ": OK\n");
    }
    if (configuration.stapsh.empty()) configuration.stapsh = sys::own_folder() + "/stapsh";
    return link::serve(std::move(configuration));
  });
  // libnats has threads of its own, and we don't wait for a broker that is frozen.
  ::_exit(code);
}
