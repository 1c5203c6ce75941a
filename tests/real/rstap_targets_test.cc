// SPDX-License-Identifier: Apache-2.0
// Who a run is for: real groups (nodeset, dsh's files), lists as people save them, and what of it reaches an agent.
#include <regex>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

class RstapTargets : public RemoteTest {
 protected:
  struct Said {
    int code = -1;
    std::string out, err;
    bool operator==(const Said&) const = default;
  };
  Said rstap(std::vector<std::string> words, std::vector<std::string> env = {}) const {
    words.insert(words.begin(), STAPSH_CLIENT);
    env.push_back("DSHGROUP_PATH=" + scratch_.path("etc"));
    Program rstap(options(std::move(words), &mounts_, std::move(env)));
    const int code = rstap.wait_exit();
    return {code, rstap.out(), rstap.err()};
  }
  /// What --list-hosts says, with commas for newlines; or the error.
  std::string listed(std::vector<std::string> words, std::vector<std::string> env = {}) const {
    words.insert(words.begin(), "--list-hosts");
    Said said = rstap(std::move(words), std::move(env));
    EXPECT_EQ(said.code, said.err.empty() ? 0 : 2) << said.err;
    if (!said.err.empty()) return said.out + said.err;
    for (char& c : said.out) c = c == '\n' ? ',' : c;
    return said.out;
  }
  /// The environment in which nodeset knows the groups of `text`, as lines of NAME: SET.
  std::vector<std::string> nodeset_groups(std::string_view text) const {
    if (::access("/usr/bin/nodeset", X_OK) != 0) return {};
    const std::string folder = scratch_.make_folder("clustershell");
    const std::string groups = scratch_.write("clustershell/groups", text);
    scratch_.write("clustershell/groups.conf",
                   "[Main]\ndefault: local\n[local]\nmap: sed -n 's/^$GROUP: *//p' " + groups + "\n");
    return {"CLUSTERSHELL_CFGDIR=" + folder};
  }
};

TEST_F(RstapTargets, HostsAreListedWithoutAScriptAndInOrder) {
  EXPECT_EQ(listed({"--remote", "web[01-04]!web03,db1", "--remote", "root@web02:22", "--remote", "stapsh:"}),
            "web01,web02,web04,db1,root@web02:22,stapsh,");
  EXPECT_EQ(listed({"--remote", "web[1-5]&web[2-9]", "--exclude", "web3", "--exclude=web[4-5]"}), "web2,");
  EXPECT_EQ(listed({"--remote", "stapsh:", "--remote", "stapsh:", "script.stp"}), "stapsh,stapsh#2,");
  EXPECT_EQ(listed({"--remote", "a^b"}), "a,b,");
  EXPECT_EQ(listed({"--remote", "web[1-9/4],web1", "--remote", "web9"}), "web1,web5,web9,web9#2,");
}

TEST_F(RstapTargets, NoNameCanBeObeyedByATerminal) {
  EXPECT_EQ(listed({"--remote", "web\x1b#3"}),
            "rstap: target 'web^[#3': the control character ^[ can't be part of it\n");
  EXPECT_EQ(listed({"--remote", "@" + scratch_.write("list", "a\nb\xe2\x80\xae\n")}),
            "rstap: " + scratch_.path("list") +
                ":2: target 'b<U+202E>': the control character <U+202E> can't be part of it\n");
}

TEST_F(RstapTargets, GroupsOfNodeset) {
  const std::vector<std::string> env = nodeset_groups("web: web[01-03],db1\ndb: db[1-2]\nrack1: web01\nrack2: db2\n");
  if (env.empty()) GTEST_SKIP() << "needs nodeset (Debian: clustershell)";
  EXPECT_EQ(listed({"--remote", "@web!web02"}, env), "db1,web01,web03,");
  EXPECT_EQ(listed({"--remote", "@web&@db"}, env), "db1,");
  EXPECT_EQ(listed({"--remote", "@local:db"}, env), "db1,db2,");
  EXPECT_EQ(listed({"--remote", "@rack[1-2]"}, env), "web01,db2,");
  EXPECT_EQ(listed({"--remote", "a,@db", "--exclude", "@rack2"}, env), "a,db1,");
  // nodeset itself says nothing of a group that it does not know, and is content.
  EXPECT_EQ(listed({"--remote", "@nosuch"}, env),
            "rstap: group @nosuch: unknown; looked for in the configuration's groups, by nodeset -e @nosuch, in " +
                scratch_.path("home/.dsh/group/nosuch") + " and " + scratch_.path("etc/nosuch") +
                "; a list of targets in a file is @./nosuch\n");
  EXPECT_NE(listed({"--remote", "@nosource:x"}, env).find("it says: nodeset: Unknown group source: \"nosource\""),
            std::string::npos);
}

