// SPDX-License-Identifier: Apache-2.0
#include "libvirt/guest_command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace stapsh::libvirt {
namespace {

using Words = std::vector<std::string>;
using testing::HasSubstr;

TEST(GuestWords, AreCommandDomainAndOptionsInAnyOrder) {
  for (const Words& words : {Words{"query", "g1", "-c", "qemu:///system"}, Words{"-cqemu:///system", "query", "g1"},
                             Words{"query", "--connect=qemu:///system", "g1"}}) {
    const auto options = parse_guest_words(words);
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->action, GuestAction::kQuery);
    EXPECT_EQ(options->domain, "g1");
    EXPECT_EQ(options->connection, "qemu:///system");
  }
}

TEST(GuestWords, NameEachCommand) {
  struct Case {
    Words words;
    GuestAction want;
  };
  for (const Case& c :
       {Case{{}, GuestAction::kHelp}, Case{{"--help"}, GuestAction::kHelp},
        Case{{"port-add", "-h"}, GuestAction::kHelp}, Case{{"list"}, GuestAction::kList},
        Case{{"port-add", "g", "-d", "/run"}, GuestAction::kPortAdd}, Case{{"port-list", "g"}, GuestAction::kPortList},
        Case{{"port-remove", "--", "-g"}, GuestAction::kPortRemove}}) {
    const auto options = parse_guest_words(c.words);
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->action, c.want);
  }
}

TEST(GuestWords, SayWhatIsWrong) {
  struct Case {
    Words words;
    std::string_view want;
  };
  for (const Case& c :
       {Case{{"dance"}, "unknown command 'dance'"}, Case{{"query"}, "guest query needs a DOMAIN"},
        Case{{"list", "g"}, "takes no 'g'"}, Case{{"query", "g", "h"}, "takes no 'h'"},
        Case{{"list", "--dance"}, "unknown option '--dance'"}, Case{{"list", "-c"}, "-c needs a value"},
        Case{{"query", "g", "-d", "/run"}, "takes no -d"}, Case{{"port-add", "g", "-d", "run"}, "absolute path"}}) {
    SCOPED_TRACE(c.want);
    const auto options = parse_guest_words(c.words);
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, Errc::kUsage);
    EXPECT_THAT(options.error().what, HasSubstr(std::string(c.want)));
  }
}

TEST(GuestHelp, NamesEachCommandInLinesThatFit) {
  const std::string help = guest_help();
  for (const char* name : {"list", "query DOMAIN", "port-add DOMAIN", "port-list DOMAIN", "port-remove DOMAIN"}) {
    EXPECT_THAT(help, HasSubstr(std::string("  ") + name));
  }
  for (std::size_t at = 0; at < help.size();) {
    const std::size_t end = help.find('\n', at);
    EXPECT_LE(end - at, 110U) << help.substr(at, end - at);
    at = end + 1;
  }
}

}  // namespace
}  // namespace stapsh::libvirt
