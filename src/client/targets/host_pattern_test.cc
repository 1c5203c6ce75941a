// SPDX-License-Identifier: Apache-2.0
#include "client/targets/host_pattern.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::HasSubstr;

Inventory inventory() {
  Inventory inventory;
  inventory.groups = {{"all", {{}, {"web", "db", "prod"}}},
                      {"web", {{"web1.example", "web2.example", "web3.example"}, {}}},
                      {"db", {{"db1", "db2", "fe80::1"}, {}}},
                      {"prod", {{"web1.example", "db1"}, {}}}};
  for (const std::string& host : inventory.members("all")) inventory.hosts[host];
  return inventory;
}

// What `ansible all -i … --limit=PATTERN --list-hosts` of 2.14 lists.
TEST(HostPattern, MeansWhatItMeansToAnsible) {
  struct Case {
    std::string_view pattern, want;
  };
  const Case cases[] = {
      {"all", "web1.example web2.example web3.example db1 db2 fe80::1"},
      {"*", "web1.example web2.example web3.example db1 db2 fe80::1"},
      {"db", "db1 db2 fe80::1"},
      {"db1", "db1"},
      {"db:web1.example", "db1 db2 fe80::1 web1.example"},
      {"db,web1.example", "db1 db2 fe80::1 web1.example"},
      {"web*", "web1.example web2.example web3.example"},
      {"web[12].example", "web1.example web2.example"},
      {"*.example", "web1.example web2.example web3.example"},
      {"db?", "db1 db2"},
      {"web:&prod", "web1.example"},
      {"web:!prod", "web2.example web3.example"},
      {"!web", "db1 db2 fe80::1"},
      {"!prod:web", "web2.example web3.example"},
      {"&prod", "web1.example db1"},
      {"all:!web*:!fe*", "db1 db2"},
      {"db:db1", "db1 db2 fe80::1"},
      {"fe80::1", "fe80::1"},
      {"web[0]", "web1.example"},
      {"web[-1]", "web3.example"},
      {"web[0:1]", "web1.example web2.example"},
      {"web[1:]", "web2.example web3.example"},
      {"web[1:9]", "web2.example web3.example"},
      {"web:!nosuch*", "web1.example web2.example web3.example"},
      {" web , !prod ", "web2.example web3.example"},
  };
  const Inventory hosts = inventory();
  for (const Case& c : cases) {
    SCOPED_TRACE(c.pattern);
    const auto found = match_hosts(hosts, c.pattern);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(fmt::format("{}", fmt::join(*found, " ")), c.want);
  }
}

TEST(HostPattern, ErrorsNameTheWord) {
  struct Case {
    std::string_view pattern, want;
  };
  const Case cases[] = {
      {"nosuch", "--limit: 'nosuch': neither a host nor a group of the inventory"},
      {"web:!nosuch", "--limit: 'nosuch': neither"},
      {"~web.*", "--limit: '~web.*': regular expressions are not known here"},
      {"web:!", "--limit: 'web:!': a name is missing"},
      {"nosuch*", "--limit: 'nosuch*': no host of the inventory"},
      {"web[5]", "--limit: 'web[5]': no host"},
      {"web:&db2", "--limit: 'web:&db2': no host"},
  };
  const Inventory hosts = inventory();
  for (const Case& c : cases) {
    SCOPED_TRACE(c.pattern);
    const auto found = match_hosts(hosts, c.pattern);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::kUsage);
    EXPECT_THAT(found.error().what, HasSubstr(c.want));
  }
}

}  // namespace
}  // namespace stapsh::client
