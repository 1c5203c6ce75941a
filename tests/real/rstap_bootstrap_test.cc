// SPDX-License-Identifier: Apache-2.0
// --bootstrap: a target without an agent of ours is brought one, and each row says what is there afterwards.
#include <filesystem>
#include <fstream>
#include <functional>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

class RstapBootstrap : public RemoteTest {
 protected:
  RstapBootstrap() {
    mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER);
    home_ = scratch_.make_folder("target/home");
    fs::create_directory(home_ + "/.cache");
    for (const char* folder : {"/dev/shm", "/var/tmp"}) mounts_.small_disk(folder, 65'536);
  }

  /// A shell on a target of its own, as podman exec gives one. What is left of a bootstrap there it writes down.
  std::string target(const std::string& variables = "", const std::string& shell = "/bin/sh") const {
    const std::string text = "#!/bin/sh\nenv -i PATH=/usr/local/bin:/usr/bin:/bin HOME=" + home_ +
                             " TMPDIR=" + scratch_.tmp() + " " + variables + " " + shell + "\ncode=$?\n" + kLook +
                             " >> " + scratch_.path("left") + "\nexit $code\n";
    return "exec:/bin/sh " + scratch_.write("target/shell", text);
  }
  std::vector<std::string> words(const std::vector<std::string>& uris, const std::string& how = "--bootstrap",
                                 const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{STAPSH_CLIENT, how, "--stapsh", agent_program()};
    for (const std::string& uri : uris) all.insert(all.end(), {"--remote", uri});
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.end(), {scratch_.write("probe.ko", "no module"), "--runner-arg=say:hi", "--runner-arg=exit:0"});
    return all;
  }
  /// What was left, a path a line, since the last time.
  std::string left() const {
    const std::string text = read_file(scratch_.path("left"));
    (void)fs::remove(scratch_.path("left"));
    return text;
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
  std::string cache() const { return home_ + "/.cache/stapsh-agents-0"; }

  std::string home_;

 private:
  // Of /tmp only the name: others are at work there.
  const std::string kLook = "{ find /dev/shm /mnt /var/tmp /run " + scratch_.path("target/home") + " " +
                            scratch_.tmp() +
                            " -name 'stapsh*' -not -path /run/stapsh; find /tmp -maxdepth 1 -name 'stapsh-agents*'; }";
};

