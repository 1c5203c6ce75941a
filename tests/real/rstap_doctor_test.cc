// SPDX-License-Identifier: Apache-2.0
// `rstap doctor` against targets that are broken in one way each: it names the cause, and the command that mends it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

struct Broken {
  std::string way;      // Of a test's failure.
  std::string command;  // What reaches an agent, for exec:.
  std::string row;      // "tracefs   FAIL", as the table begins its line.
  std::string cause;
  std::string mend;
  bool works = false;
};

std::string in_own_mounts(const std::string& mount, const std::string& start = "exec /usr/bin/stapsh") {
  return "exec unshare -m --propagation private sh -c '" + mount + " && " + start + "'";
}

class RstapDoctor : public RemoteTest {
 protected:
  RstapDoctor() {
    mounts_.tracing();
    mounts_.replace("/usr/bin/stapsh", agent_program());
  }

  struct Said {
    int code;
    std::string out, err;
  };
  Said doctor(std::vector<std::string> words, const Site* site = nullptr) const {
    std::vector<std::string> all{STAPSH_CLIENT, "doctor"};
    all.insert(all.end(), words.begin(), words.end());
    ProgramOptions how = client(all, site);
    std::erase_if(how.env, [](const std::string& each) { return each.starts_with("RSTAP_OPTIONS="); });
    Program program(how);
    const int code = program.wait_exit();
    return {code, program.out(), program.err()};
  }
  /// One line begins with `row` and has `cause` in it, and `mend` follows.
  static void expect_row(const std::string& out, const std::string& row, const std::string& cause,
                         const std::string& mend) {
    const std::size_t line = ("\n" + out).find("\n" + row);
    ASSERT_NE(line, std::string::npos) << row << " is not in\n" << out;
    const std::size_t end = out.find('\n', line), next = out.find('\n', end + 1);
    EXPECT_NE(out.substr(line, end - line).find(cause), std::string::npos) << out;
    const std::string below = out.substr(end, next - end);
    EXPECT_NE(below.find(mend), std::string::npos) << out;
  }
  void expect_found(const std::vector<Broken>& all, const std::string& script) const {
    for (const Broken& each : all) {
      SCOPED_TRACE(each.way);
      const Said said = doctor({"--remote", "exec:" + each.command, script});
      EXPECT_EQ(said.code, each.works ? 0 : 1) << said.out << said.err;
      EXPECT_NE(said.out.find(each.works ? " would work\n" : " would not work\n"), std::string::npos) << said.out;
      expect_row(said.out, each.row, each.cause, each.mend);
    }
  }

  const std::string program_ = scratch_.write("hello.bt", "BEGIN { exit(); }\n");
};

TEST_F(RstapDoctor, SaysOfAWellTargetThatARunWouldWork) {
  const Said said = doctor({"--remote", "stapsh:", program_});
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(said.out.find("FAIL"), std::string::npos) << said.out;
  expect_row(said.out, "agent     ok", "stapsh 5.6", "");
  expect_row(said.out, "runner    ok", "bpftrace 0.17.0", "");
  expect_row(said.out, "tracefs   ok", "mounted", "");
  expect_row(said.out, "rights    ok", "uid 0", "");
  EXPECT_TRUE(said.out.ends_with("stapsh: a run of " + program_ + " would work\n")) << said.out;
  const Said json = doctor({"--remote", "stapsh:", "--format=json", program_});
  EXPECT_TRUE(json.out.starts_with(R"({"target":"stapsh","uri":"stapsh:","works":true,"agent":"stapsh 5.6",)"))
      << json.out;
  EXPECT_TRUE(json.out.ends_with("]}\n")) << json.out;
}

TEST_F(RstapDoctor, ItsJsonIsWhatTheSchemaSays) {
  const Said said = doctor({"--remote", "stapsh:", "--remote", "exec:exit 127", "--format=json", program_});
  EXPECT_EQ(said.code, 1);
  ProgramOptions how = options({"/usr/bin/python3", "-c",
                                "import json, jsonschema, sys\n"
                                "schema = json.load(open(sys.argv[1]))\n"
                                "jsonschema.Draft7Validator.check_schema(schema)\n"
                                "for line in sys.stdin:\n"
                                "  each = json.loads(line)\n"
                                "  jsonschema.validate(each, schema)\n"
                                "  print(each['target'], each['works'])\n",
                                STAPSH_DOCTOR_SCHEMA});
  how.input = ProgramOptions::Input::kPipe;
  Program validate(how);
  ASSERT_TRUE(validate.write(said.out));
  validate.close_input();
  EXPECT_EQ(validate.wait_exit(), 0) << validate.captured();
  EXPECT_EQ(validate.out(), "stapsh True\nexec:exit 127 False\n");
}

