// SPDX-License-Identifier: Apache-2.0
#include "policy/capability_names.h"

#include <algorithm>

#include "base/shown_text.h"

namespace stapsh::policy {

Result<Capabilities> capability_of_name(std::string_view name) {
  const auto* const found = std::ranges::find(kCapabilityNames, name);
  if (found != kCapabilityNames.end()) return Capabilities{1} << (found - kCapabilityNames.begin());
  return fail(Errc::kUsage, "'" + shown_text(name, 40) +
                                "' is no capability; say them as capabilities(7) does, in small letters without CAP_: "
                                "bpf,perfmon");
}

std::string capabilities_text(Capabilities capabilities) {
  std::string text;
  for (unsigned number = 0; number < 64; ++number) {
    if ((capabilities >> number & 1) == 0) continue;
    text += text.empty() ? "" : " ";
    text += number < kCapabilityNames.size() ? std::string(kCapabilityNames[number]) : std::to_string(number);
  }
  return text;
}

}  // namespace stapsh::policy