struct Row {
  std::string name;
  std::function<void(MountNamespace&, const std::string& home)> prepare;
  std::string variables;
  std::string why;  // Empty: it succeeds.
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {"all is well", [](MountNamespace&, const std::string&) {}, "", ""},
      {"nothing is known of the person", [](MountNamespace&, const std::string&) {}, "HOME= TMPDIR=", ""},
      {"a runtime folder with a blank",
       [](MountNamespace&, const std::string& home) { fs::create_directory(home + "/run time"); },
       "'XDG_RUNTIME_DIR=HOME/run time'", ""},
      {"only the home executes",
       [](MountNamespace& mounts, const std::string&) {
         for (const char* folder : {"/dev/shm", "/tmp", "/run", "/var/tmp"}) mounts.restrict(folder, "noexec");
         mounts.small_disk("/mnt", 65'536);
       },
       "TMPDIR=/tmp HOME=/mnt", ""},
      {"nothing executes",
       [](MountNamespace& mounts, const std::string& home) {
         for (const std::string& folder :
              {std::string("/dev/shm"), std::string("/tmp"), std::string("/run"), std::string("/var/tmp"), home})
           mounts.restrict(folder, "noexec");
       },
       "TMPDIR=/tmp", "/dev/shm executes nothing (noexec)"},
      {"others can change what folders there are",
       [](MountNamespace& mounts, const std::string& home) {
         for (const char* folder : {"/dev/shm", "/tmp", "/run", "/var/tmp"}) mounts.restrict(folder, "noexec");
         for (const char* folder : {"", "/.cache"}) EXPECT_EQ(::chown((home + folder).c_str(), 4711, 4711), 0);
         fs::create_directory(home + "/shared");
         fs::permissions(home + "/shared", fs::perms(0777));
       },
       "TMPDIR=HOME/shared", "/shared, /tmp executes nothing "},
      {"memory is full, and nothing else can be written",
       [](MountNamespace& mounts, const std::string& home) {
         mounts.small_disk("/dev/shm", 64);
         for (const std::string& folder : {std::string("/tmp"), std::string("/run"), std::string("/var/tmp"), home})
           mounts.restrict(folder, "ro");
       },
       "TMPDIR=/tmp", "/dev/shm has no room for "},
      {"memory is full", [](MountNamespace& mounts, const std::string&) { mounts.small_disk("/dev/shm", 64); }, "", ""},
      {"the home can only be read",
       [](MountNamespace& mounts, const std::string& home) { mounts.restrict(home, "ro"); }, "", ""},
      {"no head", [](MountNamespace& mounts, const std::string&) { mounts.hide("/usr/bin/head"); }, "", ""},
      {"sha256sum of busybox", [](MountNamespace& mounts, const std::string&) { mounts.hide("/usr/bin/sha256sum"); },
       "", ""},
      {"no digest",
       [](MountNamespace& mounts, const std::string&) {
         for (const char* program : {"sha256sum", "busybox", "shasum", "openssl"}) {
           const std::string path = "/usr/bin/" + std::string(program);
           if (fs::exists(path)) mounts.hide(path);
         }
       },
       "", "there is neither sha256sum nor busybox, shasum or openssl"},
      {"bash is sh",
       [](MountNamespace& mounts, const std::string&) { mounts.replace("/usr/bin/dash", "/usr/bin/bash"); }, "", ""},
      {"busybox is sh",
       [](MountNamespace& mounts, const std::string&) { mounts.replace("/usr/bin/dash", "/usr/bin/busybox"); }, "", ""},
      {"only systemtap's agent is there",
       [](MountNamespace& mounts, const std::string&) { mounts.replace("/usr/bin/stapsh", kReleasedAgent); }, "", ""},
  };
  return kRows;
}

class RstapBootstrapRow : public RstapBootstrap, public testing::WithParamInterface<std::size_t> {};

TEST_P(RstapBootstrapRow, LeavesNothing) {
  const Row& row = rows()[GetParam()];
  SCOPED_TRACE(row.name);
  row.prepare(mounts_, home_);
  std::string variables = row.variables;
  if (const std::size_t at = variables.find("HOME/"); at != std::string::npos) variables.replace(at, 4, home_);
  Program rstap(client(words({target(variables)})));
  EXPECT_EQ(rstap.wait_exit(), row.why.empty() ? 0 : 1) << rstap.captured();
  EXPECT_EQ(rstap.out(), row.why.empty() ? "hi\n" : "") << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), row.why)) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), row.why.empty() ? "; all clean" : "1 not touched")) << rstap.captured();
  EXPECT_EQ(left(), "");
}

INSTANTIATE_TEST_SUITE_P(All, RstapBootstrapRow, testing::Range<std::size_t>(0, rows().size()));

TEST_F(RstapBootstrap, AnAgentOfOursThatIsThereIsUsed) {
  mounts_.replace("/usr/bin/stapsh", agent_program());
  Program rstap(client(words({target()}, "--bootstrap=keep", {"-v"})));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "its agent is /usr/bin/stapsh")) << rstap.captured();
  EXPECT_FALSE(has(rstap.err(), "kept")) << rstap.captured();
  EXPECT_EQ(left(), "");
}

