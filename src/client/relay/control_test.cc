// SPDX-License-Identifier: Apache-2.0
#include "client/relay/control.h"

#include <gtest/gtest.h>

#include "client/relay/words.h"

namespace stapsh::client {
namespace {

TEST(Control, PacketsCarryOver) {
  for (const ControlPacket& packet :
       {ControlPacket(OpenSession{0, "db1.example.com"}), ControlPacket(ForgetSession{4'294'967'295, "web1"}),
        ControlPacket(SessionEnded{7, "no one of that name is there"})}) {
    const auto again = decode_control(encode_control(packet));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, packet);
  }
  const auto shown = decode_control(encode_control(SessionEnded{7, "a\n" + std::string(5'000, 'x')}));
  ASSERT_TRUE(shown);
  EXPECT_EQ(std::get<SessionEnded>(*shown).reason.find('\n'), std::string::npos);
  EXPECT_LT(std::get<SessionEnded>(*shown).reason.size(), kControlBytesMax);
}

TEST(Control, SomethingElseIsNone) {
  for (const char* text : {"", "open", "open 1", "open x web1", "open 4294967296 web1", "close 1 web1"}) {
    EXPECT_FALSE(decode_control(text)) << text;
  }
}

TEST(Control, WordsCarryOver) {
  NamedSite site{"prod", {}};
  site.settings.servers = {"nats://a", "tls://b:1"};
  site.settings.client = "ada";
  site.settings.tls = false;
  const auto relay_words = to_words(RelayWords{site, "r1", 17});
  EXPECT_EQ(relay_words.front(), kNatsRelayWord);
  const auto relay = parse_relay_words(std::span(relay_words).subspan(1));
  ASSERT_TRUE(relay);
  EXPECT_EQ(relay->site.name, "prod");
  EXPECT_EQ(relay->site.settings, site.settings);
  EXPECT_EQ(relay->run, "r1");
  EXPECT_EQ(relay->targets, 17u);
  const auto who_words = to_words(WhoWords{site, "role=db,!old"});
  const auto who = parse_who_words(std::span(who_words).subspan(1));
  ASSERT_TRUE(who);
  EXPECT_EQ(who->selector, "role=db,!old");
  EXPECT_EQ(who->site.settings, site.settings);
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{}, {"prod"}, {"prod", "r1", "x", "prod.tls=true"}}) {
    EXPECT_FALSE(parse_relay_words(bad));
  }
}

TEST(Control, AClientIsOurUserIfNobodySaysOtherwise) {
  NatsSites sites;
  sites["prod"].servers = {"nats://a"};
  const auto site = name_site(sites, "prod");
  EXPECT_TRUE(!site || !site->settings.client.empty());
  sites["prod"].client = "ada";
  EXPECT_EQ(name_site(sites, "prod")->settings.client, "ada");
  EXPECT_FALSE(name_site(sites, "lab"));
}

}  // namespace
}  // namespace stapsh::client
