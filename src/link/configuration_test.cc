// SPDX-License-Identifier: Apache-2.0
#include "link/configuration.h"

#include <gtest/gtest.h>

namespace stapsh::link {
namespace {

const std::string kLeast = "site = \"fra\"\nservers = [\"nats://localhost:4222\"]\n";

std::string fault(const std::string& text) {
  const Result<Configuration> read = parse_configuration(text, "link.toml");
  return read ? "none" : read.error().what;
}

TEST(LinkConfiguration, AllThatThereIs) {
  const Result<Configuration> read = parse_configuration(R"(
site = "fra"
host = "db1.example.com"
servers = ["tls://nats1:4222", "tls://nats2:4222"]
ca = "/etc/stapsh/ca.pem"
certificate = "/etc/stapsh/link.pem"
key = "/etc/stapsh/link.key"
nkey = "/etc/stapsh/link.nk"
stapsh = "/opt/stapsh"

[labels]
role = "db"
"example.com/rack" = "12"
spare = ""

[limits]
sessions = 8
sessions-per-client = 2
)",
                                                         "link.toml");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->site, "fra");
  EXPECT_EQ(read->host, "db1.example.com");
  EXPECT_EQ(read->servers.size(), 2U);
  EXPECT_TRUE(read->tls);
  EXPECT_EQ(read->key, "/etc/stapsh/link.key");
  EXPECT_EQ(read->stapsh, "/opt/stapsh");
  EXPECT_EQ(read->labels, (broker::Labels{{"example.com/rack", "12"}, {"role", "db"}, {"spare", ""}}));
  EXPECT_EQ(read->sessions_max, 8U);
  EXPECT_EQ(read->sessions_per_client_max, 2U);
}

TEST(LinkConfiguration, TheLeast) {
  const Result<Configuration> read = parse_configuration(kLeast + "tls = false\n", "link.toml");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_FALSE(read->tls);
  EXPECT_EQ(read->sessions_max, 64U);
  EXPECT_EQ(read->sessions_per_client_max, 16U);
}

TEST(LinkConfiguration, WhatIsWrongIsNamed) {
  struct Case {
    std::string text, want;
  };
  const std::string url = "a list of URLs is needed, like [\"tls://nats.example.com:4222\"]";
  for (const Case& c : {
           Case{"", "link.toml: site is missing: the name of the fleet's place, like site = \"fra\""},
           Case{"site = \"fra\"",
                "link.toml: servers is missing: the broker, like servers = [\"tls://nats.example.com:4222\"]"},
           Case{"site = \"a.b\"", "link.toml:1: site: a site's name has 1 to 64 letters, digits, '-' and '_'"},
           Case{"\nhost = \"a/b\"", "link.toml:2: host: a host's name has letters, digits, '-', '_' and dots"},
           Case{"site = 7", "link.toml:1: site: a string is needed"},
           Case{"servers = \"nats://x\"", "link.toml:1: servers: " + url},
           Case{"servers = []", "link.toml:1: servers: " + url},
           Case{"servers = [\"http://x\"]", "link.toml:1: servers: " + url},
           Case{"servers = [\"tls://user:hush@x\"]",
                "link.toml:1: servers: a server's address holds no user or password here; name a file by nkey or "
                "credentials"},
           Case{"nkey = \"link.nk\"", "link.toml:1: nkey: a path is needed that begins with /"},
           Case{"tls = \"no\"", "link.toml:1: tls: true or false is needed"},
           Case{"sites = 1", "link.toml:1: sites: no such key; stapsh-link(8) has them all"},
           Case{"labels = 1", "link.toml:1: labels: is a table: [labels]"},
           Case{"[labels]\nrole = 1", "link.toml:2: role: a string is needed"},
           Case{"[limits]\nsessions = 0", "link.toml:2: sessions: a number from 1 to 65536 is needed"},
           Case{"[limits]\nmany = 1", "link.toml:2: many: no such limit; there are sessions and sessions-per-client"},
           Case{kLeast + "key = \"/k\"", "link.toml: certificate and key need each other"},
           Case{kLeast + "nkey = \"/k\"\ncredentials = \"/c\"",
                "link.toml: nkey and credentials: the broker is told one of them; remove the other"},
           Case{"site = \"fra\"\nservers = [\"tls://x\"]\ntls = false",
                "link.toml: tls = false, and a server is tls://…; say nats://, or remove tls = false"},
       }) {
    EXPECT_EQ(fault(c.text), c.want);
  }
  EXPECT_TRUE(fault("[labels]\n\"a b\" = \"x\"").starts_with("link.toml:2: a b: "))
      << fault("[labels]\n\"a b\" = \"x\"");
  EXPECT_TRUE(fault("site = \"fra").starts_with("link.toml:1: ")) << fault("site = \"fra");
}

}  // namespace
}  // namespace stapsh::link