// The folder for records is a guest's as well, and so is what it learns of runners.
TEST_F(RstapBootstrap, NothingIsWrittenBelowRunThatStays) {
  mounts_.small_disk("/run", 1'024);
  Program rstap(client(words({target()})));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(left(), "");
}

TEST_F(RstapBootstrap, KeptAgentIsNamedAndUsedAgain) {
  Program first(client(words({target()}, "--bootstrap=keep", {"-v"})));
  EXPECT_EQ(first.wait_exit(), 0) << first.captured();
  EXPECT_TRUE(has(first.err(), "bringing one of ")) << first.captured();
  const std::string kept = left();
  EXPECT_TRUE(has("\n" + kept, "\n" + cache() + "\n")) << kept;
  EXPECT_TRUE(has("\n" + kept, "\n" + home_ + "/.cache/stapsh-modules-0\n")) << kept;
  EXPECT_TRUE(has(first.err(), "its modules are kept there: " + home_ + "/.cache/stapsh-modules-0\n"))
      << first.captured();
  const std::string file = fs::directory_iterator(cache())->path();
  EXPECT_TRUE(has(first.err(), "its agent is kept there: " + file + "\n")) << first.captured();
  Program second(client(words({target()}, "--bootstrap=keep", {"-v"})));
  EXPECT_EQ(second.wait_exit(), 0) << second.captured();
  EXPECT_FALSE(has(second.err(), "bringing")) << second.captured();
  EXPECT_TRUE(has(second.err(), "its agent is kept there: " + file + "\n")) << second.captured();
  // One that rotted is brought anew.
  std::ofstream(file, std::ios::app) << "x";
  Program third(client(words({target()}, "--bootstrap=keep", {"-v"})));
  EXPECT_EQ(third.wait_exit(), 0) << third.captured();
  EXPECT_TRUE(has(third.err(), "bringing one of ")) << third.captured();
}

TEST_F(RstapBootstrap, NoMoreThanTwoAreKept) {
  fs::create_directory(cache());
  fs::permissions(cache(), fs::perms::owner_all);
  const auto now = fs::file_time_type::clock::now();
  for (int age = 1; age <= 3; ++age) {
    const std::string file = cache() + "/" + std::to_string(age);
    std::ofstream(file) << "old";
    fs::last_write_time(file, now - std::chrono::hours(age));
  }
  Program rstap(client(words({target()}, "--bootstrap=keep")));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(fs::exists(cache() + "/1"));
  EXPECT_EQ(std::distance(fs::directory_iterator(cache()), fs::directory_iterator()), 2);
}

TEST_F(RstapBootstrap, AFolderThatOthersMayWriteIsNoCache) {
  fs::create_directory(cache());
  fs::permissions(cache(), fs::perms::all);
  Program rstap(client(words({target()}, "--bootstrap=keep")));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), cache() + ": is no folder of mode 0700 of user 0")) << rstap.captured();
  EXPECT_EQ(left(), cache() + "\n");
}

TEST_F(RstapBootstrap, SeveralAtOnceKeepOne) {
  const std::vector<std::string> uris(6, target());
  Program rstap(client(words(uris, "--bootstrap=keep")));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "6 succeeded; all clean")) << rstap.captured();
  EXPECT_EQ(std::distance(fs::directory_iterator(cache()), fs::directory_iterator()), 1);
}

TEST_F(RstapBootstrap, WhatIsNotTheAgentIsNotStarted) {
  mounts_.replace("/usr/bin/head",
                  scratch_.write("head",
                                 "#!/bin/sh\nexec dd iflag=count_bytes,fullblock bs=65536 count=\"$2\" 2> /dev/null | "
                                 "tr '\\001' '\\002'\n",
                                 0755));
  Program rstap(client(words({target()})));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "what arrived is not the agent that was sent")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "1 not touched")) << rstap.captured();
  EXPECT_EQ(left(), "");
}

TEST_F(RstapBootstrap, AMachineThatThereIsNoAgentForIsNamed) {
  mounts_.replace("/usr/bin/uname", scratch_.write("uname", "#!/bin/sh\necho sparc64\n", 0755));
  Program rstap(client(words({target()})));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "it is a sparc64, and rstap has agents for ")) << rstap.captured();
  EXPECT_EQ(left(), "");
}

// An agent waits for a hello, and we for a shell.
TEST_F(RstapBootstrap, AnAgentInThePlaceOfTheShellIsGuessed) {
  Program rstap(client(words({"exec:" + agent_program()}, "--bootstrap", {"--connect-timeout=1"})));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "leave it out where an agent answers at once (ForceCommand)")) << rstap.captured();
}

