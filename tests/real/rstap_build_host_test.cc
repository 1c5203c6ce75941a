// SPDX-License-Identifier: Apache-2.0
// --build-on: the real stap at the other end of a real ssh; and whatever is killed there or here, at any moment,
// nothing is left.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

using Words = std::vector<std::string>;

class RstapBuildHost : public RemoteTest {
 protected:
  RstapBuildHost() {
    mounts_.tracing();
    SshdOptions sshd;
    // Where nothing may be left, and a home whose shell does no work of its own.
    sshd.environment = {"TMPDIR=" + scratch_.tmp(), "HOME=" + scratch_.make_folder("home_there")};
    sshd.mounts = &mounts_;
    sshd_ = std::make_unique<LoopbackSshd>(scratch_, sshd);
    oracle_.allow_helper(sshd_->pid());
  }

  /// rstap with h0 to build, and an agent here to run it.
  ProgramOptions rstap(const Words& more) const {
    Words words{STAPSH_CLIENT, "--stapsh", agent_program(), "--remote", "stapsh:", "--build-on", "h0", "--bpf"};
    words.insert(words.end(), more.begin(), more.end());
    ProgramOptions program = client(words);
    program.env.push_back("PATH=" + sshd_->wrapper_folder() + ":/usr/sbin:/usr/bin:/sbin:/bin");
    // What a killed rstap leaves here is for the next one to sweep.
    program.env.push_back("TMPDIR=" + client_tmp_);
    return program;
  }

  /// A stap that says where it is, and waits: for a while, or whatever it is told.
  std::string waiting_stap(const std::string& ignoring) const {
    return scratch_.write("waiting-stap",
                          "#!/bin/sh\n" + ignoring + "echo $PPID >" + scratch_.path("build.pid") + "\necho $$ >" +
                              scratch_.path("stap.tmp") + "\nmv " + scratch_.path("stap.tmp") + " " +
                              scratch_.path("stap.pid") + "\nwhile :; do sleep 1; done\n",
                          0755);
  }
  pid_t pid_in(const std::string& name) const {
    const std::string path = scratch_.path(name);
    const auto ends = std::chrono::steady_clock::now() + kBound;
    while (read_file(path).empty() && std::chrono::steady_clock::now() < ends) std::this_thread::yield();
    return static_cast<pid_t>(std::strtol(read_file(path).c_str(), nullptr, 10));
  }
  static pid_t parent_of(pid_t pid) {
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
    return static_cast<pid_t>(std::strtol(text.c_str() + std::min(text.rfind(')') + 3, text.size()), nullptr, 10));
  }

  std::string client_tmp_ = scratch_.make_folder("client_tmp");
  std::unique_ptr<LoopbackSshd> sshd_;
};

TEST_F(RstapBuildHost, BuildsAScriptWithItsArgumentsTapsetsAndNames) {
  const std::string taps = scratch_.make_folder("my taps");
  scratch_.write("my taps/mine.stp", "function mine:long(a:long) { return a + 1 }\n");
  const std::string script = scratch_.write("it's a \"script\" .stp", "probe begin { println(mine($1), @2) exit() }\n");
  Program program(rstap({"-v", "-I", taps, "-m", "named", script, "41", "two 'words'"}));
  EXPECT_EQ(program.wait_exit(), 0) << program.captured();
  EXPECT_EQ(program.out(), "42two 'words'\n") << program.captured();
  EXPECT_NE(program.err().find("building on h0"), std::string::npos) << program.captured();
}

TEST_F(RstapBuildHost, BuildsTextAndStandardInputAndManyAtOnce) {
  Program text(rstap({"-e", "probe begin { println(\"text\") exit() }", "--remote", "stapsh:"}));
  EXPECT_EQ(text.wait_exit(), 0) << text.captured();
  EXPECT_EQ(text.out(), "text\ntext\n") << text.captured();
  ProgramOptions options = rstap({"-"});
  options.input = ProgramOptions::Input::kPipe;
  Program input(options);
  ASSERT_TRUE(input.write("probe begin { println(\"input\") exit() }\n"));
  input.close_input();
  EXPECT_EQ(input.wait_exit(), 0) << input.captured();
  EXPECT_EQ(input.out(), "input\n") << input.captured();
}

TEST_F(RstapBuildHost, WhatStapSaysNamesThePersonsFile) {
  const std::string script = scratch_.write("bad.stp", "probe begin { nosuch() }\n");
  Program program(rstap({script}));
  EXPECT_EQ(program.wait_exit(), 1) << program.captured();
  EXPECT_NE(program.err().find(script + ":1:15"), std::string::npos) << program.captured();
  EXPECT_EQ(program.err().find("rstap-build"), std::string::npos) << program.captured();
  EXPECT_NE(program.err().find("stap does not build the script on h0"), std::string::npos) << program.captured();
}

