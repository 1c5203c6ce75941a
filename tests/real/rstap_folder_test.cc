// SPDX-License-Identifier: Apache-2.0
// Builds run where the person is: what a script, its arguments and stap's options name relatively is found as stap
// alone finds it, and the folder is as it was afterwards.
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

class RstapFolder : public RemoteTest {
 protected:
  RstapFolder() {
    mounts_.tracing().replace("/usr/bin/stapsh", agent_program());
    scratch_.make_folder("here/tap");
    scratch_.copy_program(STAPSH_UPROBE_TARGET, "here/ticker");
    scratch_.write("here/tap/seven.stp", "function seven() { return 7 }\n");
  }

  std::string here(const std::string& name) const { return scratch_.path("here/" + name); }

  ProgramOptions in_folder(std::vector<std::string> words) const {
    ProgramOptions how = client(std::move(words));
    how.cwd = scratch_.path("here");
    return how;
  }

  ProgramOptions rstap(std::vector<std::string> words, const std::string& kernel_build = "") const {
    std::vector<std::string> all{STAPSH_CLIENT,
                                 "--stapsh",
                                 "/usr/bin/stapsh",
                                 "--bpf",
                                 "-w",
                                 "-r",
                                 kernel_build.empty() ? stap_.kernel_build() : kernel_build};
    all.insert(all.end(), words.begin(), words.end());
    return in_folder(all);
  }

  /// What the script said: the program says its pid, and a tick or two may come before the end.
  static std::set<std::string> said(const std::string& out) {
    std::set<std::string> lines;
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) {
      if (line.find_first_not_of("0123456789") != std::string::npos) lines.insert(line);
    }
    return lines;
  }

  std::set<std::string> files() const {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(scratch_.path("here"))) {
      all.insert(entry.path().string() + (entry.is_regular_file() ? "=" + read_file(entry.path()).substr(0, 80) : ""));
    }
    return all;
  }

  /// The same and the folder's time, which would say that something was there for a moment.
  std::set<std::string> seen() const {
    std::set<std::string> all = files();
    struct stat folder = {};
    if (::stat(scratch_.path("here").c_str(), &folder) != 0) throw HarnessError("the folder is gone");
    all.insert(std::to_string(folder.st_mtim.tv_sec) + "." + std::to_string(folder.st_mtim.tv_nsec));
    return all;
  }

  /// A stap that says "up" and waits until it is told to go on; it holds the third FIFO until it has ended.
  std::string held_stap(const std::string& what) const {
    for (const char* name : {"up", "go", "ended"}) {
      if (::mkfifo(scratch_.path(name).c_str(), 0600) != 0) throw HarnessError("mkfifo");
    }
    return scratch_.write("held-stap",
                          "#!/bin/sh\ntrap '' TERM\ncd " + scratch_.path("here") +
                              "\nexec 9>../ended\necho up > ../up\n" + "read -r go < ../go\n" + what + "\n",
                          0755);
  }
};

TEST_F(RstapFolder, RelativeWordsMeanWhatTheyMeanToStap) {
  struct Case {
    std::string script;
    std::vector<std::string> arguments;
  };
  const Case cases[] = {
      {"probe process(\"./ticker\").function(\"tick\") { println(\"tick\") exit() }", {}},
      {"probe process(\"ticker\").function(\"tick\") { println(\"tick\") exit() }", {}},
      {"probe process(@1).function(\"tick\") { println(@1) exit() }", {"./ticker"}},
      {"probe process(@1).function(\"tick\") { println(@1) exit() }", {"ticker"}},
      {"probe process.function(\"tick\") { println(\"tick\") exit() }", {}},
      {"probe begin { println(@1) println(@2) exit() }", {"tap/../ticker", "tap/seven.stp"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.script);
    // What is for the target is the target's: a session's folder has no program.
    const auto words = [&](const std::string& ticker) {
      std::vector<std::string> all{"-e", c.script, "-c", ticker + " 5 10"};
      all.insert(all.end(), c.arguments.begin(), c.arguments.end());
      return all;
    };
    std::vector<std::string> alone{"stap", "--bpf", "-w", "-r", stap_.kernel_build()};
    for (const std::string& word : words("./ticker")) alone.push_back(word);
    Program stap(in_folder(alone));
    EXPECT_EQ(stap.wait_exit(), 0) << stap.captured();
    const std::set<std::string> before = seen();
    for (const std::string remote : {"direct:", "stapsh:"}) {
      SCOPED_TRACE(remote);
      std::vector<std::string> all{"--remote", remote};
      for (const std::string& word : words(remote == "direct:" ? "./ticker" : here("ticker"))) all.push_back(word);
      Program rstap(this->rstap(all));
      EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
      EXPECT_EQ(said(rstap.out()), said(stap.out())) << rstap.captured();
      EXPECT_FALSE(said(rstap.out()).empty()) << rstap.captured();
    }
    EXPECT_EQ(seen(), before);
  }
}

TEST_F(RstapFolder, ACommandHereHasTheFolderThePathAndTheInput) {
  const std::string command = "#!/bin/sh\necho \"$0\" in \"$(pwd)\"\ncat\n";
  scratch_.make_folder("here/bin");
  scratch_.write("here/bin/in-path", command, 0755);
  scratch_.write("here/by-name", command, 0755);
  const auto run = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{"/bin/sh", "-c", "PATH=$PWD/bin:$PATH; exec \"$@\"", "sh"};
    all.insert(all.end(), words.begin(), words.end());
    ProgramOptions how = in_folder(all);
    how.input = ProgramOptions::Input::kPipe;
    Program program(how);
    EXPECT_TRUE(program.write("what is read\n"));
    program.close_input();
    EXPECT_EQ(program.wait_exit(), 0) << program.captured();
    return program.out();
  };
  for (const std::string name : {"in-path", "./by-name", "echo two words; cat"}) {
    const std::vector<std::string> words{
        "--bpf", "-w", "-r", stap_.kernel_build(), "-e", "probe begin { println(\"up\") }", "-c", name};
    std::vector<std::string> stap{"stap"};
    stap.insert(stap.end(), words.begin(), words.end());
    const std::string want = run(stap);
    EXPECT_NE(want.find("what is read\n"), std::string::npos) << want;
    for (const std::string form : {"", "direct:", "direct://"}) {
      SCOPED_TRACE(name + " " + form);
      std::vector<std::string> rstap{STAPSH_CLIENT};
      if (!form.empty()) rstap.insert(rstap.end(), {"--remote", form});
      rstap.insert(rstap.end(), words.begin(), words.end());
      EXPECT_EQ(run(rstap), want);
    }
  }
}

