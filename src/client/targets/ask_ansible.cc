// SPDX-License-Identifier: Apache-2.0
#include "client/targets/ask_ansible.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "client/targets/ask_program.h"
#include "client/targets/host_pattern.h"
#include "client/targets/inventory.h"

namespace stapsh::client {
namespace {

// An inventory may be a cloud's answer.
constexpr Duration kAnsibleLimit = std::chrono::seconds(120);

Result<std::string> read_inventories(std::span<const std::string> inventories) {
  ProgramQuestion question{{"ansible-inventory", "--list"}, {}, kAnsibleLimit};
  for (const std::string& inventory : inventories) question.argv.push_back("--inventory=" + inventory);
  // Without the first, one that can't be read is a warning, and an inventory without hosts. In the locale C, as of
  // cron, ansible refuses to start.
  question.extra_env = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=True", "ANSIBLE_NOCOLOR=True",
                        "ANSIBLE_FORCE_COLOR=False", "LC_ALL=C.UTF-8"};
  Result<ProgramAnswer> answer = ask_program(question);
  if (!answer) {
    Error error = std::move(answer).error();
    if (error.sys_errno == ENOENT) error.what += "; it is part of ansible-core";
    return fail(std::move(error));
  }
  if (answer->exit_code != 0) {
    return fail(Errc::kUsage, fmt::format("ansible-inventory: {}", answer->errors_in_one_line()));
  }
  return std::move(answer->out);
}

}  // namespace

Result<std::vector<NamedAddress>> ask_ansible(std::span<const std::string> inventories,
                                              const std::optional<std::string>& limit) {
  const auto read = [&]() -> Result<std::vector<NamedAddress>> {
    const std::string json = TRY(read_inventories(inventories));
    const Inventory inventory = TRY(parse_inventory(json));
    std::vector<std::string> hosts = inventory.members("all");
    if (hosts.empty()) return fail(Errc::kUsage, "no host in it");
    if (limit) hosts = TRY(match_hosts(inventory, *limit));
    std::vector<NamedAddress> targets;
    targets.reserve(hosts.size());
    for (const std::string& host : hosts) targets.push_back(TRY(inventory_target(inventory, host)));
    return targets;
  };
  Result<std::vector<NamedAddress>> targets = read();
  if (!targets) {
    return add_context(fmt::format("--inventory {}", fmt::join(inventories, ", ")), std::move(targets).error());
  }
  return targets;
}

}  // namespace stapsh::client
