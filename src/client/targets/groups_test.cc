// SPDX-License-Identifier: Apache-2.0
#include "client/targets/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace stapsh::client {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A PATH with nothing in it but a nodeset that a test writes.
class GroupsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "groups_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const char* const variable : {"PATH", "HOME", "DSHGROUP_PATH"}) {
      const char* value = std::getenv(variable);
      before_.emplace_back(variable, value == nullptr ? "" : value);
    }
    ::setenv("PATH", (folder_ / "bin").c_str(), 1);
    ::setenv("HOME", (folder_ / "home").c_str(), 1);
    ::setenv("DSHGROUP_PATH", (folder_ / "etc").c_str(), 1);
  }
  void TearDown() override {
    for (const auto& [name, value] : before_) value.empty() ? ::unsetenv(name) : ::setenv(name, value.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  /// What a nodeset does that is found from now on.
  void write_nodeset(std::string_view script) const {
    write("bin/nodeset", "#!/bin/sh\n" + std::string(script) + "\n");
    std::filesystem::permissions(folder_ / "bin/nodeset", std::filesystem::perms::owner_all);
  }

  std::vector<std::string> members(const std::string& name) {
    GroupLookup lookup(configured_);
    const auto list = lookup.find(name);
    if (!list) {
      EXPECT_EQ(list.error().code, Errc::kUsage);
      return {list.error().what};
    }
    std::vector<std::string> found{list->source};
    for (const ValueList::Line& line : list->lines) found.push_back(line.value);
    return found;
  }

  std::filesystem::path folder_;
  GroupLookup::Groups configured_;

 private:
  std::vector<std::pair<const char*, std::string>> before_;
};

TEST_F(GroupsTest, AskTheConfigurationThenNodesetThenDsh) {
  write("etc/web", "etc1\n");
  EXPECT_THAT(members("web"), ElementsAre((folder_ / "etc/web").string(), "etc1"));
  write("home/.dsh/group/web", "home1\n#include others\n");
  EXPECT_THAT(members("web"), ElementsAre((folder_ / "home/.dsh/group/web").string(), "home1", "@./others"));
  write_nodeset(R"([ "$*" = "-e -S $(printf '\n.') @web" ] || echo node1; echo node2)");
  EXPECT_THAT(members("web"), ElementsAre("nodeset -e @web", "node1", "node2"));
  configured_["web"] = {"ours[1-2]", "@db"};
  EXPECT_THAT(members("web"), ElementsAre("group @web of the configuration", "ours[1-2]", "@db"));
}

TEST_F(GroupsTest, UnknownOnesNameWhereTheyWereLookedFor) {
  const std::string home = (folder_ / "home/.dsh/group/web").string(), etc = (folder_ / "etc/web").string();
  EXPECT_THAT(members("web"),
              ElementsAre("group @web: unknown; looked for in the configuration's groups, by nodeset (it is not "
                          "installed), in " +
                          home + " and " + etc + "; a list of targets in a file is @./web"));
  write_nodeset("exit 0");  // As nodeset does for a group that it does not know.
  EXPECT_THAT(members("web"), ElementsAre(HasSubstr("by nodeset -e @web, in")));
  write_nodeset("echo warning >&2; echo 'Unknown group source: \"a\"' >&2; exit 1");
  EXPECT_THAT(members("a:b"), ElementsAre(HasSubstr("by nodeset -e @a:b (it says: Unknown group source: \"a\"), in")));
}

TEST_F(GroupsTest, EmptyOnesAreAnError) {
  configured_["none"] = {};
  EXPECT_THAT(members("none"), ElementsAre("group @none is empty: group @none of the configuration"));
  write("etc/web", "# nobody\n");
  EXPECT_THAT(members("web"), ElementsAre("group @web is empty: " + (folder_ / "etc/web").string()));
}

TEST_F(GroupsTest, AreAskedForOnce) {
  write_nodeset("echo x >> " + (folder_ / "asked").string() + "; echo node1");
  GroupLookup lookup(configured_);
  ASSERT_TRUE(lookup.find("web"));
  ASSERT_TRUE(lookup.find("web"));
  EXPECT_EQ(std::filesystem::file_size(folder_ / "asked"), 2U);
}

}  // namespace
}  // namespace stapsh::client