TEST_F(RstapBootstrap, SystemtapsAgentIsNotBrought) {
  std::vector<std::string> all = words({target()});
  all[3] = kReleasedAgent;
  Program rstap(client(all));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "is no agent that could be brought")) << rstap.captured();
}

// A stage that was killed leaves what it had: rstap asks again, and that one removes it.
TEST_F(RstapBootstrap, AKilledStageIsCleanedUpAfter) {
  mounts_.replace(
      "/usr/bin/head",
      scratch_.write("head",
                     "#!/bin/sh\ntest \"$2\" = 1 && exit\ntest -e " + scratch_.path("killed") + " || { : > " +
                         scratch_.path("killed") +
                         "; kill -9 \"$(cut -d \" \" -f 4 /proc/$PPID/stat)\"; }\nexec dd iflag=count_bytes,fullblock "
                         "bs=65536 count=\"$2\" 2> /dev/null\n",
                     0755));
  Program rstap(client(words({target()})));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "1 failed; all clean")) << rstap.captured();
  const std::string found = left();
  EXPECT_TRUE(found.empty() || has(found, "/stapsh-stage.")) << found;  // Of the first, before the second came.
  Program again(client(words({target()})));
  EXPECT_EQ(again.wait_exit(), 0) << again.captured();
  EXPECT_EQ(left(), "");
}

TEST_F(RstapBootstrap, CtrlCWhileAnAgentIsOnItsWayLeavesNothing) {
  const std::string gate = scratch_.path("gate");
  mounts_.replace("/usr/bin/head",
                  scratch_.write("head",
                                 "#!/bin/sh\ntest \"$2\" = 1 && exit\ntest -e " + gate + " || { : > " + gate +
                                     "; exec cat; }\nexec dd iflag=count_bytes,fullblock bs=65536 count=\"$2\" "
                                     "2> /dev/null\n",
                                 0755));
  Program rstap(client(words({target()})));
  ASSERT_TRUE(becomes_true([&] { return fs::exists(gate); })) << rstap.captured();
  rstap.send_group_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(), 130) << rstap.captured();
  EXPECT_TRUE(becomes_true([&] { return fs::exists(scratch_.path("left")); }));
  EXPECT_EQ(left(), "") << rstap.captured();
}

// Every login shell that Debian has gets the stage as a command.
TEST_F(RstapBootstrap, LoginShells) {
  const std::string busybox = scratch_.path("sh");
  fs::create_symlink("/usr/bin/busybox", busybox);
  const std::vector<std::string> shells{"/bin/dash", "/bin/bash",      "/bin/zsh",  "/usr/bin/fish", "/bin/csh",
                                        "/bin/tcsh", "/usr/bin/ksh93", "/bin/mksh", busybox,         "/bin/rbash"};
  std::string users = "root:*:0:0::" + home_ + ":/bin/sh\nsshd:*:105:65534::/run/sshd:/usr/sbin/nologin\n";
  SshdOptions sshd{.mounts = &mounts_};
  for (std::size_t i = 0; i < shells.size(); ++i) {
    const std::string name = "user" + std::to_string(i);
    users += name + ":*:0:0::" + home_ + ":" + shells[i] + "\n";
    sshd.client_lines.insert(sshd.client_lines.end(), {"Host h" + std::to_string(i), "  User " + name});
  }
  mounts_.replace("/etc/passwd", scratch_.write("passwd", users));
  const LoopbackSshd server(scratch_, sshd);
  oracle_.allow_helper(server.pid());
  for (std::size_t i = 0; i < shells.size(); ++i) {
    SCOPED_TRACE(shells[i]);
    ProgramOptions options = client(words({"h" + std::to_string(i)}));
    options.env.push_back("PATH=" + server.wrapper_folder() + ":/usr/bin:/bin");
    Program rstap(options);
    const bool restricted = shells[i] == "/bin/rbash";
    EXPECT_EQ(rstap.wait_exit(), restricted ? 1 : 0) << rstap.captured();
    EXPECT_TRUE(has(rstap.err(), restricted ? "login shell is a restricted one" : "; all clean")) << rstap.captured();
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace stapsh::real