TEST_F(RstapFolder, OptionsMayBeRelative) {
  const std::string build = here("kernel");
  fs::copy(stap_.kernel_build(), build, fs::copy_options::recursive);
  scratch_.write("here/seven.stp", "probe begin { println(seven()) exit() }\n");
  const std::set<std::string> before = seen();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--stap-arg=-Itap", "seven.stp"},
                                                {"-I", "tap", "./seven.stp"},
                                                {"-Itap", "-d", "./ticker", "seven.stp"}}) {
    for (const std::string folder : {"./kernel", "kernel/"}) {
      SCOPED_TRACE(words.front() + " " + folder);
      Program rstap(this->rstap(words, folder));
      EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
      EXPECT_EQ(rstap.out(), "7\n");
    }
  }
  EXPECT_EQ(seen(), before);
}

TEST_F(RstapFolder, FormsOfStapsReachTheirTargets) {
  const Site& listener = start_site(Via::kListen, agent_program());
  const Site& ssh = start_site(Via::kSsh, agent_program());
  const std::string socket = fs::relative(listener.uri().substr(std::string("unix:").size()), here("."));
  for (const std::string& form : {std::string("direct://"), std::string("stapsh://"), "unix:" + socket, ssh.uri(),
                                  "ssh://" + ssh.uri(), "ssh://root@" + ssh.uri()}) {
    SCOPED_TRACE(form);
    ProgramOptions how = rstap({"--remote", form, "--label", "-e", "probe begin { println(\"reached\") exit() }"});
    how.env.push_back(ssh.path());
    Program rstap(how);
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    const std::string name = form.substr(0, form == "direct://" || form == "stapsh://" ? 6 : form.size());
    EXPECT_EQ(rstap.out(), name + ": reached\n");
  }
}

// Their name is the module's, the kernels' builds run at the same time, and the person has such a file as well.
TEST_F(RstapFolder, KernelsBuiltAtOnceTouchNothing) {
  std::vector<std::string> words{"--dry-run", "-m", "probe", "-vv"};
  for (const std::string release : {"1.2.3-one", "1.2.3-two", "1.2.3-three"}) {
    for (const std::string& word : with_kernel(release)) words.push_back(word);
  }
  words.push_back(stap_.one());
  scratch_.write("here/probe.bo", "theirs");
  const std::set<std::string> before = seen();
  Program rstap(this->rstap(words));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(rstap.wait_for_err("rstap: 3 targets: 3 succeeded; all clean")) << rstap.captured();
  EXPECT_EQ(seen(), before);
}

TEST_F(RstapFolder, AModuleForTheKernelLeavesNothing) {
  scratch_.write("here/probe.ko", "theirs");
  scratch_.write("not-a-folder", "");
  const std::set<std::string> before = seen();
  const auto build = [&](const std::vector<std::string>& words, const std::string& cache) {
    std::vector<std::string> all{STAPSH_CLIENT, "-w", "--dry-run", "-r", stap_.module_build()};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"-e", "probe begin { exit() }"});
    ProgramOptions how = in_folder(all);
    how.env.push_back("SYSTEMTAP_DIR=" + scratch_.path(cache));
    Program rstap(how);
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  };
  build({}, "systemtap");
  build({}, "systemtap");  // From the cache.
  build({"-m", "probe", "-vv"}, "systemtap");
  build({"--stap-arg=--disable-cache"}, "systemtap");
  EXPECT_FALSE(fs::is_empty(scratch_.path("systemtap/cache")));
  EXPECT_EQ(seen(), before);
  const std::set<std::string> files_before = files();
  build({}, "not-a-folder/systemtap");
  EXPECT_EQ(files(), files_before);
}

