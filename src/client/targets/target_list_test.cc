// SPDX-License-Identifier: Apache-2.0
#include "client/targets/target_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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
    TargetOptions options;
    options.remotes = remotes;
    return texts(options);
  }
  static std::vector<std::string> texts(const TargetOptions& options) {
    const auto list = list_targets(options);
    if (!list) {
      EXPECT_EQ(list.error().code, Errc::kUsage);
      return {list.error().what};
    }
    std::vector<std::string> found;
    for (const Target& target : list->targets) {
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
  TargetOptions options;
  options.remotes = {"stapsh:", "web1", "stapsh://", "direct:", "direct"};
  const auto list = list_targets(options);
  ASSERT_TRUE(list);
  std::vector<std::string> names;
  for (const Target& target : list->targets) names.push_back(target.name);
  EXPECT_THAT(names, ElementsAre("stapsh", "web1", "stapsh#2", "direct", "direct#2"));
}

TEST_F(TargetList, LeavesOutWhoIsDoneAndThenPicks) {
  TargetOptions options;
  options.remotes = {"web[1-3]", "stapsh:", "stapsh:", "stapsh:", "exec:a\\b"};
  options.finished = {"web2", "stapsh#2", "exec:a\\b", "who is that"};
  for (const bool picks : {false, true}) {
    options.pick = picks ? std::optional(3U) : std::nullopt;
    const auto list = list_targets(options);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->left_out, 3U);
    EXPECT_EQ(list->picked_from, picks ? 4U : 0U);
    EXPECT_EQ(list->targets.size(), picks ? 3U : 4U);
    std::string left;
    for (const Target& target : list->targets) {
      left += target.name + " ";
      EXPECT_EQ(&list->targets[target.index], &target);
    }
    if (!picks) {
      EXPECT_EQ(left, "web1 web3 stapsh stapsh#3 ");
    }
    EXPECT_EQ(left.find("web2"), std::string::npos) << left;
  }
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
  EXPECT_THAT(texts({value("none") + "!web1"}), ElementsAre(HasSubstr("/none: No such file")));
  EXPECT_THAT(texts({write("sets", "web1,,web2")}), ElementsAre(HasSubstr("/sets:1: host set 'web1,,web2', column 6")));
  EXPECT_THAT(texts({"@"}), ElementsAre(HasSubstr("a file's name is missing")));
  EXPECT_THAT(texts({write("self", "@self\n")}), ElementsAre(HasSubstr("nested more than 8 deep")));
  EXPECT_THAT(texts({"web[1-"}), ElementsAre(HasSubstr("host set 'web[1-', column 4")));
  EXPECT_THAT(texts({""}), ElementsAre(HasSubstr("empty; known forms")));
  EXPECT_THAT(texts({"n[1-100000]", "one-more"}), ElementsAre("more than 100000 targets"));
}

TEST_F(TargetList, JoinsSetsFromLeftToRight) {
  EXPECT_THAT(texts({"web[1-5]!web3"}), ElementsAre("web1", "web2", "web4", "web5"));
  EXPECT_THAT(texts({"web[1-5]!web[1-4],web1"}), ElementsAre("web5", "web1"));
  EXPECT_THAT(texts({"a,b,c&b,d"}), ElementsAre("b", "d"));
  EXPECT_THAT(texts({"a,b^b,c", "x"}), ElementsAre("a", "c", "x"));
  EXPECT_THAT(texts({"a!b!a", "x"}), ElementsAre("x"));
  EXPECT_THAT(texts({"a&b"}), ElementsAre("no target: the lists and sets that --remote names are empty"));
  EXPECT_THAT(texts({"n[1-100000]!n[2-100000]"}), ElementsAre("n1"));
}

