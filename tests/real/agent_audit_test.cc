// SPDX-License-Identifier: Apache-2.0
// The built agent with `log auth` in its policy, and a real journald, a syslog socket, or no log at all.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "harness/agent_test.h"
#include "harness/journal.h"

namespace stapsh::real {
namespace {

// Of "abc", as sha256sum has it.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class AgentAudit : public AgentTest {
 protected:
  AgentAudit() : folder_(scratch_.make_folder("etc-stapsh")), logs_(scratch_.make_folder("logs")) {
    mounts_.policy_folder(folder_);
    mounts_.log_folder(logs_);
  }

  void set_policy(const std::string& text) const { scratch_.write("etc-stapsh/policy", text); }
  void start_journal() {
    ASSERT_TRUE(journal_.start());
    oracle_.allow_helper(journal_.pid());
  }
  Session run(const std::string& commands, std::vector<std::string> words = {}) const {
    return talk(agent(Input::kPipe, std::move(words)), "stap 5.6\n" + commands);
  }
  /// An agent below strace, which does to it, and to nothing that it starts, what `words` say.
  ProgramOptions traced(const std::vector<std::string>& words) const {
    ProgramOptions how = agent();
    how.env.emplace_back("ASAN_OPTIONS=detect_leaks=0");  // The search for leaks starts a thread.
    std::vector<std::string> argv{"strace", "-qq", "-o", scratch_.path("strace")};
    argv.insert(argv.end(), words.begin(), words.end());
    argv.insert(argv.end(), {"--", agent_program()});
    how.argv = options(argv, &mounts_).argv;
    return how;
  }
  /// What `record` has in each of these fields.
  static std::string fields(const std::string& record, const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " | ") + Journal::field(record, name);
    return text;
  }

  const std::string folder_, logs_;
  Journal journal_{logs_, scratch_.environment(), new_mounts()};
};

TEST_F(AgentAudit, AJournalHasTheStartAndTheEndOfARun) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("allow as=oncall args=any\nlog auth\n");
  ProgramOptions how = agent(Input::kPipe, {"--as", "oncall"});
  how.env.push_back("SSH_CONNECTION=192.0.2.7 50112 192.0.2.1 22");
  const Session session = talk(how, "stap 5.6\nfile 3 a.ko\nabcoption session Abcdefghij\nrun say:hi exit:3\n");
  EXPECT_EQ(session.code, 3) << session.err;
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 2U) << testing::PrintToString(records);
  const std::vector<std::string> names{"STAPSH_EVENT", "STAPSH_WHO",         "STAPSH_PEER",    "STAPSH_RUNNER",
                                       "STAPSH_FILES", "STAPSH_POLICY_LINE", "STAPSH_ARGS",    "STAPSH_EXIT_CODE",
                                       "STAPSH_LEFT",  "PRIORITY",           "SYSLOG_FACILITY"};
  const std::string run = " | as=oncall | ssh 192.0.2.7 50112 | staprun | " + kAbc + "  a.ko | 1 | say:hi exit:3 | ";
  EXPECT_EQ(fields(records[0], names), "started" + run + " |  | 5 | 10");
  EXPECT_EQ(fields(records[1], names), "ended" + run + "3 | nothing | 5 | 10");
  EXPECT_NE(Journal::field(records[0], "STAPSH_SESSION"), "");
  EXPECT_EQ(Journal::field(records[0], "STAPSH_SESSION"), Journal::field(records[1], "STAPSH_SESSION"));
  // The kernel's word on who wrote it.
  EXPECT_EQ(Journal::field(records[0], "_PID"), Journal::field(records[1], "_PID"));
  EXPECT_EQ(Journal::field(records[0], "_UID"), "0");
}

TEST_F(AgentAudit, ARefusedFileIsLoggedOnce) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("log auth\ndeny runner=staprun\nallow\n");
  EXPECT_NE(run("file 3 m.ko\nabcrun ./m.ko\nquit\n").out.find("refused: policy line 2"), std::string::npos);
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 1U) << testing::PrintToString(records);
  EXPECT_EQ(fields(records[0], {"STAPSH_EVENT", "STAPSH_FILES"}), "refused | unknown  m.ko");
}

