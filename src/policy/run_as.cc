// SPDX-License-Identifier: Apache-2.0
#include "policy/run_as.h"

#include <algorithm>

#include "base/shown_text.h"

namespace stapsh::policy {
namespace {

constexpr std::string_view kUserLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
constexpr std::size_t kUserLettersMax = 32;

constexpr Capabilities bit(std::string_view name) {
  return Capabilities{1} << (std::ranges::find(kCapabilityNames, name) - kCapabilityNames.begin());
}

// Who becomes another user, and lets go of all but some capabilities, needs these once more; dac_override, and fowner
// in a sticky directory: what that user leaves must be removed; kill: it must be stopped as that user, too.
constexpr Capabilities kToSwitch =
    bit("dac_override") | bit("fowner") | bit("kill") | bit("setgid") | bit("setuid") | bit("setpcap");

}  // namespace

Result<std::string> parse_user(std::string_view name) {
  const bool is_name = !name.empty() && name.size() <= kUserLettersMax && name[0] != '-' &&
                       name.find_first_not_of("0123456789") != std::string_view::npos &&
                       name.find_first_not_of(kUserLetters) == std::string_view::npos;
  if (is_name) return std::string(name);
  return fail(Errc::kUsage, "'" + shown_text(name, 40) + "' is no user's name; make one by useradd --system NAME");
}

std::string why_no_run_as(const RunAs& run_as, std::span<const RunnerKind> runners) {
  if (!run_as.given()) return {};
  if (!runners.empty() && std::ranges::find(runners, RunnerKind::kStaprun) == runners.end()) return {};
  return "user= is for runner=stapbpf, stapdyn and bpftrace: staprun loads a module, for which it must be root";
}

std::string why_not_from(Capabilities own, const RunAs& run_as) {
  if (!run_as.given()) return {};
  const Capabilities lacking = (kToSwitch | run_as.capabilities) & ~own;
  if (lacking == 0) return {};
  const std::string user = "user=" + run_as.user + ": ";
  if ((kToSwitch & ~own) == kToSwitch) return user + "the agent is not root, and can't run anything as another user";
  return user + "the agent lacks the capabilities for it: " + capabilities_text(lacking);
}

}  // namespace stapsh::policy