TEST_F(RstapDoctor, EqualAnswersStandOnce) {
  const Site& site = start_site(Via::kSsh, agent_program());
  const Said said = doctor({"--remote", "h[0-3]", "--remote", "exec:exit 127", program_}, &site);
  EXPECT_EQ(said.code, 1);
  expect_row(said.out, "agent     ok    h[0-3] ", "stapsh 5.6", "");
  EXPECT_NE(said.out.find("\nh[0-3]: a run of " + program_ + " would work\n"), std::string::npos) << said.out;
  EXPECT_TRUE(said.out.ends_with(": it would not\n")) << said.out;
}

TEST_F(RstapDoctor, NamesWhyAnSshTargetIsNotReached) {
  const std::string other_key = scratch_.path("other_key");
  Program keygen(options({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other_key}));
  ASSERT_EQ(keygen.wait_exit(), 0);
  const std::string key = read_file(other_key + ".pub");
  const std::string known = scratch_.write("known_other", "wrong " + key);
  const Site& site = start_site(Via::kSsh, agent_program(),
                                {.client_lines = {"Host h1", "  HostName 127.0.0.1", "  Port 1", "  User root",  //
                                                  "Host h2", "  HostKeyAlias wrong", "  UserKnownHostsFile " + known,
                                                  "  StrictHostKeyChecking yes",                   //
                                                  "Host h3", "  IdentityFile " + other_key,        //
                                                  "  IdentityAgent none", "  IdentitiesOnly yes",  //
                                                  "Host h4", "  HostName no-such-host.invalid",    //
                                                  "Host h5", "  ProxyCommand sleep 1000"}});
  const auto expect = [&](const char* host, const std::vector<std::string>& more, const char* cause, const char* mend) {
    SCOPED_TRACE(host);
    std::vector<std::string> words{"--remote", host, program_};
    words.insert(words.end(), more.begin(), more.end());
    const Said said = doctor(words, &site);
    EXPECT_EQ(said.code, 1);
    expect_row(said.out, std::string("way in    FAIL  ") + host, cause, mend);
  };
  expect("h1", {}, "Connection refused", "there: systemctl start ssh");
  expect("h2", {}, "Host key verification failed", "here: ssh-keygen -R");
  expect("h4", {}, "Could not resolve", "here: getent hosts");
  expect("h5", {"--connect-timeout=1"}, "within the connect timeout", "here: ssh -v h5 true");
}

TEST_F(RstapDoctor, AKeyThatIsNotWantedThere) {
  scratch_.write("no_keys", "");
  const Site& site =
      start_site(Via::kSsh, agent_program(), {.server_lines = {"AuthorizedKeysFile " + scratch_.path("no_keys")}});
  const Said said = doctor({"--remote", "h0", program_}, &site);
  EXPECT_EQ(said.code, 1);
  expect_row(said.out, "way in    FAIL  h0", "Permission denied (publickey)", "here: ssh-copy-id h0");
}

TEST_F(RstapDoctor, NamesWhatIsWrongWithAnAgent) {
  const Site& site = start_site(Via::kSsh, agent_program());
  const std::string plain = scratch_.write("stapsh-plain", "#!/bin/sh\n", 0644);
  const std::string noise = scratch_.write("noise", "#!/bin/sh\necho This account is not available.\nexit 1\n", 0755);
  const std::string garbage = scratch_.write(
      "garbage", "#!/bin/sh\nread line\necho stapsh 5.6 x86_64 6.1\nwhile read line; do echo dance; done\n", 0755);
  const auto expect = [&](const std::string& agent, const char* cause, const char* mend) {
    SCOPED_TRACE(agent);
    const Said said = doctor({"--remote", "h0", "--stapsh", agent, program_}, &site);
    EXPECT_EQ(said.code, 1);
    expect_row(said.out, "agent     FAIL  h0", cause, mend);
  };
  expect("/usr/bin/no-such-stapsh", "no stapsh on the target", "here: add --bootstrap");
  expect(plain, "ermission denied", "there: chmod a+rx");
  expect(noise, "This account is not available.", "here: ssh h0 true, which must print nothing");
  expect(garbage, "'dance', which is no line of the protocol here", "here: add --bootstrap");
  expect("/usr/lib/systemtap/stapsh", "its stapsh is systemtap's (4.8)", "here: add --bootstrap");
}

