// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/fleet_command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(FleetCommandLine, NamesAreSets) {
  const Words words{"enroll", "web[01-02]", "-f", "/site", "db1.example.com"};
  const Result<FleetOptions> options = parse_fleet_words(words);
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->action, FleetAction::kEnroll);
  EXPECT_EQ(options->folder, "/site");
  EXPECT_THAT(options->names, ElementsAre("web01", "web02", "db1.example.com"));
}

TEST(FleetCommandLine, InitKnowsPortsAndWhereATrialListens) {
  const Words words{"init", "prod", "--server", "[2001:db8::1]", "--listen=0.0.0.0:4333"};
  const Result<FleetOptions> options = parse_fleet_words(words);
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->site, (Site{.name = "prod", .server = "[2001:db8::1]:4222", .tls = true, .ca = ""}));
  EXPECT_EQ(options->broker.listen, "0.0.0.0:4333");
  const Words trial{"init", "demo", "--no-tls"};
  const Result<FleetOptions> here = parse_fleet_words(trial);
  ASSERT_TRUE(here) << here.error().what;
  EXPECT_EQ(here->site, (Site{.name = "demo", .server = "127.0.0.1:4222", .tls = false, .ca = ""}));
  EXPECT_EQ(here->broker.listen, "127.0.0.1:4222");
}

TEST(FleetCommandLine, WithoutWordsItIsHelp) {
  for (const Words& words : {Words{}, Words{"--help"}, Words{"enroll", "web01", "-h"}}) {
    const Result<FleetOptions> options = parse_fleet_words(words);
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->action, FleetAction::kHelp);
  }
}

TEST(FleetCommandLine, SaysWhatIsWrong) {
  struct Case {
    Words words;
    std::string_view want;
  };
  const Case cases[] = {
      {{"found"}, "unknown command 'found'; see rstap fleet --help"},
      {{"enroll"}, "fleet enroll needs HOST..."},
      {{"list", "web01"}, "fleet list takes no 'web01'"},
      {{"enroll", "web01", "--server", "x"}, "fleet enroll: takes no options of init"},
      {{"enroll", "web01", "--store"}, "takes no --store"},
      {{"enroll", "a..b"}, "'a..b' is no host"},
      {{"enroll", "*"}, "'*' is no host"},
      {{"enroll", "a/b"}, "'a/b' is no host"},
      {{"enroll", "../etc"}, "'../etc' is no host"},
      {{"client", "ada.b"}, "'ada.b' is no client"},
      {{"client", ">"}, "'>' is no client"},
      {{"init"}, "fleet init needs SITE"},
      {{"init", "a", "b"}, "fleet init takes one SITE"},
      {{"init", "a.b", "--no-tls"}, "'a.b' is no site"},
      {{"init", "prod"}, "--server HOST; for a trial"},
      {{"init", "prod", "--server=x", "--key=/k"}, "--certificate and --key belong together"},
      {{"init", "prod", "--no-tls", "--ca=/k"}, "--no-tls takes no"},
      {{"init", "prod", "--server=x", "--ca=ca.pem"}, "ca.pem: give an absolute path"},
      {{"init", "prod", "--server=a\"b"}, "can't stand in a configuration"},
      {{"init", "prod", "--server=user:hush@x"}, "--server is HOST[:PORT], without a user or a password"},
      {{"init", "prod", "--server"}, "--server needs a value"},
      {{"init", "--nothing"}, "unknown option '--nothing'"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    const Result<FleetOptions> got = parse_fleet_words(c.words);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::kUsage);
    EXPECT_THAT(got.error().what, HasSubstr(c.want));
  }
}

}  // namespace
}  // namespace stapsh::client
