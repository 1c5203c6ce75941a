// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/site_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Site kSite{.name = "prod", .server = "nats.example.com:4222", .tls = true, .ca = "/etc/ssl/our ca.pem"};
const Site kTrial{.name = "demo", .server = "127.0.0.1:4222", .tls = false, .ca = ""};

TEST(SiteTexts, ASiteComesBackAsItWasWritten) {
  for (const Site& site : {kSite, kTrial}) {
    const Result<Site> back = parse_site(format_site(site));
    ASSERT_TRUE(back) << back.error().what;
    EXPECT_EQ(*back, site);
  }
}

TEST(SiteTexts, WhatIsBrokenInASiteIsNamedByItsLine) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {{"", "0: site or server is missing"},
                        {"site demo\n", "1: site or server is missing"},
                        {"# x\nsite a.b\n", "2: it is none of: site NAME"},
                        {"site demo\nserver\n", "2: a value is missing"},
                        {"site demo\ntls maybe\n", "2: it is none of"},
                        {"ca /a\"b\n", "1: a value is missing, or no plain text"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<Site> got = parse_site(c.text);
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().what, StartsWith(std::string(c.want)));
  }
}

TEST(SiteTexts, TheBrokerSaysWhatIsToBeFilledIn) {
  const BrokerOptions to_fill{.listen = "0.0.0.0:4222", .certificate = "", .key = "", .tls = true, .folder = "/f"};
  EXPECT_THAT(broker_configuration(kSite, to_fill), HasSubstr("cert_file: \"TO FILL IN: certificate.pem\""));
  const BrokerOptions whole{.listen = "[::]:1", .certificate = "/c", .key = "/k", .tls = true, .folder = "/f"};
  const std::string text = broker_configuration(kSite, whole);
  EXPECT_THAT(text, Not(HasSubstr("TO FILL IN")));
  EXPECT_THAT(text, HasSubstr("must be for nats.example.com, by"));
  EXPECT_THAT(text, HasSubstr("listen: \"[::]:1\"\n"));
  EXPECT_THAT(text, HasSubstr("  cert_file: \"/c\"\n  key_file: \"/k\"\n"));
  const BrokerOptions trial{.listen = "127.0.0.1:4222", .certificate = "", .key = "", .tls = false, .folder = "/f"};
  EXPECT_THAT(broker_configuration(kTrial, trial), Not(HasSubstr("tls {")));
}

TEST(SiteTexts, HostAndClientGetTheSameWay) {
  EXPECT_EQ(link_configuration(kSite, "web01"),
            "# For stapsh-link(8) on web01: /etc/stapsh/link.toml\n"
            "site = \"prod\"\nhost = \"web01\"\n"
            "servers = [\"nats://nats.example.com:4222\"]\nca = \"/etc/ssl/our ca.pem\"\n"
            "nkey = \"/etc/stapsh/link.seed\"\n");
  EXPECT_EQ(client_configuration(kTrial, "ada", "/f/client.seed"),
            "# For ~/.config/rstap/config.toml of ada\n"
            "[nats.demo]\nclient = \"ada\"\n"
            "servers = [\"nats://127.0.0.1:4222\"]\ntls = false\n"
            "nkey = \"/f/client.seed\"\n");
}

}  // namespace
}  // namespace stapsh::client
