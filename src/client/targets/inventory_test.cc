// SPDX-License-Identifier: Apache-2.0
#include "client/targets/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/targets/remote_uri.h"

namespace stapsh::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As ansible-inventory 2.14 prints it.
constexpr std::string_view kJson = R"({
  "_meta": {"hostvars": {
    "db1": {"ansible_host": "fe80::1"},
    "db2": {"ansible_host": "fe80::2", "ansible_port": "22", "ansible_user": "root"},
    "here": {"ansible_connection": "local", "x": [1, {"y": null}]},
    "old": {"ansible_ssh_host": "10.0.0.8", "ansible_ssh_port": 222, "ansible_ssh_user": "u", "ansible_user": null},
    "web9": {"ansible_host": "10.0.0.9", "ansible_port": 2222, "ansible_connection": "ansible.builtin.ssh"}}},
  "all": {"children": ["ungrouped", "prod"]},
  "db": {"hosts": ["db2", "db1", "here"]},
  "prod": {"children": ["web", "db", "prod"]},
  "ungrouped": {"hosts": ["old"]},
  "web": {"hosts": ["web1", "web9", "db1"]}})";

TEST(Inventory, GroupsHaveTheirHostsInOrder) {
  const auto inventory = parse_inventory(kJson);
  ASSERT_TRUE(inventory) << inventory.error().what;
  EXPECT_THAT(inventory->members("all"), ElementsAre("old", "web1", "web9", "db1", "db2", "here"));
  EXPECT_THAT(inventory->members("db"), ElementsAre("db2", "db1", "here"));
  EXPECT_THAT(inventory->members("nosuch"), ElementsAre());
}

TEST(Inventory, HostsAreReachedAsTheirVariablesSay) {
  const auto inventory = parse_inventory(kJson);
  ASSERT_TRUE(inventory);
  std::vector<std::string> targets;
  for (const std::string& host : inventory->members("all")) {
    const auto target = inventory_target(*inventory, host);
    ASSERT_TRUE(target) << target.error().what;
    EXPECT_EQ(target->alias, host);
    EXPECT_TRUE(parse_remote_uri(target->text)) << target->text;
    targets.push_back(target->text);
  }
  EXPECT_THAT(targets,
              ElementsAre("u@10.0.0.8:222", "web1", "10.0.0.9:2222", "fe80::1", "root@[fe80::2]:22", "stapsh:"));
}

TEST(Inventory, HostsThatCanNotBeReachedAreNamed) {
  struct Case {
    std::string_view variables, want;
  };
  const Case cases[] = {
      {R"("ansible_connection": "winrm")",
       "inventory host w: ansible_connection=winrm is no way to an agent; leave it "
       "out: --limit='all:!w'"},
      {R"("ansible_host": "{{ x }}")", "inventory host w: '{{ x }}' is a template; leave it out"},
  };
  for (const Case& c : cases) {
    const auto inventory = parse_inventory(R"({"_meta": {"hostvars": {"w": {)" + std::string(c.variables) +
                                           R"(}}}, "all": {"hosts": ["w"]}})");
    ASSERT_TRUE(inventory) << inventory.error().what;
    const auto target = inventory_target(*inventory, "w");
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().code, Errc::kUsage);
    EXPECT_THAT(target.error().what, HasSubstr(c.want));
  }
}

TEST(Inventory, RefusesNamesThatATerminalWouldObey) {
  const auto inventory = parse_inventory(R"({"all": {"hosts": ["w\u001b[m"]}})");
  ASSERT_TRUE(inventory) << inventory.error().what;
  const auto target = inventory_target(*inventory, "w\x1b[m");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().what, "inventory host w^[[m: the control character ^[ can't be part of a name");
}

TEST(Inventory, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "x", "[]", R"({"all": 1})", R"({"all": {"hosts": 1}})",
                                      R"({"all": {"hosts": [1]}})", R"({"all": {"children": {}}})", R"({"all": {)"}) {
    const auto inventory = parse_inventory(text);
    ASSERT_FALSE(inventory) << text;
    EXPECT_THAT(inventory.error().what, HasSubstr("what ansible-inventory prints is no inventory: "));
  }
  EXPECT_TRUE(parse_inventory("{}"));
}

}  // namespace
}  // namespace stapsh::client
