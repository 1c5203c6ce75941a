// SPDX-License-Identifier: Apache-2.0
// The built agent with a policy at its real path, in a private view of /etc: what a client tries, and which line stops
// it.
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <regex>
#include <set>

#include "harness/agent_test.h"
#include "harness/site.h"
#include "policy/argument_table.h"

namespace stapsh::real {
namespace {

using Words = std::vector<std::string>;

// Of "abc", and of "abd", as sha256sum has them.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kAbd = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9";

const std::string kPolicy =
    "# A test's.\n"                                                   // 1
    "deny runner=stapdyn\n"                                           // 2
    "allow as=oncall runner=bpftrace,stapbpf args=safe\n"             // 3
    "allow as=approved args=safe sha256=@/etc/stapsh/approved\n"      // 4
    "allow as=commands runner=bpftrace args=safe command=yes\n"       // 5
    "deny as=oncall,approved,commands\n"                              // 6
    "allow as=all\n"                                                  // 7
    "allow uid=0 runner=staprun args=any # The agent's own user.\n";  // 8

std::string run_line(const Words& args) {
  std::string line = "run";
  for (const std::string& arg : args) {
    line += " ";
    for (const char c : arg) {
      char code[4];
      (void)std::snprintf(code, sizeof code, "=%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      line += c > 32 && c < 127 && c != '=' ? std::string(1, c) : std::string(code);
    }
  }
  return line + "\n";
}

class AgentPolicy : public AgentTest {
 protected:
  AgentPolicy() : folder_(scratch_.make_folder("etc-stapsh")) {
    for (const char* runner : {"/usr/bin/bpftrace", "/usr/bin/stapbpf"}) mounts_.replace(runner, STAPSH_FAKE_RUNNER);
    mounts_.policy_folder(folder_);
    set_policy(kPolicy);
    write("approved", kAbc + "  a.bt\n");
  }

  std::string write(const std::string& name, const std::string& text) const {
    return scratch_.write("etc-stapsh/" + name, text);
  }
  void set_policy(const std::string& text) const { write("policy", text); }

  /// What `commands` are answered, behind the hello and the OK to `option data`.
  std::string answers(const Words& agent_words, const std::string& commands) const {
    const Session session = talk(agent(Input::kPipe, agent_words), "stap 5.6\noption data\n" + commands + "quit\n");
    EXPECT_TRUE(session.out.starts_with("OK\n")) << session.out << session.err;
    return session.out.substr(std::min<std::size_t>(3, session.out.size()));
  }
  /// stapsh --check-policy: its exit code, and what it says.
  std::string check(Words words) const {
    words.insert(words.begin(), {agent_program(), "--check-policy"});
    Program stapsh(options(words, &mounts_));
    const int code = stapsh.wait_exit();
    return std::to_string(code) + " " + stapsh.out() + stapsh.err();
  }

  const std::string folder_;
};

struct Attempt {
  std::string as;    // Empty: none.
  std::string name;  // Of the file, which holds "abc"; empty: none is sent.
  Words args;
  std::string want;  // Empty: it runs. Otherwise what is behind "ERROR: refused: policy".
  std::string content = "abc";
  std::string before = {};  // Further commands, before the file.
  std::string behind = {};  // And behind it.
};

const std::string kNot = " is no option that is known to be safe";
const std::string kNotSent = " is not ./NAME of a file that was sent";

// Both are kept there, from a time without a policy; nobody gets at them under one.
const std::string kKeep = "option digest\noption digest\noption keep\n";
const std::string kHaveAbc = "have " + kAbc + " a.bt\n", kHaveAbd = "have " + kAbd + " a.bt\n";
const std::string kAbdIsNotListed = " line 4: sha256=@/etc/stapsh/approved: a.bt (" + kAbd + ") is not in it";

const std::string kNoFile = " line 4: sha256=@/etc/stapsh/approved: no file was sent";

const Attempt kAttempts[] = {
    // What is allowed.
    {"oncall", "a.bt", {"./a.bt"}, ""},
    {"oncall", "a.bt", {"-q", "-f", "json", "./a.bt", "7"}, ""},
    {"oncall", "a.bt", {"-vp", "1", "-Bnone", "--no-warnings", "./a.bt", "-kk"}, ""},
    {"oncall", "a.bo", {"-v", "-x1", "./a.bo"}, ""},
    {"approved", "a.bt", {"./a.bt"}, ""},
    {"commands", "a.bt", {"-c", "id", "./a.bt"}, ""},
    {"commands", "a.bt", {"-c", "--unsafe", "./a.bt"}, ""},
    {"all", "a.bt", {"-e", "BEGIN { exit(); }"}, ""},
    {"all", "a.bt", {"--unsafe", "/etc/a.bt"}, ""},
    {"", "a.ko", {"-c", "id", "./a.ko"}, ""},
    // Who.
    {"", "a.bt", {"./a.bt"}, ": no line allows bpftrace to uid 0"},
    {"stranger", "a.bt", {"./a.bt"}, ": no line allows bpftrace to as stranger"},
    {"stranger", "a.ko", {"./a.ko"}, ": no line allows staprun to as stranger"},
    {"Oncall", "a.bt", {"./a.bt"}, ": no line allows bpftrace to as Oncall"},
    {"oncal", "a.bt", {"./a.bt"}, ": no line allows bpftrace to as oncal"},
    {"oncall2", "a.bt", {"./a.bt"}, ": no line allows bpftrace to as oncall2"},
    // Which runner, however it is chosen.
    {"oncall", "a.ko", {"./a.ko"}, " line 6: deny as=oncall,approved,commands"},
    {"oncall", "", {"./a.ko"}, " line 6: deny as=oncall,approved,commands"},
    {"all", "a.so", {"./a.so"}, " line 2: deny runner=stapdyn"},
    {"all", "a.bt", {"./a.bt"}, " line 2: deny runner=stapdyn", "abc", "option dyninst\n"},
    {"all", "a.bt", {"./a.bt"}, " line 2: deny runner=stapdyn", "abc", "", "option dyninst\n"},
    {"oncall", "a", {"./a"}, " line 6: deny as=oncall,approved,commands"},
    {"oncall", "a.KO", {"./a.KO"}, " line 6: deny as=oncall,approved,commands"},
    // Code, commands, files.
    {"oncall", "a.bt", {"-e", "BEGIN {}"}, " line 3: args=safe: -e is a program that was not sent as a file"},
    {"oncall", "a.bt", {"./a.bt", "-e", "x"}, " line 3: args=safe: -e is a program that was not sent as a file"},
    {"oncall", "a.bt", {"-qe", "x", "./a.bt"}, " line 3: args=safe: -e is a program that was not sent as a file"},
    {"oncall", "a.bt", {"-q", "-ex"}, " line 3: args=safe: -e is a program that was not sent as a file"},
    {"oncall", "a.bt", {"--unsafe", "./a.bt"}, " line 3: args=safe: --unsafe lets a program run commands"},
    {"oncall", "a.bt", {"./a.bt", "--unsafe"}, " line 3: args=safe: --unsafe lets a program run commands"},
    {"oncall", "a.bt", {"--unsaf", "./a.bt"}, " line 3: args=safe: '--unsaf'" + kNot},
    {"oncall", "a.bt", {"--u", "./a.bt"}, " line 3: args=safe: '--u'" + kNot},
    {"oncall", "a.bt", {"--unsafe=yes", "./a.bt"}, " line 3: args=safe: --unsafe lets a program run commands"},
    {"oncall", "a.bt", {"--=x", "./a.bt"}, " line 3: args=safe: '--=x'" + kNot},
    {"oncall", "a.bt", {"--q", "./a.bt"}, " line 3: args=safe: '--q'" + kNot},
    {"oncall", "a.bt", {"-o", "/root/x", "./a.bt"}, " line 3: args=safe: -o writes a file"},
    {"oncall", "a.bt", {"-q", "-o/root/x", "./a.bt"}, " line 3: args=safe: -o writes a file"},
    {"oncall", "a.bt", {"-qo", "/root/x", "./a.bt"}, " line 3: args=safe: -o writes a file"},
    {"oncall", "a.bt", {"-c", "id", "./a.bt"}, " line 3: args=safe: -c runs a command"},
    {"oncall", "a.bt", {"-cid", "./a.bt"}, " line 3: args=safe: -c runs a command"},
    {"oncall", "a.bt", {"-I", "/etc", "./a.bt"}, " line 3: args=safe: -I reads a file of its own choice"},
    {"oncall",
     "a.bt",
     {"--include", "/etc/shadow", "./a.bt"},
     " line 3: args=safe: --include reads a file of its own choice"},
    {"oncall", "a.bt", {"--emit-elf", "/root/x", "./a.bt"}, " line 3: args=safe: --emit-elf writes a file"},
    {"oncall", "a.bt", {"--emit-llvm=/root/x", "./a.bt"}, " line 3: args=safe: --emit-llvm writes a file"},
    {"oncall",
     "a.bt",
     {"--usdt-file-activation", "./a.bt"},
     " line 3: args=safe: --usdt-file-activation writes into processes of others"},
    {"oncall", "a.bt", {"-l", "uprobe:/bin/sh:*"}, " line 3: args=safe: -l lists what it is asked for, of any file"},
    {"oncall", "a.bt", {"-d", "./a.bt"}, " line 3: args=safe: -d is for whoever debugs the runner"},
    {"oncall", "a.bo", {"-o", "x", "./a.bo"}, " line 3: args=safe: -o writes a file"},
    {"oncall", "a.bo", {"-vc", "id", "./a.bo"}, " line 3: args=safe: -c runs a command"},
    {"oncall",
     "a.bo",
     {"./a.bo", "./a.bo"},
     " line 3: args=safe: './a.bo': stapbpf takes one program and nothing behind it"},
    {"commands", "a.bt", {"-c", "id", "-o", "x", "./a.bt"}, " line 5: args=safe: -o writes a file"},
    {"commands", "a.bt", {"-cid"}, " line 5: args=safe: no program is named that was sent"},
    // Values and words that are not what they seem.
    {"oncall", "a.bt", {"-p", "-e", "./a.bt"}, " line 3: args=safe: -p has no value like '-e'"},
    {"oncall", "a.bt", {"-p", "--unsafe", "./a.bt"}, " line 3: args=safe: -p has no value like '--unsafe'"},
    {"oncall", "a.bt", {"-f", "--", "./a.bt"}, " line 3: args=safe: -f has no value like '--'"},
    {"oncall", "a.bt", {"-p1/../2", "./a.bt"}, " line 3: args=safe: -p has no value like '1/../2'"},
    {"oncall", "a.bt", {"./a.bt", "-p"}, " line 3: args=safe: -p lacks its value"},
    {"oncall", "a.bt", {"--", "./a.bt"}, " line 3: args=safe: '--'" + kNot},
    {"oncall", "a.bt", {"--", "--unsafe", "./a.bt"}, " line 3: args=safe: '--'" + kNot},
    {"oncall", "a.bt", {"-", "./a.bt"}, " line 3: args=safe: '-'" + kNot},
    {"oncall", "a.bt", {"-\n", "./a.bt"}, " line 3: args=safe: '-^J': '-^J'" + kNot},
    {"oncall",
     "a.bt",
     {"./a.bt"},
     " line 3: args=safe: --unsafe lets a program run commands",
     "abc",
     "arg 8\n--unsafe"},
    // Another program than the one that was sent.
    {"oncall", "a.bt", {}, " line 3: args=safe: no program is named that was sent"},
    {"oncall", "a.bt", {"/etc/passwd"}, " line 3: args=safe: the program '/etc/passwd'" + kNotSent},
    {"oncall", "a.bt", {"/dev/stdin"}, " line 3: args=safe: the program '/dev/stdin'" + kNotSent},
    {"oncall", "a.bt", {"a.bt"}, " line 3: args=safe: the program 'a.bt'" + kNotSent},
    {"oncall", "a.bt", {"./b.bt"}, " line 3: args=safe: the program './b.bt'" + kNotSent},
    {"oncall", "a.bt", {"././a.bt"}, " line 3: args=safe: the program '././a.bt'" + kNotSent},
    {"oncall",
     "a.bt",
     {"./../stapsh.AAAAAAAAAA/a.bt"},
     " line 3: args=safe: the program './../stapsh.AAAAAAAAAA/a.bt'" + kNotSent},
    {"oncall", "a.bt", {"./a.bt", "/etc/shadow"}, " line 3: args=safe: '/etc/shadow' is a path"},
    {"oncall", "a.bt", {"./a.bt", "../x"}, " line 3: args=safe: '../x' is a path"},
    // What was approved, and what was not.
    {"approved", "a.bt", {"./a.bt"}, " line 4: sha256=@/etc/stapsh/approved: a.bt (" + kAbd + ") is not in it", "abd"},
    {"approved", "a.bt", {"-e", "x"}, " line 4: args=safe: -e is a program that was not sent as a file"},
    {"approved",
     "a.bt",
     {"./b.bt"},
     " line 4: sha256=@/etc/stapsh/approved: b.bt (" + kAbd + ") is not in it",
     "abc",
     "",
     "file 3 b.bt\nabd"},
    {"approved", "", {"./a.bt"}, " line 4: sha256=@/etc/stapsh/approved: no file was sent"},
    // What is there from before.
    {"approved", "", {"./a.bt"}, kNoFile, "", kKeep + kHaveAbc},
    {"approved", "", {"./a.bt"}, kNoFile, "", kKeep + kHaveAbd},
    {"approved", "", {"./a.bt"}, kNoFile, "", kKeep + kHaveAbd + kHaveAbc},
    {"approved", "", {"./a.bt"}, kAbdIsNotListed, "", kKeep + "file 3 a.bt\nabd" + kHaveAbc},
    {"approved", "", {"./a.bt"}, kAbdIsNotListed, "", kKeep + "file 3 a.bt " + kAbd + "\nabd" + kHaveAbc},
    {"approved", "", {"./a.bt"}, kNoFile, "", kKeep + "have " + kAbc + " b.bt\n" + kHaveAbd},
    {"approved", "", {"./a.bt"}, kNoFile, "", kHaveAbc},
    {"approved",
     "",
     {"./a.bt"},
     " line 4: sha256=@/etc/stapsh/approved: no file was sent",
     "",
     kKeep + "file 3 a.bt " + kAbc + "\nabd"},
    {"approved",
     "",
     {"./a.bt"},
     " line 4: sha256=@/etc/stapsh/approved: no file was sent",
     "",
     kKeep + "have " + std::string(64, 'a') + " a.bt\nhave " + kAbc + " ../stapsh/a.bt\nhave ../" + kAbc.substr(3) +
         " a.bt\n"},
    {"approved",
     "",
     {"--unsafe", "./a.bt"},
     " line 4: args=safe: --unsafe lets a program run commands",
     "",
     kKeep + "file 3 a.bt " + kAbc + "\nabc"},
    {"oncall", "", {"./a.ko"}, " line 6: deny as=oncall,approved,commands", "", kKeep + "have " + kAbc + " a.ko\n"},
    {"oncall",
     "",
     {"./a.bt"},
     " line 6: deny as=oncall,approved,commands",
     "",
     kKeep + "have " + kAbc + " a.ko\n" + kHaveAbc},
    {"stranger", "", {"./a.bt"}, ": no line allows bpftrace to as stranger", "", kKeep + kHaveAbc},
};

TEST_F(AgentPolicy, WhatAClientTriesIsAllowedOrStoppedByItsLine) {
  EXPECT_GE(std::size(kAttempts), 60U);
  const std::string send = "option digest\noption keep\nfile 3 a.bt " + kAbd + "\nabdfile 3 b.bt " + kAbc + "\nabc";
  ASSERT_EQ(::unlink((folder_ + "/policy").c_str()), 0);
  EXPECT_EQ(answers({}, send), "OK\nOK kept=" + scratch_.path("cache") + "/stapsh-modules-0\nOK\nOK\nquit\n");
  set_policy(kPolicy);
  for (const Attempt& attempt : kAttempts) {
    SCOPED_TRACE("as '" + attempt.as + "' " + attempt.name + ": " + attempt.before + run_line(attempt.args));
    const Words words = attempt.as.empty() ? Words{} : Words{"--as", attempt.as};
    std::string commands = attempt.before;
    if (!attempt.name.empty()) commands += "file 3 " + attempt.name + "\n" + attempt.content;
    commands += attempt.behind + run_line(attempt.args);
    const std::string said = answers(words, commands);
    const std::string refused = "ERROR: refused: policy" + attempt.want + "\n";
    if (attempt.want.empty()) {
      EXPECT_TRUE(said.starts_with("OK\nOK\n")) << said;
      EXPECT_EQ(said.find("ERROR"), std::string::npos) << said;
    } else {
      EXPECT_NE(said.find(refused), std::string::npos) << said << "wanted: " << refused;
      EXPECT_TRUE(said.ends_with(refused + "quit\n")) << said;
    }
  }
}

// What is refused does not stay; nor does another learn of it, or of what ran.
TEST_F(AgentPolicy, NothingIsKept) {
  const std::string no = "ERROR: option keep: nothing is kept where a policy is in force\n";
  const std::string none = "ERROR: have a.bt: nothing is kept; say option keep first, or send it\n";
  const std::string send = "option digest\noption keep\nfile 3 a.bt " + kAbd + "\nabdrun ./a.bt\n";
  const std::string ask = "option digest\noption keep\n" + kHaveAbd;
  EXPECT_EQ(answers({"--as", "approved"}, send),
            "OK\n" + no + "OK\nERROR: refused: policy" + kAbdIsNotListed + "\nquit\n");
  EXPECT_EQ(answers({"--as", "oncall"}, ask), "OK\n" + no + none + "quit\n");
  EXPECT_TRUE(answers({"--as", "all"}, send).starts_with("OK\n" + no + "OK\nOK\n"));
  EXPECT_EQ(answers({"--as", "oncall"}, ask), "OK\n" + no + none + "quit\n");
  EXPECT_NE(::access((scratch_.path("cache") + "/stapsh-modules-0").c_str(), F_OK), 0);
}

// Whoever can write there is the agent's own user; still nothing is taken but what it seems to be.
TEST_F(AgentPolicy, WhatIsKeptIsWhatItHolds) {
  const std::string kept = scratch_.make_folder("cache/stapsh-modules-0");
  ASSERT_EQ(::chmod(kept.c_str(), 0700), 0);
  const std::string path = scratch_.write("cache/stapsh-modules-0/" + kAbc, "abd");
  ASSERT_EQ(::unlink((folder_ + "/policy").c_str()), 0);
  const std::string said = answers({}, kKeep + kHaveAbc);
  EXPECT_NE(said.find("ERROR: have a.bt: what was kept has been changed, and is thrown away; send it\n"),
            std::string::npos)
      << said;
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  ASSERT_EQ(::symlink(scratch_.write("b.bt", "abc").c_str(), path.c_str()), 0);
  const std::string linked = answers({}, kKeep + kHaveAbc);
  EXPECT_NE(linked.find("ERROR: have a.bt: "), std::string::npos) << linked;
}

// Neither is stapdyn looked for, which is not here, nor is a file made for it.
TEST_F(AgentPolicy, ItIsDecidedBeforeTheRunnerIsLookedFor) {
  EXPECT_EQ(
      answers({"--as", "all"}, "file 3 a.so\nabcrun ./a.so\n"),
      "ERROR: refused: policy line 2: deny runner=stapdyn\nERROR: refused: policy line 2: deny runner=stapdyn\nquit\n");
  set_policy("allow as=all\n");
  EXPECT_NE(answers({"--as", "all"}, "file 3 a.so\nabcrun ./a.so\n").find("ERROR: run: stapdyn: not found in "),
            std::string::npos);
}

TEST_F(AgentPolicy, WithoutAFileEverythingIsAsItWas) {
  ASSERT_EQ(::unlink((folder_ + "/policy").c_str()), 0);
  EXPECT_EQ(answers({"--as", "stranger"}, "option policy\nfile 3 a.bt\nabcrun -e x\n"), "OK\nOK\nOK\nquit\n");
  EXPECT_EQ(check({}), "0 /etc/stapsh/policy: is not there, so everything may run\n");
  // A draft's name where a program's is meant.
  EXPECT_EQ(check({"--as", "oncall", "--runner", "bpftrace", "nosuch"}).find("stapsh: nosuch: No such file"), 2U);
}

TEST_F(AgentPolicy, WhereOneIsNeededNothingMayRunWithoutIt) {
  const std::string missing =
      "/etc/stapsh/policy: is not there, and who comes this way needs one; write what may run here "
      "(stapsh-policy(5))\n";
  EXPECT_EQ(check({"--need-policy"}), "0 /etc/stapsh/policy: OK\n");
  ASSERT_EQ(::unlink((folder_ + "/policy").c_str()), 0);
  EXPECT_EQ(check({"--need-policy"}), "1 stapsh: " + missing);
  EXPECT_NE(answers({"--need-policy", "--as", "stranger"}, "file 3 a.bt\nabcrun -e x\n")
                .find("ERROR: refused: policy: " + missing),
            std::string::npos);
}

TEST_F(AgentPolicy, OneThatCantBeReliedOnAllowsNothing) {
  struct Case {
    std::string_view name;
    std::function<void()> spoil;
    std::string want;  // Behind "policy: ".
  };
  const std::string policy = folder_ + "/policy", list = folder_ + "/approved";
  const std::string sha = "allow args=safe sha256=@/etc/stapsh/approved\n";
  const auto move_away = [](const std::string& path) { ASSERT_EQ(::rename(path.c_str(), (path + "2").c_str()), 0); };
  const Case cases[] = {
      {"unknown word", [&] { set_policy("allow\nallow usr=bob\n"); },
       "/etc/stapsh/policy: line 2, column 7: 'usr=bob' is unknown here; allow takes uid= cid= as= runner= sha256= "
       "signed= operator= target= args= command= user= caps="},
      {"cut off", [&] { set_policy("allow\nallow uid=10"); },
       "/etc/stapsh/policy: line 2, column 13: the file ends within a line; end it with a newline"},
      {"others may write", [&] { ASSERT_EQ(::chmod(policy.c_str(), 0646), 0); },
       "/etc/stapsh/policy: its group or others may write it; chmod go-w"},
      {"the group may write", [&] { ASSERT_EQ(::chmod(policy.c_str(), 0664), 0); },
       "/etc/stapsh/policy: its group or others may write it; chmod go-w"},
      {"another's", [&] { ASSERT_EQ(::chown(policy.c_str(), 1000, 0), 0); },
       "/etc/stapsh/policy: is owned by uid 1000; chown it to root"},
      {"the folder is another's", [&] { ASSERT_EQ(::chown(folder_.c_str(), 1000, 0), 0); },
       "/etc/stapsh: is owned by uid 1000; chown it to root"},
      {"others may write in the folder", [&] { ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0); },
       "/etc/stapsh: its group or others may write it; chmod go-w"},
      {"a link into a user's folder",
       [&] {
         move_away(policy);
         ASSERT_EQ(::symlink("/home/user/policy", policy.c_str()), 0);
       },
       "/etc/stapsh/policy: is a symbolic link, which is not followed; put what it leads to there"},
      {"a link to root's file",
       [&] {
         move_away(policy);
         ASSERT_EQ(::symlink("policy2", policy.c_str()), 0);
       },
       "/etc/stapsh/policy: is a symbolic link, which is not followed; put what it leads to there"},
      {"a pipe",
       [&] {
         move_away(policy);
         ASSERT_EQ(::mkfifo(policy.c_str(), 0600), 0);
       },
       "/etc/stapsh/policy: is no regular file"},
      {"a folder",
       [&] {
         move_away(policy);
         ASSERT_EQ(::mkdir(policy.c_str(), 0755), 0);
       },
       "/etc/stapsh/policy: is no regular file"},
      {"too long", [&] { set_policy(std::string(1'000'001, '#')); },
       "/etc/stapsh/policy: over 1000000 bytes: File too large"},
      {"no list",
       [&] {
         set_policy(sha);
         move_away(list);
       },
       "/etc/stapsh/approved: is not there, and sha256= names it"},
      {"a list that others may write",
       [&] {
         set_policy(sha);
         ASSERT_EQ(::chmod(list.c_str(), 0666), 0);
       },
       "/etc/stapsh/approved: its group or others may write it; chmod go-w"},
      {"a list where others may write", [&] { set_policy("allow args=safe sha256=@/tmp/../etc/stapsh/approved\n"); },
       "/tmp/../etc/stapsh/approved: leads back by '..'; name the file itself"},
      {"no list at all",
       [&] {
         set_policy(sha);
         write("approved", "abc\n");
       },
       "/etc/stapsh/approved: line 1, column 4: a line of sha256sum begins with 64 hexadecimal digits"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Program wipe(
        options({"/bin/sh", "-c", "rm -rf " + folder_ + "/*; chown 0:0 " + folder_ + "; chmod 755 " + folder_}));
    ASSERT_EQ(wipe.wait_exit(), 0);
    set_policy("allow\n");
    write("approved", kAbc + "  a.bt\n");
    c.spoil();
    const std::string refused = "ERROR: refused: policy: " + c.want + "\n";
    EXPECT_EQ(answers({}, "file 3 a.ko\nabcrun ./a.ko\n"), refused + refused + "quit\n");
    EXPECT_EQ(check({}), "1 stapsh: " + c.want + "\n");
  }
}

TEST_F(AgentPolicy, LimitsAreGrantedAndSaid) {
  set_policy("limit as=oncall grace=2 run=60\nlimit run=600 stop=30 workspace=1000\nallow\n");
  EXPECT_EQ(answers({"--as", "oncall"},
                    "option exit\noption grace=9\noption deadline=90\noption stop-limit=31\nfile 1001 a.bt\n" +
                        std::string(1001, 'x')),
            "OK\nOK grace=2\nOK deadline=60\nOK stop-limit=30\n"
            "ERROR: file a.bt: 1001 bytes more, over limit workspace= of the policy there (1000)\nexit 0\nquit\n");
  EXPECT_EQ(answers({}, "option exit\noption grace=9\noption deadline=900\noption deadline=90\n"),
            "OK\nOK\nOK deadline=600\nOK\nexit 0\nquit\n");
  set_policy("limit run=0.2\nallow\n");
  const Session cut = talk(agent(), "stap 5.6\noption data\noption exit\noption reason\nfile 3 a.ko\nabcrun forever\n");
  EXPECT_NE(cut.out.find("stopped a run may last 0.2 s there (limit run= of its policy)\n"), std::string::npos)
      << cut.out;
}

// Where there is no cgroup for it, nobody runs without it. (tests/guest/test_policy has the others.)
TEST_F(AgentPolicy, WhatCantBeBoundedDoesNotRun) {
  mounts_.replace("/sys/fs/cgroup", scratch_.make_folder("no-cgroups"));
  set_policy("limit as=oncall tasks=64\nlimit as=eater tasks=64 memory=100000000\nallow\n");
  const auto without_reasons = [&](const Words& who, const std::string& commands) {
    static const std::regex kReason("kept: [^\n]+");
    return std::regex_replace(answers(who, "option policy\n" + commands), kReason, "kept: …");
  };
  const std::string no_tasks = "ERROR: refused: policy: limit tasks= can't be kept: …\n";
  EXPECT_EQ(without_reasons({"--as", "oncall"}, "file 3 a.ko\nabcrun ./a.ko\n"),
            "OK policy=yes,tasks=64\n" + no_tasks + no_tasks + "quit\n");
  EXPECT_EQ(without_reasons({"--as", "eater"}, "run ./a.ko\n"),
            "OK policy=yes,tasks=64,memory=100000000\n"
            "ERROR: refused: policy: limit tasks= memory= can't be kept: …\nquit\n");
  EXPECT_EQ(answers({"--as", "other"}, "option policy\nfile 3 a.ko\nabcrun ./a.ko\n").find("ERROR"), std::string::npos);
  Program check(options({agent_program(), "--check-policy", "--as=eater", "--runner=staprun"}, &mounts_));
  (void)check.wait_exit();
  EXPECT_EQ(check.out(),
            "allowed: policy line 3: allow\nwith at most 64 processes and threads and 100000000 bytes of memory\n");
}

// A second's worth goes at once, and the rest as time goes on; all of it comes, framed and bare.
TEST_F(AgentPolicy, OutputIsSlowedDownAndNotLost) {
  set_policy("limit as=oncall output=100000\nallow\n");
  for (const std::string before : {"option data\noption exit\n", ""}) {
    SCOPED_TRACE(before);
    Program program(agent(Input::kPipe, {"--as", "oncall"}));
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(program.write("stap 5.6\n" + before + "file 3 a.ko\nabcrun out:600000 say:end\n"));
    EXPECT_EQ(program.wait_exit(), 0) << program.err();
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(program.out_bytes(), 600'000U);
    EXPECT_NE(program.out().find("end\n"), std::string::npos);
    // What the pipe holds when the runner ends needs no time.
    EXPECT_GE(took, std::chrono::milliseconds(2'000));
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(talk(agent(), "stap 5.6\nrun out:20000000\n").code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kBound);
}

// The kernel says who connected; a socket may then be everybody's.
TEST_F(AgentPolicy, AtASocketTheUserIsWhoConnected) {
  set_policy("limit per-peer=1\nallow uid=1000 runner=staprun args=safe\nallow uid=0\n");
  const std::string folder = "/tmp/stapsh-policy-test." + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  const std::string socket = folder + "/s";
  {
    Program listener(options({agent_program(), "--listen", "unix:" + socket}, &mounts_));
    oracle_.allow_helper(listener.pid());
    wait_for_socket(socket, listener);
    ASSERT_EQ(::chmod(socket.c_str(), 0666), 0);
    const auto say = [&](const std::string& user) {
      ProgramOptions how = options({"/usr/bin/setpriv", "--reuid", user, "--clear-groups", "/usr/bin/socat", "-t20",
                                    "-", "UNIX-CONNECT:" + socket});
      how.cwd = "/";
      how.input = Input::kPipe;
      Program client(how);
      EXPECT_TRUE(client.write("stap 5.6\noption data\nfile 3 a.ko\nabcrun -c id ./a.ko\nquit\n"));
      client.close_input();
      (void)client.wait_exit();
      return after_hello(client.out());
    };
    EXPECT_EQ(say("1000"), "OK\nOK\nERROR: refused: policy line 2: args=safe: -c runs a command\nquit\n");
    EXPECT_EQ(say("0"), "OK\nOK\nOK\nquit\n");
    {
      // One of whom no session ends at this moment.
      ProgramOptions how = options({"/usr/bin/setpriv", "--reuid", "1003", "--clear-groups", "/usr/bin/socat", "-t20",
                                    "-", "UNIX-CONNECT:" + socket});
      how.cwd = "/";
      how.input = Input::kPipe;
      Program first(how);
      EXPECT_TRUE(first.write("stap 5.6\n"));
      EXPECT_TRUE(first.wait_for_out("stapsh "));
      Program second(how);
      EXPECT_TRUE(second.wait_for_out(
          "ERROR: user 1003 has 1 sessions, which is limit per-peer= of policy line 1 there; try again when one has "
          "ended\n"));
    }
    EXPECT_EQ(say("1001"),
              "OK\nERROR: refused: policy: no line allows staprun to uid 1001\n"
              "ERROR: refused: policy: no line allows staprun to uid 1001\nquit\n");
    listener.send_signal(SIGTERM);
    (void)listener.wait_exit();
  }
  EXPECT_EQ(::rmdir(folder.c_str()), 0);
  // A listener without its limits would be another one than was asked for.
  set_policy("limits\n");
  Program refused(options({agent_program(), "--listen", "unix:" + scratch_.path("s")}, &mounts_));
  EXPECT_EQ(refused.wait_exit(), 2);
  EXPECT_EQ(refused.err(),
            "stapsh: /etc/stapsh/policy: line 1, column 1: 'limits' is no statement; say allow, deny, limit or log\n");
}

TEST_F(AgentPolicy, CheckPolicySaysWhichLineDecides) {
  const std::string program = scratch_.write("a.bt", "abc");
  const std::string other = scratch_.write("b.bt", "abd");
  EXPECT_EQ(check({}), "0 /etc/stapsh/policy: OK\n");
  EXPECT_EQ(check({"--as", "oncall", "--runner", "bpftrace", "--args", "-q -p 1", program}),
            "0 allowed: policy line 3: allow as=oncall runner=bpftrace,stapbpf args=safe\n");
  EXPECT_EQ(check({"--as", "oncall", "--args", "-e 'BEGIN { }'", program}),
            "1 refused: policy line 3: args=safe: -e is a program that was not sent as a file\n");
  EXPECT_EQ(check({"--as=approved", program}),
            "0 allowed: policy line 4: allow as=approved args=safe sha256=@/etc/stapsh/approved\n");
  EXPECT_EQ(check({"--as=approved", other}),
            "1 refused: policy line 4: sha256=@/etc/stapsh/approved: b.bt (" + kAbd + ") is not in it\n");
  EXPECT_EQ(check({"--uid=0", "--runner=staprun", "--args", "-c id"}),
            "0 allowed: policy line 8: allow uid=0 runner=staprun args=any\n");
  EXPECT_EQ(check({"--uid=1", "--runner=staprun"}), "1 refused: policy: no line allows staprun to uid 1\n");
  EXPECT_EQ(check({"--cid=3", "--runner=stapdyn"}), "1 refused: policy line 2: deny runner=stapdyn\n");
  const std::string draft = scratch_.write("draft", "allow uid=0\nallow uid=x\n");
  EXPECT_EQ(check({draft}),
            "1 stapsh: " + draft + ": line 2, column 11: uid=: 'x' is not a whole number from 0 to 4294967294\n");
  EXPECT_EQ(check({"--as=oncall", "--args", "'", program}), "2 stapsh: --args: a quote has no end\n");
}

// Of the versions that are here. A new option is in nobody's table, and so is refused; this test says that it is there.
TEST_F(AgentPolicy, TheTableHasEachOptionThatARunnerPrints) {
  struct Case {
    RunnerKind kind;
    Words argv;
  };
  for (const Case& c : {Case{RunnerKind::kBpftrace, {"/usr/bin/bpftrace", "--help"}},
                        Case{RunnerKind::kStaprun, {"/usr/bin/staprun", "-h"}},
                        Case{RunnerKind::kStapbpf, {"/usr/bin/stapbpf", "--help"}}}) {
    SCOPED_TRACE(c.argv[0]);
    Program runner(options(c.argv));
    (void)runner.wait_exit();
    const std::string usage = runner.out() + runner.err();
    std::set<std::string> said;
    static const std::regex kLine(R"(\n\s*(-[^ \n]+(, *--[a-z-]+)?))");
    static const std::regex kOption(R"(--?[A-Za-z][A-Za-z-]*)");
    for (std::sregex_iterator line(usage.begin(), usage.end(), kLine), end; line != end; ++line) {
      const std::string words = (*line)[1];
      for (std::sregex_iterator word(words.begin(), words.end(), kOption); word != end; ++word)
        said.insert(word->str());
    }
    EXPECT_GE(said.size(), 7U) << usage;
    for (const std::string& option : said) {
      const bool is_long = option.starts_with("--");
      for (const char letter : is_long ? std::string() : option.substr(1)) {
        EXPECT_NE(policy::find_argument(c.kind, letter), nullptr) << option;
      }
      if (is_long) {
        EXPECT_NE(policy::find_argument(c.kind, std::string_view(option).substr(2)), nullptr) << option;
      }
    }
  }
}

}  // namespace
}  // namespace stapsh::real