// What stap reads by itself can say that the module is not for its cache.
TEST_F(RstapFolder, WhatStapsOwnConfigurationSaysLeavesNothing) {
  scratch_.write("here/probe.ko", "theirs");
  scratch_.make_folder("systemtap");
  const std::set<std::string> before = seen();
  for (const std::string words : {"-m probe", "--runtime=bpf", "--disable-cache", "-v"}) {
    SCOPED_TRACE(words);
    scratch_.write("systemtap/rc", words + "\n");
    ProgramOptions how =
        in_folder({STAPSH_CLIENT, "-w", "--dry-run", "-r", stap_.module_build(), "-e", "probe begin { exit() }"});
    how.env.push_back("SYSTEMTAP_DIR=" + scratch_.path("systemtap"));
    Program rstap(how);
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_EQ(seen(), before);
  }
  EXPECT_FALSE(fs::is_empty(scratch_.path("systemtap/cache"))) << "-v alone: it is for the cache";
}

// That there will be a copy is not known before, and its name has another process's number.
TEST_F(RstapFolder, AWrapperThatStaysLeavesNothing) {
  const std::string wrapper = scratch_.write("wrapper", "#!/bin/sh\nstap \"$@\"\n", 0755);
  const std::set<std::string> before = files();
  Program rstap(in_folder({STAPSH_CLIENT, "-w", "--stap", wrapper, "--stapsh", "/usr/bin/stapsh", "--remote",
                           "stapsh:", "--stap-arg=--run=bpf", "-e", "probe begin { printf(\"hello\\n\") exit() }"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(), "hello\n");
  EXPECT_EQ(files(), before);
}

// The client of systemtap 4.8 in what matters here: few machines have a server.
TEST_F(RstapFolder, ACompileServersModuleTouchesNothing) {
  scratch_.write("here/served-stap",
                 "#!/bin/sh\nfor word; do case $word in --tmpdir=*) tmpdir=${word#*=};; esac; done\n"
                 "for script; do :; done\ntest -f \"$script\" || exit 1\n"
                 "echo no module > $tmpdir/probe.ko\ncp $tmpdir/probe.ko probe.ko.m2Gje5\n"
                 "mv probe.ko.m2Gje5 probe.ko\necho probe.ko\n",
                 0755);
  scratch_.write("here/probe.ko", "theirs");
  scratch_.write("here/probe.stp", "probe begin { exit() }\n");
  const std::set<std::string> before = seen();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--use-server"},
                                                {"--use-server=localhost:1", "-m", "probe", "-vv"},
                                                {"--use-server-on-error=yes"},
                                                {"--stap-arg=--use-server"}}) {
    SCOPED_TRACE(words.back());
    std::vector<std::string> all{STAPSH_CLIENT, "--stap", "./served-stap", "--dry-run"};
    all.insert(all.end(), words.begin(), words.end());
    all.emplace_back("probe.stp");
    Program rstap(in_folder(all));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_TRUE(rstap.wait_for_err("would run staprun with probe.ko")) << rstap.captured();
    EXPECT_EQ(seen(), before);
  }
}

TEST_F(RstapFolder, ABuildWhoseClientWasKilledTouchesNothing) {
  scratch_.write("here/probe.bo", "theirs");
  const std::string stap = held_stap("exec stap \"$@\"");
  const std::set<std::string> before = seen();
  Program rstap(this->rstap({"--stap", stap, "-m", "probe", "-e", "probe begin { exit() }"}));
  Program ended(options({"cat", scratch_.path("ended")}));
  Program up(options({"cat", scratch_.path("up")}));
  ASSERT_TRUE(up.wait_for_out("up")) << rstap.captured();
  rstap.send_signal(SIGKILL);
  EXPECT_TRUE(rstap.wait_gone());
  Program go(options({"sh", "-c", "echo go > " + scratch_.path("go")}));
  EXPECT_EQ(ended.wait_exit(), 0) << "the build did not end";
  EXPECT_EQ(seen(), before);
  // Its folder is there for who looks for what a killed one left.
  for (const auto& entry : fs::directory_iterator(scratch_.tmp())) fs::remove_all(entry.path());
}

TEST_F(RstapFolder, FilesAreKeptForWhoAsks) {
  const std::set<std::string> before = seen();
  Program rstap(this->rstap({"-m", "probe", "--stap-arg=-k", "-e", "probe begin { exit() }"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string said = "are kept in ";
  const std::size_t at = rstap.err().find(said);
  ASSERT_NE(at, std::string::npos) << rstap.captured();
  const std::string folder = rstap.err().substr(at + said.size(), rstap.err().find('\n', at) - at - said.size());
  EXPECT_TRUE(fs::exists(folder + "/probe.bo")) << rstap.captured();
  fs::remove_all(folder);
  EXPECT_EQ(seen(), before);
}

}  // namespace
}  // namespace stapsh::real
