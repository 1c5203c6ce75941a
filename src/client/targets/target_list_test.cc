// SPDX-License-Identifier: Apache-2.0
#include "client/targets/target_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace stapsh::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TargetList : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "target_list.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The list as a --remote value.
  std::string write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return value(name);
  }
  std::string value(std::string_view name) const {
    std::string value("@");
    return value.append((folder_ / name).string());
  }
  static std::vector<std::string> texts(const std::vector<std::string>& remotes) {
    const auto targets = list_targets(remotes);
    if (!targets) return {targets.error().what};
    std::vector<std::string> found;
    for (const Target& target : *targets) {
      EXPECT_EQ(target.index, found.size());
      EXPECT_EQ(target.uri.text, target.text);
      found.push_back(target.text);
    }
    return found;
  }

  std::filesystem::path folder_;
};

TEST_F(TargetList, KeepsTheOrderAndDuplicates) {
  EXPECT_THAT(texts({"web2", "web1", "web2", "stapsh:"}), ElementsAre("web2", "web1", "web2", "stapsh:"));
}

TEST_F(TargetList, NamesOfTheSameAddressDiffer) {
  const std::vector<std::string> remotes{"stapsh:", "web1", "stapsh:"};
  const auto targets = list_targets(remotes);
  ASSERT_TRUE(targets);
  EXPECT_EQ((*targets)[0].name, "stapsh#0");
  EXPECT_EQ((*targets)[1].name, "web1");
  EXPECT_EQ((*targets)[2].name, "stapsh#2");
}

TEST_F(TargetList, ExpandsSetsInHostFormsOnly) {
  EXPECT_THAT(texts({"ssh://root@web[1-2]:22", "a[1-2],b", "unix:/run/a[1-2],b", "exec:sh -c 'x,y[1]'", "[::1]:22"}),
              ElementsAre("ssh://root@web1:22", "ssh://root@web2:22", "a1", "a2", "b", "unix:/run/a[1-2],b",
                          "exec:sh -c 'x,y[1]'", "[::1]:22"));
}

TEST_F(TargetList, ReadsListsInsideLists) {
  write("sub/inner", "inner1\n@../last");
  write("last", "last1 # the end");
  const std::string list = write("list", "# machines\n\n  web[1-2]  # two\r\nunix:/run/a#b\n@sub/inner\n");
  EXPECT_THAT(texts({"first", list}), ElementsAre("first", "web1", "web2", "unix:/run/a#b", "inner1", "last1"));
}

TEST_F(TargetList, ErrorsNameTheFileAndLine) {
  const std::string list = write("list", "web1\nfoo://x\n");
  EXPECT_THAT(texts({list}), ElementsAre(HasSubstr("/list:2: target 'foo://x': unknown scheme")));
  EXPECT_THAT(texts({value("none")}), ElementsAre(HasSubstr("/none: No such file")));
  EXPECT_THAT(texts({value("")}), ElementsAre(HasSubstr("Is a directory")));
  EXPECT_THAT(texts({"@"}), ElementsAre(HasSubstr("a file's name is missing")));
  EXPECT_THAT(texts({write("self", "@self\n")}), ElementsAre(HasSubstr("nested more than 8 deep")));
  EXPECT_THAT(texts({"web[1-"}), ElementsAre(HasSubstr("host set 'web[1-', column 4")));
  EXPECT_THAT(texts({""}), ElementsAre(HasSubstr("empty; known forms")));
  EXPECT_THAT(texts({"n[1-100000]", "one-more"}), ElementsAre("more than 100000 targets"));
}

}  // namespace
}  // namespace stapsh::client
