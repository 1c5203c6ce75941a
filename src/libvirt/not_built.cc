// SPDX-License-Identifier: Apache-2.0
// In the place of all else here, where libvirt's headers or pugixml were missing at build time.
#include <unistd.h>

#include <cstdlib>

#include "libvirt/guest_command.h"
#include "libvirt/relay.h"
#include "sys/io.h"

namespace stapsh::libvirt {
namespace {

constexpr std::string_view kNotBuilt =
    "this rstap was built without libvirt; build it where libvirt-dev and libpugixml-dev are";

}  // namespace

// Words that lead to run_relay(), which then says why it is of no use.
std::vector<std::string> relay_words(const std::string&, const std::string&) { return {std::string(kRelayWord)}; }
std::vector<std::string> tidy_words(const std::string&, const std::string&) { return {std::string(kTidyWord)}; }

// As the real one says its reasons.
Result<int> run_relay(std::span<const std::string>) {
  TRY(sys::write_all(STDERR_FILENO, std::string(kNotBuilt) + "\n", std::chrono::seconds(1)));
  return EXIT_FAILURE;
}
Result<int> run_tidy(std::span<const std::string>) { return 0; }

Result<std::string> run_guest_command(const GuestOptions& options) {
  if (options.action == GuestAction::kHelp) return guest_help();
  return fail(Errc::kSystem, std::string(kNotBuilt));
}

}  // namespace stapsh::libvirt