TEST_F(AgentAudit, VariablesOfARunAreThere) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("log auth\nallow\n");
  mounts_.replace("/usr/bin/bpftrace", STAPSH_FAKE_RUNNER);
  EXPECT_EQ(run("option env=BPFTRACE_STRLEN=3d64\nfile 3 a.bt\nabcrun ./a.bt\n").code, 0);
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 2U) << testing::PrintToString(records);
  for (const std::string& record : records) EXPECT_EQ(Journal::field(record, "STAPSH_ENV"), "BPFTRACE_STRLEN=64");
}

TEST_F(AgentAudit, ARefusalIsThere) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("log auth required\ndeny runner=staprun\n");
  EXPECT_NE(run("run say:hi\nquit\n").out.find("refused: policy line 2"), std::string::npos);
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 1U) << testing::PrintToString(records);
  EXPECT_EQ(fields(records[0], {"STAPSH_EVENT", "STAPSH_WHO", "STAPSH_REASON", "PRIORITY"}),
            "refused | uid=0 | policy line 2: deny runner=staprun | 4");
}

// A signal, and why it was stopped.
TEST_F(AgentAudit, AnEndSaysWhatEndedIt) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("log auth\nallow\n");
  (void)run("run die:9\n");
  Program program(agent());
  ASSERT_TRUE(program.write("stap 5.6\nrun say:on forever\n"));
  ASSERT_TRUE(program.wait_for_out("on\n"));
  program.send_signal(SIGTERM);
  (void)program.wait_exit();
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 4U) << testing::PrintToString(records);
  EXPECT_EQ(fields(records[1], {"STAPSH_EVENT", "STAPSH_EXIT_CODE", "STAPSH_SIGNAL"}), "ended | 137 | 9");
  EXPECT_EQ(fields(records[3], {"STAPSH_EVENT", "STAPSH_REASON"}), "ended | signal 15");
}

// What a client says is in the records, and makes none. A large one goes to journald in a memfd.
TEST_F(AgentAudit, NobodyForgesARecord) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("log auth\nallow\n");
  const std::string forged = "x\nMESSAGE=forged\nSYSLOG_IDENTIFIER=stapsh\nSTAPSH_EVENT=ended\n\nMESSAGE=more\n";
  // The kernel takes 131,071 bytes of an argument.
  for (const int times : {1, 9}) {
    std::string commands;
    for (int i = 0; i < times; ++i) {
      const std::string word = forged + std::string(times == 1 ? 0 : 100'000, 'y');
      commands += "arg " + std::to_string(word.size()) + "\n" + word;
    }
    const Session session = run(commands + "run exit:0\n");
    EXPECT_EQ(session.code, 0) << session.err << session.out;
  }
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 4U);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(Journal::field(records[i], "STAPSH_EVENT"), i % 2 == 0 ? "started" : "ended");
    EXPECT_TRUE(Journal::field(records[i], "MESSAGE").starts_with("run "));
    EXPECT_GE(Journal::field(records[i], "STAPSH_ARGS").size(), i < 2 ? forged.size() : 900'000U);
  }
}

TEST_F(AgentAudit, WithoutALogARunIsRefusedWhereItIsRequired) {
  set_policy("log auth required\nallow\n");
  const Session refused = run("run say:hi\nquit\n");
  EXPECT_EQ(refused.out,
            "ERROR: run: the run can't be logged: /run/systemd/journal/socket: No such file or directory; /dev/log: No "
            "such file or directory\n");
  const Session framed = run("option data\nrun say:hi\nquit\n");
  EXPECT_EQ(framed.out.find("hi"), std::string::npos) << framed.out;
  EXPECT_NE(framed.out.find("ERROR: run: the run can't be logged: "), std::string::npos) << framed.out;
  set_policy("log auth\nallow\n");
  const Session allowed = run("run say:hi\n");
  EXPECT_EQ(allowed.out, "OK\nhi\n");
  // Said once, not for start and end.
  const std::string said = "the run can't be logged: ";
  EXPECT_NE(allowed.err.find(said), std::string::npos) << allowed.err;
  EXPECT_EQ(allowed.err.find(said), allowed.err.rfind(said)) << allowed.err;
}