TEST_F(RstapBuildHost, WhatIsWrongThereNamesTheHost) {
  struct Case {
    Words words;
    int code;
    std::string_view want;
  };
  const std::string script = stap_.one();
  const std::string liar = scratch_.write(
      "liar", "#!/bin/sh\nfor word; do :; done\nname=${word#*name=}\necho \"${name%%;*} \"\nexec cat\n", 0755);
  const std::string banner = scratch_.write(
      "banner", "#!/bin/sh\nseq 2000 >&2\nprintf 'Permission denied (publickey).\\r\\n' >&2\nexit 255\n", 0755);
  const std::string painter =
      scratch_.write("painter", "#!/bin/sh\nprintf 'no \\033]0;owned\\007\\n' >&2\nexit 255\n", 0755);
  const Case cases[] = {
      {{"--ssh", banner, script}, 1, "--build-on=h0: Permission denied (publickey).\n"},
      {{"--ssh", painter, script}, 1, "--build-on=h0: no ^[]0;owned^G\n"},
      {{"--stap", "nosuchstap", script}, 1, "there is no nosuchstap on h0; install systemtap there"},
      {{"--build-on", "nosuch.invalid", script}, 1, "--build-on=nosuch.invalid: ssh: Could not resolve hostname"},
      {{"--build-on", "unix:/x", script}, 2, "--build-on=unix:/x: it is reached by ssh"},
      {{"-k", script}, 2, "--build-on leaves none on h0"},
      {{"-r", "/nosuch", script}, 1, "install the headers on h0, or give -r DIR, a folder there"},
      {{"--ssh", liar, script}, 1, "--build-on=h0: its answer makes no sense"},
      {{"--ssh", scratch_.write("silent", "#!/bin/sh\nexec sleep 1000\n", 0755), "--connect-timeout=1", script},
       1,
       "--build-on=h0: it does not answer in time"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    Program program(rstap(c.words));
    EXPECT_NE(program.wait_exit(), 0) << program.captured();
    EXPECT_NE(program.err().find(c.want), std::string::npos) << program.captured();
  }
}

TEST_F(RstapBuildHost, NothingThatStapSaysThereIsObeyed) {
  const std::string stap =
      scratch_.write("stap", "#!/bin/sh\nprintf '\\tlook: \\033[2J\\n' >&2\nexec stap \"$@\"\n", 0755);
  Program program(rstap({"--stap", stap, stap_.one()}));
  EXPECT_EQ(program.wait_exit(), 0) << program.captured();
  EXPECT_NE(program.err().find("\tlook: ^[[2J\n"), std::string::npos) << program.captured();
}

TEST_F(RstapBuildHost, WhatStapLeavesInTheBackgroundIsEnded) {
  const std::string pid_file = scratch_.path("left.pid");
  const std::string stap = scratch_.write(
      "stap", "#!/bin/sh\nsleep 1000 < /dev/null > /dev/null 2>&1 &\necho $! > " + pid_file + "\nexec stap \"$@\"\n",
      0755);
  Program program(rstap({"--stap", stap, stap_.one()}));
  EXPECT_EQ(program.wait_exit(), 0) << program.captured();
  const pid_t left = pid_in("left.pid");
  ASSERT_GT(left, 1);
  // Who adopted it may not have reaped it: a zombie has no words.
  std::ifstream words("/proc/" + std::to_string(left) + "/cmdline");
  EXPECT_EQ(words.peek(), std::char_traits<char>::eof()) << "it lives on";
  expect_nothing_left();
}

TEST_F(RstapBuildHost, ListsProbesThere) {
  Program program(rstap({"-l", "begin"}));
  EXPECT_EQ(program.wait_exit(), 0) << program.captured();
  EXPECT_EQ(program.out(), "begin\n") << program.captured();
}

// Who is killed: by whom they are found. The build's process group is stap's; above it are the shells of the stage.
TEST_F(RstapBuildHost, WhateverIsKilledNothingIsLeft) {
  struct Case {
    std::string_view name;
    bool stubborn;  // stap ignores SIGTERM.
  };
  for (const Case c :
       {Case{"client", false}, Case{"client", true}, Case{"ctrl-C", false}, Case{"ctrl-C", true}, Case{"ssh", false},
        Case{"stap", false}, Case{"build", false}, Case{"build", true}, Case{"its parent", false},
        Case{"watcher", false}, Case{"watcher", true}, Case{"stage", false}, Case{"stage by SIGTERM", true}}) {
    SCOPED_TRACE(testing::Message() << c.name << (c.stubborn ? ", stubborn" : ""));
    std::filesystem::remove(scratch_.path("stap.pid"));
    const std::string stap = waiting_stap(c.stubborn ? "trap '' TERM\n" : "");
    Program program(rstap({"--stap", stap, "-e", "probe begin { exit() }"}));
    const pid_t stap_pid = pid_in("stap.pid");
    ASSERT_GT(stap_pid, 1) << program.captured();
    const pid_t build = parent_of(stap_pid), waiter = parent_of(build), watcher = parent_of(waiter),
                stage = parent_of(watcher);
    if (c.name == "client") program.send_signal(SIGKILL);
    if (c.name == "ctrl-C") program.send_group_signal(SIGINT);
    if (c.name == "ssh") {
      for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        if (pid <= 1 || parent_of(pid) != program.pid()) continue;
        const std::string words = read_file(entry.path().string() + "/cmdline");
        if (words.starts_with("/usr/bin/ssh")) (void)::kill(pid, SIGKILL);
      }
    }
    if (c.name == "stap") (void)::kill(stap_pid, SIGKILL);
    if (c.name == "build") (void)::kill(build, SIGKILL);
    if (c.name == "its parent") {
      (void)::kill(waiter, SIGKILL);
      program.send_group_signal(SIGINT);
    }
    if (c.name == "watcher") (void)::kill(watcher, SIGKILL);
    if (c.name == "stage") {
      (void)::kill(stage, SIGKILL);
      program.send_group_signal(SIGINT);
    }
    if (c.name == "stage by SIGTERM") (void)::kill(stage, SIGTERM);
    EXPECT_NE(program.wait_exit(), 0) << program.captured();
    expect_nothing_left();
  }
}

