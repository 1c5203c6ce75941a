// SPDX-License-Identifier: Apache-2.0
// The built agent with lines that name a user for a runner: what the runner is, what it can reach, and that nothing of
// it stays.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <regex>

#include "harness/agent_test.h"
#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

using Words = std::vector<std::string>;

// daemon and games are users of every Debian; nobody's session has them.
const std::string kUser = "daemon";
const std::string kCaps = " caps=bpf,perfmon";

/// A user's that is nobody else's, also not of tests that run beside this one.
std::string id_of_this_test() { return std::to_string(1'000'000'000 + ::getpid()); }

/// What is behind `name` in the text of a /proc/PID/status, with single blanks.
std::string field(const std::string& status, const std::string& name) {
  std::smatch found;
  if (!std::regex_search(status, found, std::regex("(?:^|\n)" + name + ":\\s*([^\n]*)"))) return "no " + name;
  return std::regex_replace(found[1].str(), std::regex("\\s+"), " ");
}

void expect_lowered(const std::string& status, const std::string& id, const std::string& capabilities) {
  const std::string four = id + " " + id + " " + id + " " + id;
  EXPECT_EQ(field(status, "Uid"), four);
  EXPECT_EQ(field(status, "Gid"), four);
  EXPECT_EQ(field(status, "NoNewPrivs"), "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(field(status, set), capabilities) << set;
  }
}

const std::string kBpfAndPerfmon = "000000c000000000";

class AgentPrivileges : public AgentTest {
 protected:
  AgentPrivileges() : folder_(scratch_.make_folder("etc-stapsh")) {
    mounts_.policy_folder(folder_);
    // As /tmp is, which it stands for: another user may go through it.
    for (const std::string& path : {scratch_.root(), scratch_.tmp()}) EXPECT_EQ(::chmod(path.c_str(), 0711), 0);
  }

  void set_policy(const std::string& text) const { scratch_.write("etc-stapsh/policy", text); }
  /// bpftrace is a shell's script; its -V is a version.
  void set_runner(const std::string& text) {
    mounts_.replace(
        "/usr/bin/bpftrace",
        scratch_.write("runner", "#!/bin/sh\n[ \"$1\" = -V ] && echo bpftrace v0.17.0 && exit\n" + text, 0755));
  }
  std::string output(const std::string& commands, const Words& words = {"--grace", "5"}) const {
    const Session session = talk(agent(Input::kPipe, words), "stap 5.6\noption data\noption exit\n" + commands);
    return text_of(session.out) + session.err;
  }
  /// Of frames and lines: the text of frames, and the lines as they are.
  static std::string text_of(std::string out) {
    return std::regex_replace(out, std::regex("data std(out|err) [0-9]+\n"), "");
  }
  static std::string run(const std::string& text = "./a.bt") { return "file 3 a.bt\nabcrun " + text + "\n"; }

  const std::string folder_;
};

TEST_F(AgentPrivileges, TheRunnerIsThatUserWithTheseCapabilitiesAndNoMore) {
  set_runner(
      "cat /proc/self/status; awk 1 \"$1\"; echo; echo \"HOME=$HOME TMPDIR=$TMPDIR USER=$USER\"; env | grep -c "
      "SECRET\n");
  set_policy("allow runner=bpftrace user=" + kUser + kCaps + "\n");
  ProgramOptions how = agent(Input::kPipe, {});
  how.env.push_back("SECRET=of the agent's");
  const Session session = talk(how, "stap 5.6\noption data\n" + run());
  expect_lowered(session.out, "1", kBpfAndPerfmon);
  EXPECT_NE(session.out.find("abc\n"), std::string::npos) << session.out;
  EXPECT_TRUE(std::regex_search(session.out,
                                std::regex("HOME=(/\\S+/stapsh\\.\\w{10}/\\.own) TMPDIR=\\1 USER=daemon\n(.*\n)?0\n")))
      << session.out;
}

TEST_F(AgentPrivileges, ItChangesNothingThatWasSentNorAnythingOfTheAgents) {
  set_runner(
      "agent=$(awk '/^PPid/ { print $2 }' /proc/$$/status)\n"
      "try() { if \"$@\" > /dev/null 2>&1; then echo \"could $*\"; else echo \"could not $1\"; fi; }\n"
      "try touch a.bt; try rm a.bt; try mkdir new; try chmod 777 a.bt; try ls .; try flock -n . true\n"
      "try kill -0 $agent; try cat /proc/$agent/environ; try ls /proc/$agent/fd; try cat /proc/$agent/maps\n"
      "try tee -a /proc/$agent/oom_score_adj; try touch /etc/x; try su -c true; try cat /etc/stapsh/policy\n"
      "touch $TMPDIR/own && echo wrote its own; mkdir -m 0 $TMPDIR/deep\n");
  set_policy("allow runner=bpftrace user=" + kUser + "\n");
  ASSERT_EQ(::chmod((folder_ + "/policy").c_str(), 0600), 0);
  const std::string said = output(run());
  EXPECT_EQ(said.find("could /"), std::string::npos) << said;
  EXPECT_EQ(said.find("could t"), std::string::npos) << said;
  static const std::regex kNot("could not ");
  EXPECT_EQ(std::distance(std::sregex_iterator(said.begin(), said.end(), kNot), std::sregex_iterator()), 14) << said;
  EXPECT_NE(said.find("wrote its own\n"), std::string::npos) << said;
  EXPECT_NE(said.find("exit 0\n"), std::string::npos) << said;
}

// The agent is root and may signal it, whatever it ignores; another user may not.
TEST_F(AgentPrivileges, ItIsStoppedAsAnyRunnerIs) {
  set_runner(
      "trap '' HUP INT TERM\necho ready $$\nexec setsid sh -c 'trap \"\" HUP INT TERM; echo inner $$; while :; do read "
      "x < /dev/zero; done'\n");
  set_policy("allow runner=bpftrace user=" + kUser + "\n");
  Program stapsh(agent(Input::kPipe, {"--grace", "0.2"}));
  ASSERT_TRUE(stapsh.write("stap 5.6\noption data\noption exit\n" + run()));
  ASSERT_TRUE(stapsh.wait_for_out("inner "));
  std::smatch pid;
  const std::string out = stapsh.out();
  ASSERT_TRUE(std::regex_search(out, pid, std::regex("inner ([0-9]+)")));
  Program other(options({"/usr/bin/setpriv", "--reuid", "games", "--clear-groups", "/bin/kill", pid[1]}));
  EXPECT_NE(other.wait_exit(), 0);
  stapsh.close_input();
  (void)stapsh.wait_exit();
  EXPECT_NE(::kill(std::stoi(pid[1]), 0), 0);
}

// The guardian does what the agent would have done.
TEST_F(AgentPrivileges, NothingStaysOfItWhenTheAgentIsKilled) {
  set_runner("touch $TMPDIR/own; echo ready; exec sleep 1000\n");
  set_policy("allow runner=bpftrace user=" + kUser + "\n");
  Program stapsh(agent(Input::kPipe, {"--grace", "0.2"}));
  ASSERT_TRUE(stapsh.write("stap 5.6\noption data\n" + run()));
  ASSERT_TRUE(stapsh.wait_for_out("ready\n"));
  stapsh.send_signal(SIGKILL);
  (void)stapsh.wait_exit();
  expect_nothing_left();
}

// A user of this test's own, one of whose processes stops all others of that user, as fast as it can: also the child
// that is about to become the runner.
class AgentOfAHostileUser : public AgentPrivileges {
 protected:
  AgentOfAHostileUser() {
    mounts_.replace("/etc/passwd", scratch_.write("passwd", "root:x:0:0::/root:/bin/sh\nhostile:x:" + user_ + ":" +
                                                                user_ + "::/:/bin/sh\n"));
    set_runner("exec sleep 1000\n");
    set_policy("allow runner=bpftrace user=hostile\n");
  }
  ProgramOptions stopper() const {
    return options({"/usr/bin/setpriv", "--reuid", user_, "--regid", user_, "--clear-groups", "/bin/sh", "-c",
                    "while :; do kill -STOP -1; echo; done 2> /dev/null"});
  }
  enum class Others { kExist, kNone };
  /// Until the user has processes beside the stopper, or none; a zombie is none.
  void wait_for(Others others, const Program& stopper) const {
    const std::string there =
        "ps -o pid= -o stat= -U " + user_ + " | grep -v Z | grep -qvw " + std::to_string(stopper.pid());
    const std::string word = others == Others::kExist ? "until " : "while ";
    Program wait(options({"/bin/sh", "-c", word + there + "; do :; done"}));
    EXPECT_EQ(wait.wait_exit(), 0);
  }
  /// Who is stopped stays so.
  static void end(Program& stopper) {
    stopper.send_signal(SIGKILL);
    EXPECT_TRUE(stopper.wait_gone());
  }

  // It stops all processes of that user.
  const std::string user_ = id_of_this_test();
};

TEST_F(AgentOfAHostileUser, IsStoppedAsAnyAgentIs) {
  Program stopper(this->stopper());
  ASSERT_TRUE(stopper.wait_for_out("\n"));
  Program stapsh(agent(Input::kPipe, {"--grace", "0.2"}));
  ASSERT_TRUE(stapsh.write("stap 5.6\noption data\noption exit\n" + run()));
  wait_for(Others::kExist, stopper);
  stapsh.send_signal(SIGTERM);
  EXPECT_NE(stapsh.wait_exit(), -1);
  end(stopper);
}

TEST_F(AgentOfAHostileUser, LeavesNothingWhenItIsKilled) {
  Program stopper(this->stopper());
  ASSERT_TRUE(stopper.wait_for_out("\n"));
  Program stapsh(agent(Input::kPipe, {"--grace", "0.2"}));
  ASSERT_TRUE(stapsh.write("stap 5.6\noption data\noption exit\n" + run()));
  wait_for(Others::kExist, stopper);
  stapsh.send_signal(SIGKILL);
  EXPECT_TRUE(stapsh.wait_gone());
  wait_for(Others::kNone, stopper);
  end(stopper);
}

TEST_F(AgentPrivileges, WhatCantBeIsRefused) {
  set_runner("echo it ran\n");
  const auto refused = [&](const std::string& policy) {
    set_policy(policy);
    const std::string said = output(run() + "quit\n");
    EXPECT_EQ(said.find("it ran"), std::string::npos) << said;
    std::smatch why;
    return std::regex_search(said, why, std::regex("ERROR: refused: ([^\n]*)\n")) ? why[1].str() : said;
  };
  EXPECT_EQ(refused("\nallow runner=bpftrace user=nosuch" + kCaps + "\nallow\n"),
            "policy: /etc/stapsh/policy: line 2: user=nosuch: no such user in /etc/passwd");
  EXPECT_EQ(refused("allow runner=bpftrace user=root" + kCaps + "\nallow\n"),
            "policy: /etc/stapsh/policy: line 1: user=root: is root; name a user of its own");
  EXPECT_EQ(refused("allow runner=bpftrace user=" + kUser + " caps=bpv\nallow\n").substr(0, 75),
            "policy: /etc/stapsh/policy: line 1, column 40: caps=: 'bpv' is no capabilit");
  EXPECT_EQ(refused("allow user=" + kUser + "\nallow\n"),
            "policy: /etc/stapsh/policy: line 1, column 1: user= is for runner=stapbpf, stapdyn and bpftrace: staprun "
            "loads a module, for which it must be root");
}

// A line for another user is none for who can't become it, and no later line takes its place.
TEST_F(AgentPrivileges, AnAgentThatIsNotRootRefuses) {
  set_runner("echo it ran\n");
  set_policy("allow runner=bpftrace user=games\nallow\n");
  const auto said_by = [&](const Words& starter) {
    Words words = starter;
    words.push_back(agent_program());
    ProgramOptions how = options(words, &mounts_, {"TMPDIR=/tmp"});
    how.cwd = "/";
    how.input = Input::kPipe;
    return talk(how, "stap 5.6\noption data\n" + run() + "quit\n").out;
  };
  const std::string not_root =
      "ERROR: refused: policy line 1: user=games: the agent is not root, and can't run anything as another user\n";
  EXPECT_EQ(said_by({"/usr/bin/setpriv", "--reuid", kUser, "--clear-groups"}), "OK\n" + not_root + not_root + "quit\n");
  for (const std::string lacking : {"setpcap", "kill", "dac_override", "fowner"}) {
    const std::string error =
        "ERROR: refused: policy line 1: user=games: the agent lacks the capabilities for it: " + lacking + "\n";
    EXPECT_EQ(said_by({"/usr/bin/setpriv", "--bounding-set", "-" + lacking}), "OK\n" + error + error + "quit\n");
  }
}

// As in the sandbox of the packaged units, which hold that one back.
TEST_F(AgentPrivileges, AnAgentNeedsNoRightToGiveFilesAway) {
  set_runner(
      "stat -c 'own %u %g %a' $TMPDIR; stat -c 'sent %u %g %a' \"$1\"; mkdir -m 0 $TMPDIR/deep && "
      "mkdir -m 1777 $TMPDIR/sticky && touch $TMPDIR/sticky/x && echo made\n");
  set_policy("allow runner=bpftrace user=games\n");
  ProgramOptions how = options({"/usr/bin/setpriv", "--bounding-set", "-chown", agent_program()}, &mounts_,
                               {"TMPDIR=" + scratch_.tmp()});
  how.input = Input::kPipe;
  const Session session = talk(how, "stap 5.6\noption data\noption exit\noption proof\n" + run());
  EXPECT_EQ(text_of(session.out), "OK\nOK\nOK\nOK\nOK\nown 5 60 700\nsent 0 60 640\nmade\nclean\nexit 0\nquit\n");
}

TEST_F(AgentPrivileges, AUserInAGroupThatIsAsGoodAsRootIsRefused) {
  mounts_.replace("/etc/passwd", scratch_.write("passwd",
                                                "root:x:0:0::/root:/bin/sh\nfirst:x:4712:0::/:/bin/sh\n"
                                                "second:x:4713:4713::/:/bin/sh\nthird:x:4714:6::/:/bin/sh\n"
                                                "fourth:x:4715:4715::/:/bin/sh\nfifth:x:4716:4716::/:/bin/sh\n"));
  mounts_.replace("/etc/group", scratch_.write("group",
                                               "root:x:0:fourth\nshadow:x:42:second\ndisk:x:6:\n"
                                               "tracing:x:4712:fifth\n"));
  const auto check = [&](const std::string& user) {
    set_policy("allow runner=bpftrace user=" + user + "\n");
    Program stapsh(options({agent_program(), "--check-policy"}, &mounts_));
    (void)stapsh.wait_exit();
    return stapsh.out() + stapsh.err();
  };
  const auto error = [](const std::string& user, const std::string& group) {
    return "stapsh: /etc/stapsh/policy: line 1: user=" + user + ": is in group " + group +
           ", and that group is as good as root\n";
  };
  EXPECT_EQ(check("first"), error("first", "0"));
  EXPECT_EQ(check("second"), error("second", "shadow"));
  EXPECT_EQ(check("third"), error("third", "disk"));
  EXPECT_EQ(check("fourth"), error("fourth", "0"));
  EXPECT_EQ(check("fifth").find("as good as root"), std::string::npos);
}

TEST_F(AgentPrivileges, CheckPolicySaysAsWhom) {
  set_policy("allow runner=bpftrace user=" + kUser + " caps=perfmon,bpf\nallow runner=stapbpf user=games\n");
  const auto check = [&](const Words& more) {
    Words words{agent_program(), "--check-policy"};
    words.insert(words.end(), more.begin(), more.end());
    Program stapsh(options(words, &mounts_));
    (void)stapsh.wait_exit();
    return stapsh.out() + stapsh.err();
  };
  EXPECT_EQ(check({"--runner=bpftrace"}),
            "allowed: policy line 1: allow runner=bpftrace user=daemon caps=perfmon,bpf\n"
            "as daemon (uid 1, gid 1), with these capabilities alone: perfmon bpf\n");
  EXPECT_EQ(
      check({"--runner=stapbpf"}),
      "allowed: policy line 2: allow runner=stapbpf user=games\nas games (uid 5, gid 60), without capabilities\n");
  const std::string draft = scratch_.write("draft", "allow runner=bpftrace user=nosuch\n");
  EXPECT_EQ(check({draft}), "stapsh: " + draft + ": line 1: user=nosuch: no such user in /etc/passwd\n");
}

// The real runners, each with the fewest capabilities that its program needs. Their user is one of this test's own
// /etc/passwd, in the group that may execute stapbpf.
class RunnersWithFewCapabilities : public RemoteTest {
 protected:
  RunnersWithFewCapabilities() : folder_(scratch_.make_folder("etc-stapsh")) {
    mounts_.tracing();
    mounts_.policy_folder(folder_);
    struct stat stapbpf {};
    EXPECT_EQ(::stat("/usr/bin/stapbpf", &stapbpf), 0);
    mounts_.replace("/etc/passwd", scratch_.write("passwd",
                                                  "root:x:0:0:root:/root:/bin/sh\n"
                                                  "stapbpf:x:" +
                                                      id_ + ":" + id_ + "::/nonexistent:/usr/sbin/nologin\n"));
    mounts_.replace(
        "/etc/group",
        scratch_.write("group", "stapbpf:x:" + id_ + ":\nstapusr:x:" + std::to_string(stapbpf.st_gid) + ":stapbpf\n"));
  }
  void set_policy(const std::string& runner, const std::string& caps) const {
    scratch_.write("etc-stapsh/policy", "allow runner=" + runner + " user=stapbpf caps=" + caps + "\n");
  }
  /// Runs it until it has said `ready`; /proc/PID/status of the runner then.
  void expect_it_runs(const Words& words, const std::string& runner, const std::string& capabilities) {
    const Site& site = start_site(Via::kStapsh, agent_program());
    Words all{STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh"};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--remote", site.uri()});
    Program rstap(client(all));
    ASSERT_TRUE(rstap.wait_for_out("ready\n"));
    Program status(
        options({"/bin/sh", "-c", "for p in $(pgrep -u " + id_ + " -x " + runner + "); do cat /proc/$p/status; done"}));
    EXPECT_EQ(status.wait_exit(), 0);
    expect_lowered(status.out(), id_, capabilities);
    rstap.send_signal(SIGINT);
    EXPECT_EQ(rstap.wait_exit(), 0);
    EXPECT_NE(rstap.out().find("end\n"), std::string::npos) << rstap.captured();
  }
  const std::string folder_;
  // Its processes are found by it.
  const std::string id_ = id_of_this_test();
};

TEST_F(RunnersWithFewCapabilities, BpftraceWithBpfAndPerfmon) {
  set_policy("bpftrace", "bpf,perfmon");
  expect_it_runs(
      {"--bpftrace", "-e", "BEGIN { printf(\"ready\\n\"); } profile:hz:9 { @ = count(); } END { printf(\"end\\n\"); }"},
      "bpftrace", kBpfAndPerfmon);
}

TEST_F(RunnersWithFewCapabilities, BpftracesTracepointsWithDacReadSearch) {
  set_policy("bpftrace", "bpf,perfmon,dac_read_search");
  expect_it_runs({"--bpftrace", "-e",
                  "tracepoint:sched:sched_switch { if (@ == 0) { printf(\"ready\\n\"); } @ = 1; } "
                  "END { printf(\"end\\n\"); }"},
                 "bpftrace", "000000c000000004");
}

// stapbpf 4.8 crashes at its end where it can't write /dev/kmsg: here it may, as by a rule of udev's.
TEST_F(RunnersWithFewCapabilities, StapbpfWithBpfAndPerfmon) {
  const std::string log = scratch_.write("kmsg", "");
  ASSERT_EQ(::chmod(log.c_str(), 0666), 0);
  mounts_.replace("/dev/kmsg", log);
  set_policy("stapbpf", "bpf,perfmon");
  expect_it_runs(
      {"-r", stap_.kernel_build(), "--bpf", "-e",
       "global n probe begin { printf(\"ready\\n\") } probe timer.ms(100) { n++ } probe end { printf(\"end\\n\") }"},
      "stapbpf", kBpfAndPerfmon);
}

}  // namespace
}  // namespace stapsh::real
