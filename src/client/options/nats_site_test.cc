// SPDX-License-Identifier: Apache-2.0
#include "client/options/nats_site.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

std::string error_of(std::string_view text) {
  NatsSites sites;
  const Result<> taken = take_nats_setting(sites, text);
  return taken ? "" : taken.error().what;
}

TEST(NatsSite, TakesEachSetting) {
  NatsSites sites;
  for (const char* text : {"prod.servers=tls://a:4223,b", "prod.client=ada", "prod.nkey=/k", "prod.tls=false",
                           "prod.ca=/ca", "prod.certificate=/c", "prod.key=/p", "prod.pool=1048576",
                           "lab.servers=nats://[::1]:4222", "lab.credentials=/x=y.creds"}) {
    ASSERT_TRUE(take_nats_setting(sites, text)) << text;
  }
  const NatsSite* prod = find_nats_site(sites, "prod").value_or(nullptr);
  ASSERT_NE(prod, nullptr);
  EXPECT_EQ(*prod, (NatsSite{{"tls://a:4223", "nats://b"}, "ada", false, "/k", "", "/ca", "/c", "/p", 1'048'576}));
  EXPECT_EQ(sites.at("lab").credentials, "/x=y.creds");
  NatsSites again;
  for (const auto& [name, site] : sites) {
    for (const std::string& text : nats_settings(name, site)) ASSERT_TRUE(take_nats_setting(again, text)) << text;
  }
  EXPECT_EQ(again, sites);
  EXPECT_TRUE(sites.at("lab").tls);
}

TEST(NatsSite, TheLastOneCounts) {
  NatsSites sites;
  ASSERT_TRUE(take_nats_setting(sites, "prod.servers=a,b"));
  ASSERT_TRUE(take_nats_setting(sites, "prod.servers=c"));
  EXPECT_EQ(sites.at("prod").servers, std::vector<std::string>{"nats://c"});
}

TEST(NatsSite, SaysWhatIsWrong) {
  for (const char* text : {"", "prod", "prod.servers", "servers=a", "=.servers"}) {
    EXPECT_NE(error_of(text).find("is not SITE.KEY=VALUE"), std::string::npos) << text;
  }
  EXPECT_NE(error_of("a b.servers=c").find("is no site"), std::string::npos);
  EXPECT_NE(error_of("prod.server=c").find("it has servers, client, nkey"), std::string::npos);
  EXPECT_NE(error_of("prod.servers=").find("nats://HOST"), std::string::npos);
  EXPECT_NE(error_of("prod.servers=a,").find("nats://HOST"), std::string::npos);
  EXPECT_NE(error_of("prod.servers=nats://ada:secret@a").find("no password"), std::string::npos);
  EXPECT_NE(error_of("prod.client=a.b").find("is no name"), std::string::npos);
  EXPECT_NE(error_of("prod.tls=maybe").find("true or false"), std::string::npos);
  EXPECT_NE(error_of("prod.pool=1").find("whole number"), std::string::npos);
  EXPECT_NE(error_of("prod.nkey=").find("missing"), std::string::npos);
}

TEST(NatsSite, SaysWhatIsMissing) {
  NatsSites sites;
  EXPECT_NE(find_nats_site(sites, "prod").error().what.find("[nats.prod] with servers"), std::string::npos);
  ASSERT_TRUE(take_nats_setting(sites, "prod.client=ada"));
  EXPECT_NE(find_nats_site(sites, "prod").error().what.find("--nats=prod.servers="), std::string::npos);
  ASSERT_TRUE(take_nats_setting(sites, "prod.servers=a"));
  ASSERT_TRUE(take_nats_setting(sites, "prod.key=/k"));
  EXPECT_NE(find_nats_site(sites, "prod").error().what.find("certificate is missing"), std::string::npos);
  ASSERT_TRUE(take_nats_setting(sites, "prod.certificate=/c"));
  ASSERT_TRUE(take_nats_setting(sites, "prod.nkey=/n"));
  EXPECT_TRUE(find_nats_site(sites, "prod"));
  ASSERT_TRUE(take_nats_setting(sites, "prod.credentials=/n"));
  EXPECT_NE(find_nats_site(sites, "prod").error().what.find("exclude each other"), std::string::npos);
}

}  // namespace
}  // namespace stapsh::client