// Who may write beside our folder there knows its name from ps(1): nothing of theirs is read, executed or removed.
TEST_F(RstapBuildHost, FoldersOfOtherUsersAreNotTrusted) {
  const std::string mark = scratch_.path("mark");
  // For sed(1), which has an `e`, and for sh(1).
  const std::string session = scratch_.write("session", "x/y/;1e touch " + mark + "\n#\n");
  const std::string build = scratch_.write("build", "touch " + mark + "\n", 0755);
  const std::string there = scratch_.tmp() + "/", kept = scratch_.make_folder("kept");
  const std::string begins = "#!/bin/sh\ntop=${TMPDIR%/tmp}\ntop=${top%/b}\n";
  const std::string fills = "cp " + session + " \"$f/session\"; cp " + build + " \"$f/build\"; chown -R 65534 \"$f\"\n";
  struct Case {
    std::string_view name;
    std::string stap;
  };
  const Case cases[] = {
      {"beside it", begins + "f=$top-; mkdir \"$f\"; " + fills + "exit 1\n"},
      {"a pipe beside it", begins + "f=$top-; mkdir \"$f\"; mkfifo \"$f/session\"; chown -R 65534 \"$f\"\nexit 1\n"},
      {"in its place", begins + "mv \"$top\" " + kept + "/; mkdir \"$top\" \"$top/work\"\n" +
                           "for f in \"$top\" \"$top/b\" \"$top/gone\"; do mkdir -p \"$f\"; " + fills +
                           "done\nexit 1\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Program program(rstap({"--stap", scratch_.write("evil-stap", c.stap, 0755), "-e", "probe begin { exit() }"}));
    EXPECT_EQ(program.wait_exit(), 1) << program.captured();
    EXPECT_FALSE(std::filesystem::exists(mark));
    std::size_t theirs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(there)) {
      if (!entry.path().filename().string().starts_with("rstap-build-")) continue;
      ++theirs;
      EXPECT_TRUE(std::filesystem::exists(entry.path() / "session"));
      std::filesystem::remove_all(entry.path());
    }
    EXPECT_EQ(theirs, 1U) << program.captured();
    for (const auto& entry : std::filesystem::directory_iterator(kept)) {
      EXPECT_TRUE(std::filesystem::is_empty(entry.path()));
      std::filesystem::remove(entry.path());
    }
    expect_nothing_left();
  }
}

TEST_F(RstapBuildHost, AFolderThatIsThereBeforeIsNotTaken) {
  const std::string mark = scratch_.path("mark"), list = scratch_.path("made");
  // The name is in the command, as it is for all who look there.
  const std::string ssh = scratch_.write(
      "first-ssh",
      "#!/bin/sh\nfor word; do :; done\nname=${word#*name=}\ntop=" + scratch_.tmp() + "/${name%%;*}\n" +
          "mkdir \"$top\" \"$top/b\" \"$top/gone\"\nfor f in \"$top/b\" \"$top/gone\"; do echo 'x/y/;1e touch " + mark +
          "' >\"$f/session\"; done\nchown -R 65534 \"$top\"\necho \"$top\" >" + list + "\nexec ssh \"$@\"\n",
      0755);
  Program program(rstap({"--ssh", ssh, "-e", "probe begin { exit() }"}));
  EXPECT_EQ(program.wait_exit(), 1) << program.captured();
  EXPECT_NE(program.err().find("File exists"), std::string::npos) << program.captured();
  EXPECT_FALSE(std::filesystem::exists(mark));
  std::string top = read_file(list);
  ASSERT_TRUE(top.starts_with(scratch_.tmp() + "/rstap-build-")) << top;
  top.pop_back();
  for (const char* file : {"/b/session", "/gone/session"}) EXPECT_TRUE(std::filesystem::exists(top + file));
  std::filesystem::remove_all(top);
}

// While files are sent, before, and after: each moment of a build by its own.
TEST_F(RstapBuildHost, TheClientMayBeKilledAtAnyMoment) {
  const std::string script = stap_.one();
  for (int milliseconds = 0; milliseconds < 1'000; milliseconds += 40) {
    SCOPED_TRACE(milliseconds);
    Program program(rstap({script}));
    (void)program.wait_gone(Bound(milliseconds));
    program.send_signal(SIGKILL);
    (void)program.wait_exit();
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace stapsh::real