// It never was, so it has no end.
TEST_F(AgentAudit, WhatFindsNoProcessCouldNotStart) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  set_policy("log auth\nallow\n");
  const Session session = talk(traced({"-e", "inject=clone,clone3,fork,vfork:error=EAGAIN"}), "stap 5.6\nrun exit:0\n");
  EXPECT_NE(session.out.find("cannot fork"), std::string::npos) << session.out << session.err;
  const std::vector<std::string> records = journal_.records();
  ASSERT_EQ(records.size(), 1U) << testing::PrintToString(records);
  EXPECT_EQ(fields(records[0], {"STAPSH_EVENT", "STAPSH_EXIT_CODE", "STAPSH_LEFT"}), "failed |  | ");
  EXPECT_NE(Journal::field(records[0], "STAPSH_REASON").find("cannot fork"), std::string::npos);
}

// A socket in the place of syslogd's.
class AgentSyslog : public AgentAudit {
 protected:
  ~AgentSyslog() override { ::close(socket_); }
  void SetUp() override {
    AgentAudit::SetUp();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = logs_ + "/syslog";
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  /// Empty: there is none.
  std::string line() const {
    std::array<char, 10'000> buffer{};
    const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }
  static std::string decoys() {
    std::string commands;
    for (int i = 10; i < 72; ++i) commands += "file 3 d" + std::to_string(i) + std::string(180, 'd') + "\nabd";
    return commands;
  }

 private:
  const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST_F(AgentSyslog, NothingHidesWhatRan) {
  set_policy("log auth required\nallow\n");
  EXPECT_EQ(run(decoys() + "file 3 real.ko\nabcrun ./real.ko exit:0\n").code, 0);
  for (const std::string want : {"run started: ", "run ended: "}) {
    const std::string said = line();
    EXPECT_NE(said.find(want), std::string::npos) << said;
    EXPECT_NE(said.find(" files=\"" + kAbc + "  real.ko\" args=\"./real.ko exit:0\" other_files=\""), std::string::npos)
        << said;
    EXPECT_NE(said.find(" files_left_out=\""), std::string::npos) << said;
  }
}

TEST_F(AgentSyslog, WhatCanNotBeSaidDoesNotRunWhereItMustBe) {
  std::string run_line = "run say:hi";
  for (int i = 10; i < 72; ++i) run_line += " ./d" + std::to_string(i) + std::string(180, 'd');
  set_policy("log auth required\nallow\n");
  const Session refused = run(decoys() + run_line + "\nquit\n");
  EXPECT_EQ(refused.out.find("hi"), std::string::npos) << refused.out;
  EXPECT_NE(refused.out.find("ERROR: run: the run can't be logged: "), std::string::npos) << refused.out;
  EXPECT_NE(refused.out.find("are too long for a line of 8000 bytes"), std::string::npos) << refused.out;
  EXPECT_NE(line().find("run could not start: "), std::string::npos);
  EXPECT_EQ(line(), "");
  set_policy("log auth\nallow\n");
  EXPECT_NE(run(decoys() + run_line + "\n").out.find("hi"), std::string::npos);
  EXPECT_NE(line().find(" bytes more)"), std::string::npos);
}

TEST_F(AgentSyslog, ItGetsWhereThereIsNoJournal) {
  set_policy("log auth required\nallow\n");
  EXPECT_EQ(run("run exit:0 two=0alines\n").code, 0);
  for (const std::string want : {"run started: who=\"uid=0\" ", "run ended: who=\"uid=0\" "}) {
    const std::string said = line();
    EXPECT_TRUE(said.starts_with("<85>")) << said;
    EXPECT_NE(said.find(" stapsh["), std::string::npos) << said;
    EXPECT_NE(said.find("]: " + want), std::string::npos) << said;
    EXPECT_NE(said.find("\\\"two\\\\x0alines\\\""), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos);
  }
  EXPECT_EQ(line(), "");
}

// --- Whoever cleans up after a dead agent says that it ended.

class OrphanAudit : public AgentAudit {
 protected:
  OrphanAudit() { set_policy("log auth\nallow\n"); }
  std::vector<std::string> ends() const {
    std::vector<std::string> all = journal_.records();
    std::erase_if(all, [](const std::string& each) { return Journal::field(each, "STAPSH_EVENT") != "ended"; });
    return all;
  }
  /// An agent whose runner runs.
  std::unique_ptr<Program> start() const {
    auto program = std::make_unique<Program>(agent());
    EXPECT_TRUE(program->write("stap 5.6\nrun say:on forever\n"));
    EXPECT_TRUE(program->wait_for_out("on\n"));
    return program;
  }
  struct Stat {
    std::string name, state, parent;
  };
  static std::optional<Stat> stat_of(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string number;
    Stat stat;
    if (!(file >> number >> stat.name >> stat.state >> stat.parent)) return std::nullopt;
    return stat;
  }
  static bool is_dead(pid_t pid) {
    const std::optional<Stat> stat = stat_of(std::to_string(pid));
    return !stat || stat->state == "Z";
  }
  static pid_t guardian_of(pid_t agent) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string pid = entry.path().filename();
      if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::optional<Stat> stat = stat_of(pid);
      if (stat && stat->name.starts_with("(stapsh-guard") && stat->parent == std::to_string(agent)) {
        return std::stoi(pid);
      }
    }
    return -1;
  }
};

