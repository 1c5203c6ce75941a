// SPDX-License-Identifier: Apache-2.0
#include "client/run/resume.h"

#include <set>
#include <string_view>

#include "client/events/joblog.h"

namespace stapsh::client {

std::size_t leave_out(std::vector<Target>& targets, std::span<const std::string> finished) {
  const std::set<std::string_view> names(finished.begin(), finished.end());
  const std::size_t left_out =
      std::erase_if(targets, [&](const Target& target) { return names.contains(joblog_host(target.name)); });
  unsigned index = 0;
  for (Target& target : targets) target.index = index++;
  return left_out;
}

}  // namespace stapsh::client
