// SPDX-License-Identifier: Apache-2.0
#include "client/targets/groups.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client/targets/ask_program.h"

namespace stapsh::client {
namespace {

// Sources of nodeset's groups may ask a scheduler or a directory service.
constexpr Duration kNodesetLimit = std::chrono::seconds(30);

ValueList from_configuration(const std::string& name, const std::vector<std::string>& values) {
  ValueList list;
  list.source = fmt::format("group @{} of the configuration", name);
  for (const std::string& value : values) list.lines.push_back({0, value});
  return list;
}

/// What nodeset says; a list without lines if it says nothing, as of a group that it does not know. `where` is what the
/// error says of it then.
Result<ValueList> from_nodeset(const std::string& name, std::string& where) {
  const std::string group = "@" + name;
  where = fmt::format("by nodeset -e {}", group);
  ValueList list;
  list.source = "nodeset -e " + group;
  Result<ProgramAnswer> answer = ask_program({{"nodeset", "-e", "-S", "\n", group}, {}, kNodesetLimit});
  if (!answer && answer.error().sys_errno == ENOENT) {
    where = "by nodeset (it is not installed)";
    return list;
  }
  if (!answer) return add_context("group " + group, std::move(answer).error());
  if (answer->exit_code != 0) where += fmt::format(" (it says: {})", answer->reason());
  if (answer->exit_code == 0) {
    TRY(parse_list(list.source, answer->out, ListKind::kTargets)).lines.swap(list.lines);
    for (ValueList::Line& line : list.lines) line.number = 0;
  }
  return list;
}

std::vector<std::string> dsh_folders() {
  std::vector<std::string> folders;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    folders.push_back(std::string(home) + "/.dsh/group");
  }
  const char* other = std::getenv("DSHGROUP_PATH");
  folders.emplace_back(other != nullptr && *other != '\0' ? other : "/etc/dsh/group");
  return folders;
}

}  // namespace

Result<ValueList> GroupLookup::find(const std::string& name) {
  if (const auto it = known_.find(name); it != known_.end()) return it->second;
  ValueList list = TRY(look_up(name));
  if (list.lines.empty()) return fail(Errc::kUsage, fmt::format("group @{} is empty: {}", name, list.source));
  return known_.emplace(name, std::move(list)).first->second;
}

Result<ValueList> GroupLookup::look_up(const std::string& name) {
  if (const auto it = configured_.find(name); it != configured_.end()) return from_configuration(name, it->second);
  std::string by_nodeset;
  ValueList list = TRY(from_nodeset(name, by_nodeset));
  if (!list.lines.empty()) return list;
  std::vector<std::string> paths;
  for (const std::string& folder : dsh_folders()) {
    paths.push_back(folder + "/" + name);
    std::error_code unknown;
    if (std::filesystem::exists(paths.back(), unknown)) return read_list(paths.back(), ListKind::kDsh);
  }
  return fail(
      Errc::kUsage,
      fmt::format("group @{}: unknown; looked for in the configuration's groups, {}, in {}; a list of targets in "
                  "a file is @./{}",
                  name, by_nodeset, fmt::join(paths, " and "), name));
}

}  // namespace stapsh::client