TEST_F(OrphanAudit, TheGuardianOfAKilledAgentLogsTheEnd) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  const auto program = start();
  program->send_signal(SIGKILL);
  ASSERT_TRUE(program->wait_ended());
  ASSERT_TRUE(becomes_true([&] { return !ends().empty(); }));
  const std::vector<std::string> records = ends();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(fields(records[0], {"STAPSH_WHO", "STAPSH_RUNNER", "STAPSH_POLICY_LINE", "STAPSH_LEFT", "STAPSH_BY"}),
            "uid=0 | staprun | 2 | nothing | guardian");
  EXPECT_EQ(Journal::field(records[0], "STAPSH_EXIT_CODE"), "");
}

// Its second datagram is not sent.
TEST_F(OrphanAudit, TheGuardianLogsWhatAnAgentThatIsKilledAtTheEndCouldNot) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  (void)talk(traced({"-e", "inject=sendmsg:error=EIO:signal=SIGKILL:when=2"}), "stap 5.6\nrun exit:0\n");
  ASSERT_TRUE(becomes_true([&] { return !ends().empty(); }));
  const std::vector<std::string> records = ends();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(fields(records[0], {"STAPSH_WHO", "STAPSH_LEFT", "STAPSH_BY"}), "uid=0 | nothing | guardian");
}

TEST_F(OrphanAudit, ASweepLogsTheEndOfWhoseGuardianIsDeadToo) {
  ASSERT_NO_FATAL_FAILURE(start_journal());
  const auto program = start();
  const pid_t guardian = guardian_of(program->pid());
  ASSERT_GT(guardian, 0);
  // Stopped first: it would stop the session when its guardian dies. Whoever still dies has the locks.
  program->send_signal(SIGSTOP);
  ASSERT_EQ(::kill(guardian, SIGKILL), 0);
  ASSERT_TRUE(becomes_true([&] { return is_dead(guardian); }));
  program->send_signal(SIGKILL);
  ASSERT_TRUE(program->wait_gone());
  EXPECT_NE(run("sweep\nquit\n").out.find("removed=1 left=0"), std::string::npos);
  const std::vector<std::string> records = ends();
  ASSERT_EQ(records.size(), 1U) << testing::PrintToString(records);
  EXPECT_EQ(fields(records[0], {"STAPSH_WHO", "STAPSH_LEFT", "STAPSH_BY"}), "uid=0 | nothing | sweep");
}

}  // namespace
}  // namespace stapsh::real