TEST_F(RstapDoctor, OfSystemtapsAgentTheMachineIsNotKnown) {
  const Said said = doctor({"--remote", "exec:/usr/lib/systemtap/stapsh"});
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  expect_row(said.out, "tracefs   ?", "not known (systemtap's agent)", "");
}

TEST_F(RstapDoctor, NamesWhatTheMachineLacks) {
  const std::string denied = scratch_.write("bpftrace", "#!/bin/sh\n", 0644);
  expect_found(
      {
          {"no tracefs", in_own_mounts("umount -l /sys/kernel/debug; umount -l /sys/kernel/tracing; :"),
           "tracefs   FAIL", "not mounted", "there: mount -t tracefs tracefs /sys/kernel/tracing"},
          {"no BTF", in_own_mounts("mount -t tmpfs none /sys/kernel/btf"), "btf       WARN",
           "no /sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF", true},
          {"no bpftrace",
           in_own_mounts("mount -t tmpfs none /opt && mkdir /opt/u /opt/w && touch /opt/no && "
                         "mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=/opt/u,workdir=/opt/w "
                         "/usr/bin && rm /usr/bin/bpftrace && mount --bind " +
                         agent_program() + " /usr/bin/stapsh"),
           "runner    FAIL", "it has no bpftrace", "there: apt-get install bpftrace"},
          {"bpftrace not executable", in_own_mounts("mount --bind " + denied + " /usr/bin/bpftrace"), "runner    FAIL",
           "may not execute bpftrace", "there: chmod a+rx"},
          {"an unprivileged user", "exec setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR=/tmp stapsh",
           "rights    FAIL", "need root, or CAP_BPF and CAP_PERFMON", "connect as root"},
          {"root without capabilities", "exec setpriv --bounding-set=-all --inh-caps=-all stapsh", "rights    FAIL",
           "without CAP_SYS_ADMIN", "--privileged"},
          {"a work folder that is full",
           in_own_mounts("mount -t tmpfs -o size=4k none /mnt && head -c 4096 /dev/zero > /mnt/x; export TMPDIR=/mnt"),
           "folder    FAIL", "/mnt: full", "there: df -h /mnt"},
          {"a work folder without names", in_own_mounts("mount -t tmpfs -o nr_inodes=1 none /mnt; export TMPDIR=/mnt"),
           "folder    FAIL", "/mnt: full", "df -i /mnt"},
          {"a work folder that is read-only", in_own_mounts("mount -t tmpfs -o ro none /mnt; export TMPDIR=/mnt"),
           "folder    FAIL", "/mnt: its user may not write there", "another TMPDIR"},
          {"a work folder without execution", in_own_mounts("mount -t tmpfs -o noexec none /mnt; export TMPDIR=/mnt"),
           "folder    WARN", "/mnt: noexec", "there: mount -o remount,exec /mnt", true},
          {"no agent", "exec /usr/bin/no-such-stapsh", "agent     FAIL", "", "here: add --bootstrap"},
      },
      program_);
}

TEST_F(RstapDoctor, ItReadsOfAScriptWhatItNeedsOfTheKernel) {
  const std::string no_types = "exec:" + in_own_mounts("mount -t tmpfs none /sys/kernel/btf");
  const std::string by_types = scratch_.write("types.bt", "kfunc:vfs_read { exit(); }\n");
  const Said types = doctor({"--remote", no_types, by_types});
  EXPECT_EQ(types.code, 1);
  expect_row(types.out, "btf       FAIL", "no kfunc probes", "CONFIG_DEBUG_INFO_BTF");
  const bool has_kprobes = std::filesystem::exists("/sys/bus/event_source/devices/kprobe");
  const std::string by_name = scratch_.write("function.bt", "kprobe:vfs_read { exit(); }\n");
  const Said function = doctor({"--remote", "stapsh:", by_name});
  EXPECT_EQ(function.code, has_kprobes ? 0 : 1) << function.out;
  expect_row(function.out, has_kprobes ? "kprobes   ok" : "kprobes   FAIL", has_kprobes ? "on" : "attaches", "");
  const Said other = doctor({"--remote", "stapsh:", program_});
  expect_row(other.out, "kprobes   ok", has_kprobes ? "on" : "names no function", "");
}

