// SPDX-License-Identifier: Apache-2.0
#include "client/output/shown_names.h"

#include <unordered_set>

#include "base/shown_text.h"
#include "client/output/only_target.h"
#include "client/output/terminal_text.h"

namespace stapsh::client {

std::vector<std::string> shown_names(const event::RunStarted& run) {
  std::vector<std::string> names;
  std::unordered_set<std::string> taken;
  for (const event::RunStarted::Target& target : run.targets) {
    std::string name = shown_text(target.name);
    // "rstap: " would be a label like rstap's own beginning; two spellings may look like one.
    if (looks_like(name + ":", kOwnBeginning).value_or(true)) name = "target " + name;
    while (!taken.insert(seen_text(name)).second) name += "#" + std::to_string(names.size());
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace stapsh::client