TEST_F(RstapTargets, GroupsOfDsh) {
  scratch_.make_folder("etc");
  scratch_.write("etc/web", "# ours\nweb[1-2] # two\n#include more\n");
  scratch_.write("etc/more", "\xef\xbb\xbfroot@web3\r\n");
  scratch_.write("etc/empty", "# nobody\n");
  EXPECT_EQ(listed({"--remote", "@web!web2"}), "web1,root@web3,");
  EXPECT_EQ(listed({"--remote", "@empty"}), "rstap: group @empty is empty: " + scratch_.path("etc/empty") + "\n");
  std::string folder = scratch_.make_folder("home/.dsh");
  folder = scratch_.make_folder("home/.dsh/group");
  scratch_.write("home/.dsh/group/web", "mine\n");
  EXPECT_EQ(listed({"--remote", "@web"}), "mine,");
}

TEST_F(RstapTargets, InventoriesOfAnsible) {
  if (::access("/usr/bin/ansible-inventory", X_OK) != 0)
    GTEST_SKIP() << "needs ansible-inventory (Debian: ansible-core)";
  const std::string file = scratch_.write("hosts.ini",
                                          "old\n[web]\nweb[01:03].example ansible_user=root\n"
                                          "web9 ansible_host=10.0.0.9 ansible_port=2222\n"
                                          "[db]\ndb1 ansible_host=fe80::1\nhere ansible_connection=local\n"
                                          "[prod:children]\nweb\ndb\n");
  const std::string more = scratch_.write("more.yaml", "db: {hosts: {db2: , db1: }}\n");
  EXPECT_EQ(listed({"--inventory", file}), "old,web01.example,web02.example,web03.example,web9,db1,here,");
  EXPECT_EQ(listed({"--inventory", file, "--inventory=" + more, "--limit=db:web*:!web0[12].example", "--remote=first",
                    "--exclude=10.0.0.9,db1"}),
            "first,here,db2,web03.example,");
  EXPECT_EQ(listed({"--inventory=" + file, "--limit=wbe"}),
            "rstap: --inventory " + file + ": --limit: 'wbe': neither a host nor a group of the inventory\n");
  EXPECT_NE(listed({"--inventory=" + scratch_.path("none")}).find("ERROR! Completely failed to parse inventory source"),
            std::string::npos);
  EXPECT_NE(listed({"--inventory=" + scratch_.write("bad.ini", "[web\na\n")}).find("Failed to parse"),
            std::string::npos);
  Program without(options({STAPSH_CLIENT, "--list-hosts", "--inventory=" + file}, nullptr, {"PATH=/nowhere"}));
  EXPECT_EQ(without.wait_exit(), 2);
  EXPECT_EQ(without.err(), "rstap: --inventory " + file +
                               ": ansible-inventory: No such file or directory; it is part of ansible-core\n");
  // Where a host is reached is the inventory's to say, not its name.
  const Said said = rstap({"--inventory", file, "--limit", "here", "--stapsh", agent_program(), "-v", "sweep"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_NE(said.err.find("rstap: 1 target: 1 "), std::string::npos) << said.err;
}

TEST_F(RstapTargets, ListsAsPeopleSaveThem) {
  using namespace std::string_literals;
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {"\xef\xbb\xbfweb1\r\nweb2\r\n", "web1,web2,"},
      {"\xff\xfew\0e\0b\0"s, "rstap: target list LIST: it is UTF-16; save it as UTF-8, or: iconv -f UTF-16 -t UTF-8\n"},
      {"w\0e\0b\0"s, "rstap: target list LIST: a NUL byte in line 1: it is no text, or UTF-16; save it as UTF-8\n"},
      {"", "rstap: no target: the lists and sets that --remote names are empty\n"},
      {"ok\nweb1,,\n", "rstap: LIST:2: host set 'web1,,', column 6: a name is missing\n"},
  };
  for (const Case& c : cases) {
    const std::string list = scratch_.write("fleet.txt", c.text);
    EXPECT_EQ(listed({"--remote", "@" + list}), std::regex_replace(c.want, std::regex("LIST"), list));
  }
  EXPECT_EQ(listed({"--remote", "@fleet.none"}), "rstap: target list fleet.none: No such file or directory\n");
  // Nothing was tried: the code says so, whatever was asked for.
  EXPECT_EQ(rstap({"--remote", "@fleet.none", "x.bt"}).code, 2);
  EXPECT_EQ(rstap({"--remote", "@fleet.none", "sweep"}).code, 2);
}

TEST_F(RstapTargets, OnlyThePickedAreReached) {
  const std::string agent = "exec:exec " + agent_program();
  const Said said = rstap({"--remote", agent, "--remote", "exec:exit 7", "--remote", "exec:exit 8", "--exclude",
                           "exec:exit 8", "--remote", agent + " ", "--exclude", "exec:exit 7", "--pick=1", "sweep"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_TRUE(std::regex_match(said.err, std::regex("rstap: picked 1 of 2 targets: exec:exec [^,\n]*\n"
                                                    "rstap: 1 target: 1 [^\n]*\n")))
      << said.err;
}

}  // namespace
}  // namespace stapsh::real
