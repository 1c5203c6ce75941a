// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_privileges.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sys/lent_workspace.h"
#include "sys/lesser_user.h"

namespace stapsh::agent {
namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// How text and times are written is the machine's, and tells nothing of whoever started the agent.
constexpr const char* kKept[] = {"LANG", "LC_ALL", "TZ"};

// Who is in one reads each disk, each password's hash or the memory, or has root start what it likes.
constexpr std::string_view kAsGoodAsRoot[] = {"disk", "docker", "kmem", "shadow"};

// What it keeps for itself goes with the workspace, wherever it looks for a place.
std::vector<std::string> environment_of(const std::string& user, const std::string& own_folder) {
  std::vector<std::string> env{kPath,           "USER=" + user,       "LOGNAME=" + user,
                               "SHELL=/bin/sh", "HOME=" + own_folder, "TMPDIR=" + own_folder};
  for (const char* name : kKept) {
    if (const char* const value = ::getenv(name); value != nullptr) env.push_back(std::string(name) + "=" + value);
  }
  return env;
}

}  // namespace

Result<sys::Account> account_of_line(const policy::RunAs& run_as) {
  Result<sys::Account> account = sys::find_account(run_as.user);
  if (!account) return add_context("user=" + run_as.user, account.error());
  // Whose files are all files is kept from nothing by having no capabilities.
  if (account->user == 0) return fail(Errc::kUsage, "user=" + run_as.user + ": is root; name a user of its own");
  if (account->user == sys::kLesserUser) {
    return fail(Errc::kUsage, "user=" + run_as.user + ": it verifies signatures; name a user of its own");
  }
  const auto refused = [&](const std::string& group) {
    return fail(Errc::kUsage, "user=" + run_as.user + ": is in group " + group + ", and that group is as good as root");
  };
  if (account->group == 0 || std::ranges::find(account->groups, gid_t{0}) != account->groups.end()) return refused("0");
  for (const std::string& name : account->group_names) {
    if (std::ranges::find(kAsGoodAsRoot, name) != std::end(kAsGoodAsRoot)) return refused(name);
  }
  return account;
}

Result<> lower_privileges(sys::SpawnOptions& spawn, const policy::RunAs& run_as, RunnerKind kind,
                          const sys::Workspace& workspace) {
  sys::Account account = TRY(account_of_line(run_as));
  const std::string own = TRY(sys::lend_workspace(workspace, account.user, account.group));
  spawn.env = environment_of(run_as.user, own);
  spawn.privileges = sys::Privileges{.user = account.user,
                                     .group = account.group,
                                     .groups = std::move(account.groups),
                                     .capabilities = run_as.capabilities,
                                     // stapbpf gives up where it can't lift it, and lifting needs a capability.
                                     .lifts_locked_memory = true,
                                     .pretends_root = kind == RunnerKind::kBpftrace};
  return {};
}

}  // namespace stapsh::agent