TEST_F(RstapDoctor, NamesAPolicyThatRefuses) {
  const std::string folder = scratch_.make_folder("etc-stapsh");
  mounts_.policy_folder(folder);
  scratch_.write("etc-stapsh/policy", "deny runner=bpftrace\n");
  const Said refused = doctor({"--remote", "stapsh:", program_});
  EXPECT_EQ(refused.code, 1);
  expect_row(refused.out, "policy    FAIL  stapsh", "refused: policy line 1: deny runner=bpftrace",
             "there: stapsh --check-policy");
  scratch_.write("etc-stapsh/policy", "what is this\n");
  for (const std::vector<std::string>& script : {std::vector<std::string>{}, {program_}}) {
    std::vector<std::string> words{"--remote", "stapsh:"};
    words.insert(words.end(), script.begin(), script.end());
    const Said broken = doctor(words);
    EXPECT_EQ(broken.code, 1);
    expect_row(broken.out, "policy    FAIL  stapsh", "", "there: stapsh --check-policy");
  }
}

TEST_F(RstapDoctor, NamesTheHeadersThatABuildLacks) {
  const std::string agent =
      scratch_.write("other", "#!/bin/sh\n/usr/bin/stapsh | sed -u '1s/[^ ]*$/6.99.0-none/'\n", 0755);
  const Said said = doctor({"--remote", "exec:" + agent, stap_.one()});
  EXPECT_EQ(said.code, 1);
  expect_row(said.out, "headers   FAIL  here", "none for 6.99.0-none",
             "here: apt-get install linux-headers-6.99.0-none");
  const Said built = doctor({"--remote", "stapsh:", "-r", stap_.kernel_build(), "--bpf", stap_.one()});
  EXPECT_EQ(built.code, 0) << built.out << built.err;
  expect_row(built.out, "headers   ok    here", "for ", "");
}

TEST_F(RstapDoctor, NamesAStaprunOfTheOtherSideOfFive) {
  mounts_.replace(
      "/usr/bin/staprun",
      scratch_.write("staprun", "#!/bin/sh\necho 'Systemtap module loader/runner (version 5.1/0.190, rpm 5.1-1)'\n",
                     0755));
  const Said said = doctor({"--remote", "stapsh:", "-r", stap_.module_build(), stap_.one()});
  EXPECT_EQ(said.code, 1);
  expect_row(said.out, "runner    FAIL  stapsh", "its staprun is 5.1", "there: apt-get install systemtap-runtime");
}

// It talks before the agent does, and that does no harm.
TEST_F(RstapDoctor, ALoginShellThatPrintsNoise) {
  const Said said = doctor({"--remote", "exec:echo Welcome; echo to web01; exec /usr/bin/stapsh", program_});
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  expect_row(said.out, "agent     ok", "stapsh 5.6", "");
}

TEST_F(RstapDoctor, NamesAScriptOfTheOtherKind) {
  const std::string script = scratch_.write("other.stp", "kprobe:vfs_read { @[comm] = count(); }\n");
  const Said said = doctor({"--remote", "stapsh:", "-r", stap_.kernel_build(), "--bpf", script});
  EXPECT_EQ(said.code, 1);
  expect_row(said.out, "build     FAIL  stapsh", "", "--bpftrace");
}

TEST_F(RstapDoctor, ATargetWithoutAnAgentIsBroughtOne) {
  const Site& site = start_site(Via::kSsh, "/bin/false");
  const Said said = doctor({"--remote", "h0", "--bootstrap", program_}, &site);
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  expect_row(said.out, "agent     ok    h0", "stapsh 5.6", "");
}

TEST_F(RstapDoctor, RefusesWhatMakesNoSense) {
  const auto expect = [&](const std::vector<std::string>& words, const char* why) {
    const Said said = doctor(words);
    EXPECT_EQ(said.code, 2);
    EXPECT_NE(said.err.find(why), std::string::npos) << said.err;
  };
  expect({program_}, "doctor needs a --remote or an --inventory");
  expect({"--remote", "stapsh:", "--record=x", program_}, "doctor runs nothing, and --record would replace");
  expect({"--remote", "stapsh:", "-l", "syscall.*"}, "lists probes: doctor knows no such");
}

}  // namespace
}  // namespace stapsh::real