TEST_F(TargetList, NobodyIsInASetTwice) {
  EXPECT_THAT(texts({"web[1-2],web1"}), ElementsAre("web1", "web2"));
  EXPECT_THAT(texts({"web[2,1,1],ssh://web2,root@web1"}), ElementsAre("web2", "web1", "root@web1"));
  EXPECT_THAT(texts({"web1!web1,web1,web1"}), ElementsAre("web1"));
  EXPECT_THAT(texts({"web1,web2", "web1"}), ElementsAre("web1", "web2", "web1"));
  EXPECT_EQ(texts({"n[1-100000],n[1-100000]"}).size(), 100'000U);
  // Lines of a list are values, unless a set is made of it.
  const std::string list = write("list", "web1\nweb1,web1\nstapsh:\nstapsh:\n");
  EXPECT_THAT(texts({list}), ElementsAre("web1", "web1", "stapsh:", "stapsh:"));
  EXPECT_THAT(texts({"web2," + list}), ElementsAre("web2", "web1", "stapsh:"));
}

TEST_F(TargetList, ListsAndGroupsArePartsOfSets) {
  TargetOptions options;
  options.groups = {{"web", {"web[1-3]", "root@web4"}},
                    {"db", {"web3", "db1"}},
                    {"all", {"@web", "@db"}},
                    {"rack1", {"r1"}},
                    {"rack2", {"r2"}},
                    {"self", {"@self"}},
                    {"bad", {"x", "foo://y"}},
                    {"none", {}}};
  const auto of = [&](const std::string& value) {
    options.remotes = {value};
    return texts(options);
  };
  EXPECT_THAT(of("@web!web3"), ElementsAre("web1", "web2", "root@web4"));
  EXPECT_THAT(of("@web!web4"), ElementsAre("web1", "web2", "web3"));
  EXPECT_THAT(of("@web&@db"), ElementsAre("web3"));
  EXPECT_THAT(of("@all"), ElementsAre("web1", "web2", "web3", "root@web4", "db1"));
  EXPECT_THAT(of("@rack[1-2/1]"), ElementsAre("r1", "r2"));
  EXPECT_THAT(of("@rack[1-2]"), ElementsAre("r1", "r2"));
  const std::string list = write("list", "@web!web1\nx");
  EXPECT_THAT(of(list + "&@web"), ElementsAre("web2", "web3", "root@web4"));
  // A list's name may hold what joins sets.
  EXPECT_THAT(of(write("a,b!c", "y")), ElementsAre("y"));
  EXPECT_THAT(of("@bad"),
              ElementsAre("group @bad of the configuration: target 'foo://y': unknown scheme 'foo://'; known "
                          "forms: HOST, USER@HOST, HOST:PORT, ssh://USER@HOST:PORT, unix:PATH, "
                          "vsock:CID:PORT, libvirt://DOMAIN, nats://SITE/HOST, stapsh:, direct:, exec:COMMAND, "
                          "HOST=exec:COMMAND, @FILE"));
  EXPECT_THAT(of("@self"), ElementsAre(HasSubstr("nested more than 8 deep")));
  EXPECT_THAT(of("@none"), ElementsAre("group @none is empty: group @none of the configuration"));
}

TEST_F(TargetList, HostsOfACommandAreTargetsByTheirNames) {
  TargetOptions options;
  options.groups = {{"pods", {"pod-[1-3]=exec:kubectl exec -i {host} -c a,b -- sh"}}, {"ready", {"pod-[2-9]"}}};
  const auto names_of = [&](const std::vector<std::string>& remotes) {
    options.remotes = remotes;
    const auto list = list_targets(options);
    if (!list) return std::vector<std::string>{list.error().what};
    std::vector<std::string> names;
    for (const Target& target : list->targets) names.push_back(target.name);
    return names;
  };
  EXPECT_THAT(names_of({"@pods"}), ElementsAre("pod-1", "pod-2", "pod-3"));
  EXPECT_THAT(texts(options),
              ElementsAre("exec:kubectl exec -i pod-1 -c a,b -- sh", "exec:kubectl exec -i pod-2 -c a,b -- sh",
                          "exec:kubectl exec -i pod-3 -c a,b -- sh"));
  // They are joined, and their sets are, as those of ssh.
  EXPECT_THAT(names_of({"@pods!pod-2,web1"}), ElementsAre("pod-1", "pod-3", "web1"));
  EXPECT_THAT(names_of({"@pods&@ready", "@pods^pod-[1-2]"}), ElementsAre("pod-2", "pod-3", "pod-3#2"));
  EXPECT_THAT(names_of({"@ready!pod-[3-9],x=exec:lxc exec {host} sh"}), ElementsAre("pod-2", "x"));
  EXPECT_THAT(texts(options), ElementsAre("exec:lxc exec pod-2 sh", "exec:lxc exec x sh"));
  EXPECT_THAT(names_of({write("names", "a\nb # the last\n") + "=exec:podman exec -i {host} sh"}),
              ElementsAre("a", "b"));
  EXPECT_THAT(names_of({"db=exec:ssh gw stapsh"}), ElementsAre("db"));
  EXPECT_THAT(names_of({"db=exec:a", "db=exec:b", "db"}), ElementsAre("db", "db#2", "db#3"));
  options.excludes = {"pod-[1-2]"};
  EXPECT_THAT(names_of({"@pods"}), ElementsAre("pod-3"));
  options.excludes.clear();
  options.pick = 2;
  EXPECT_THAT(names_of({"@pods"}), testing::SizeIs(2));
  options.pick.reset();
  EXPECT_THAT(names_of({"@pods=exec:sh {host}"}), ElementsAre(HasSubstr("can't be a host of '=exec:sh {host}'")));
  EXPECT_THAT(names_of({"a;b=exec:sh {host}"}), ElementsAre(HasSubstr("'a;b' can't be a host of")));
  EXPECT_THAT(names_of({"=exec:sh {host}"}), ElementsAre(HasSubstr("target '': empty")));
  EXPECT_THAT(names_of({"a=exec: "}), ElementsAre(HasSubstr("the form is exec:COMMAND")));
  EXPECT_THAT(names_of({write("bad", "a\na,b=exec:sh\n")}),
              ElementsAre(HasSubstr("/bad:2: '=exec:sh' reaches the same")));
}

TEST_F(TargetList, LeavesOutWhatIsExcluded) {
  TargetOptions options;
  options.remotes = {"web[1-4]", "root@web1", "stapsh:"};
  options.excludes = {"web[1-2]", write("list", "web4\nnobody")};
  EXPECT_THAT(texts(options), ElementsAre("web3", "stapsh:"));
  options.excludes = {"web[1-4]", "stapsh:"};
  EXPECT_THAT(texts(options), ElementsAre("no target: --exclude leaves out all of them"));
  options.excludes = {"web["};
  EXPECT_THAT(texts(options), ElementsAre("--exclude: host set 'web[', column 4: '[' without ']'"));
}

TEST_F(TargetList, PicksSomeInTheirOrder) {
  TargetOptions options;
  options.remotes = {"n[1000-1099]"};
  options.excludes = {"n1000"};
  options.pick = 10;
  const auto list = list_targets(options);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->picked_from, 99U);
  const std::vector<std::string> first = texts(options);
  EXPECT_EQ(first.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(first));
  EXPECT_EQ(std::ranges::adjacent_find(first), first.end());
  // The same ten of 99 ten times in a row: a machine never lives to see it.
  bool differ = false;
  for (int i = 0; i < 10 && !differ; ++i) differ = texts(options) != first;
  EXPECT_TRUE(differ);
  options.pick = 99;
  EXPECT_EQ(list_targets(options)->picked_from, 0U);
  EXPECT_EQ(list_targets(options)->targets.size(), 99U);
}

// What grows with the square of the targets would take minutes.
TEST_F(TargetList, TakesAHundredThousandTargets) {
  std::string text;
  for (unsigned i = 0; i < 100'000; ++i) text += "root@host" + std::to_string(i) + ".example:22\n";
  TargetOptions options;
  options.remotes = {write("list", text)};
  EXPECT_EQ(list_targets(options)->targets.size(), 100'000U);
  options.excludes = {"host[1-99999].example"};
  EXPECT_EQ(list_targets(options)->targets.size(), 1U);
}

}  // namespace
}  // namespace stapsh::client
