// SPDX-License-Identifier: Apache-2.0
// What clients of `--listen` can make an agent do that they only connect to, and who may be at a socket's path.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "harness/agent_test.h"
#include "harness/site.h"

namespace stapsh::real {
namespace {

constexpr uid_t kNobody = 65'534;

// A connection, and nothing else of a client.
class Caller {
 public:
  explicit Caller(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw HarnessError("cannot connect to " + path);
    }
  }
  Caller(Caller&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Caller() { close(); }

  void close() {
    if (fd_ >= 0) (void)::close(std::exchange(fd_, -1));
  }
  void say(std::string_view text) const { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// The next line, without its end; what came of it, if none comes.
  std::string line() const {
    std::string text;
    for (char c = 0; wait() && ::recv(fd_, &c, 1, 0) == 1;) {
      if (c == '\n') return text;
      text += c;
    }
    return text + "(end)";
  }
  bool ended() const {
    char c = 0;
    return wait() && ::recv(fd_, &c, 1, 0) <= 0;
  }

 private:
  bool wait() const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(kBound.count())) == 1;
  }

  int fd_ = -1;
};

class AgentListener : public AgentTest {
 protected:
  ProgramOptions listener(std::vector<std::string> words) const {
    words.insert(words.end(), {"--grace", "0.2", "--listen", "unix:" + path_});
    return agent(Input::kNull, std::move(words));
  }

  static std::vector<int> children_of(int pid) {
    const std::string task = std::to_string(pid);
    std::istringstream text(read_file("/proc/" + task + "/task/" + task + "/children"));
    std::vector<int> all;
    for (int child = 0; text >> child;) all.push_back(child);
    return all;
  }

  void end(Program& listener) const {
    listener.send_signal(SIGTERM);
    EXPECT_EQ(listener.wait_exit(), 0) << listener.captured();
  }

  const std::string path_ = scratch_.path("agent.sock");
};

// Each made a process, which stayed for as long as its client.
TEST_F(AgentListener, SilentConnectionsMakeNoProcess) {
  Program listener(this->listener({"--sessions-max=150", "--sessions-per-peer-max=150"}));
  wait_for_socket(path_, listener);
  std::vector<Caller> silent;
  for (int i = 0; i < 148; ++i) silent.emplace_back(path_);
  silent.front().say("half a line");
  // Another one is served beside them, so all before it have been taken.
  const Caller caller(path_);
  caller.say("stap 4.8\n");
  EXPECT_TRUE(caller.line().starts_with("stapsh "));
  EXPECT_EQ(children_of(listener.pid()).size(), 1u);
  end(listener);
  for (const Caller& each : silent) EXPECT_TRUE(each.ended());
}

TEST_F(AgentListener, WhoIsOneTooManyIsToldWhy) {
  struct Case {
    std::vector<std::string> words;
    std::string name, who;
  };
  const Case cases[] = {{{"--sessions-max=2"}, "sessions-max", "there are 2 sessions"},
                        {{"--sessions-per-peer-max=2"}, "sessions-per-peer-max", "user 0 has 2 sessions"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Program listener(this->listener(c.words));
    wait_for_socket(path_, listener);
    Caller first(path_);
    first.say("stap 4.8\n");
    EXPECT_TRUE(first.line().starts_with("stapsh "));
    const Caller second(path_);
    const std::string reason =
        c.who + ", which is " + c.name + "; try again when one has ended, or start stapsh with a higher --" + c.name;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Caller(path_).line(), "ERROR: " + reason);

    Program rstap(options({STAPSH_CLIENT, "--remote", "unix:" + path_, scratch_.write("x.ko", "abc")}));
    EXPECT_EQ(rstap.wait_exit(), 1);
    EXPECT_NE(rstap.err().find("refused: " + reason), std::string::npos) << rstap.captured();
    EXPECT_NE(rstap.err().find("not touched"), std::string::npos) << rstap.captured();

    first.say("quit\n");
    EXPECT_TRUE(first.ended());
    for (int tries = 0;; ++tries) {  // Its process ends just after its connection.
      const Caller next(path_);
      next.say("stap 4.8\n");
      if (next.line().starts_with("stapsh ")) break;
      ASSERT_LT(tries, 100'000);
    }
    EXPECT_EQ(listener.err().find("refused: "), listener.err().rfind("refused: ")) << "said more than once";
    end(listener);
  }
}

TEST_F(AgentListener, SilenceHasAnEnd) {
  Program listener(this->listener({"--hello-timeout=0.3", "--idle-timeout=0.6"}));
  wait_for_socket(path_, listener);
  const Caller silent(path_);
  EXPECT_EQ(silent.line(), "ERROR: no hello within 0.3 seconds; --hello-timeout of stapsh gives more");
  EXPECT_TRUE(silent.ended());
  const Caller noisy(path_);
  noisy.say("ping\n");  // A process, but no hello.
  EXPECT_EQ(noisy.line(), "ERROR: no hello within 0.3 seconds; --hello-timeout of stapsh gives more");
  EXPECT_TRUE(noisy.ended());
  const Caller idle(path_);
  idle.say("stap 4.8\n");
  EXPECT_TRUE(idle.line().starts_with("stapsh "));
  EXPECT_EQ(idle.line(), "ERROR: nothing was said for 0.6 seconds; --idle-timeout of stapsh gives more");
  EXPECT_TRUE(idle.ended());
  const Caller busy(path_);
  busy.say("stap 4.8\nrun drip:15x100 exit:0\n");
  EXPECT_TRUE(busy.line().starts_with("stapsh "));
  EXPECT_EQ(busy.line(), "OK");
  for (int i = 0; i < 15; ++i) EXPECT_EQ(busy.line(), "drip");
  EXPECT_EQ(busy.line(), "(end)");
  end(listener);
}

// 28 bytes reserved 64 MB, as often as somebody connected.
TEST_F(AgentListener, FilesOfAllSessionsShareALimit) {
  Program listener(this->listener({"--workspaces-bytes-max=100"}));
  wait_for_socket(path_, listener);
  const Caller announces(path_);
  announces.say("stap 4.8\nfile 90 a\n");  // Not a byte of it comes.
  EXPECT_TRUE(announces.line().starts_with("stapsh "));
  const Caller first(path_);
  first.say("stap 4.8\nfile 90 a\n" + std::string(90, 'x'));
  EXPECT_TRUE(first.line().starts_with("stapsh "));
  EXPECT_EQ(first.line(), "OK");
  announces.say(std::string(90, 'x') + "file 9 b\n" + std::string(9, 'x'));
  const std::string limit =
      "the files of all sessions here would be over workspaces-bytes-max (100); try again when others have ended, or "
      "start stapsh with a higher --workspaces-bytes-max";
  EXPECT_EQ(announces.line(), "ERROR: file a: " + limit);
  EXPECT_EQ(announces.line(), "OK");
  announces.say("file 20 c\n");  // It would not do: that is said before it comes.
  EXPECT_EQ(announces.line(), "ERROR: file c: " + limit);

  // Whatever ends a session gives back what it held.
  for (const int pid : children_of(listener.pid())) ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(first.ended());
  for (int tries = 0;; ++tries) {
    const Caller next(path_);
    next.say("stap 4.8\nfile 100 a\n" + std::string(100, 'x'));
    EXPECT_TRUE(next.line().starts_with("stapsh "));
    if (next.line() == "OK") break;
    ASSERT_LT(tries, 10'000);
  }
  end(listener);
}

// --- The socket's path.

class SquattedPath : public AgentListener {
 protected:
  void expect_refused(const std::string& path, const std::string& reason) {
    SCOPED_TRACE(path);
    Program listener(agent(Input::kNull, {"--listen", "unix:" + path}));
    EXPECT_EQ(listener.wait_exit(), 1) << listener.captured();
    EXPECT_EQ(listener.err(), "stapsh: " + path + ": " + reason + "\n");
  }
  std::string folder(const std::string& name, uid_t owner, unsigned mode) const {
    std::string made = scratch_.make_folder(name);
    EXPECT_EQ(::chown(made.c_str(), owner, owner), 0);
    EXPECT_EQ(::chmod(made.c_str(), mode), 0);
    return made;
  }
};

TEST_F(SquattedPath, IsRefused) {
  const std::string other =
      "the folder belongs to user 65534, who could put another socket there; choose a folder of "
      "root's or of your own";
  const std::string open =
      "others may write to the folder, and could put another socket there; chmod go-w it, or choose "
      "another folder";
  expect_refused(folder("nobodys", kNobody, 0755) + "/s", other);
  expect_refused(folder("nobodys-tmp", kNobody, 01777) + "/s", other);
  expect_refused(folder("open", 0, 0777) + "/s", open);
  expect_refused(folder("group", 0, 0775) + "/s", open);
  const std::string squatted = folder("tmp1", 0, 01777) + "/s";
  {
    Program squatter(options({"socat", "UNIX-LISTEN:" + squatted + ",unlink-close=0", "-"}));
    wait_for_socket(squatted, squatter);
  }
  ASSERT_EQ(::chown(squatted.c_str(), kNobody, kNobody), 0);
  expect_refused(squatted, "is there, and belongs to user 65534: Address already in use");

  Program listener(agent(Input::kNull, {"--listen", "unix:" + folder("tmp2", 0, 01777) + "/s"}));
  wait_for_socket(scratch_.path("tmp2/s"), listener);
  end(listener);
}

TEST_F(SquattedPath, IsNamedToTheClientWithItsOwner) {
  ASSERT_EQ(::chmod(scratch_.root().c_str(), 0711), 0);
  const std::string stapsh = scratch_.copy_program(agent_program(), "stapsh");
  const std::string socket = folder("nobodys", kNobody, 0755) + "/s";
  (void)folder("tmp", 0, 01777);
  Program theirs(options(
      {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", stapsh, "--listen", "unix:" + socket}, &mounts_));
  wait_for_socket(socket, theirs);
  const std::string module = scratch_.write("x.ko", "abc");
  const auto rstap = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {STAPSH_CLIENT, "--remote", "unix:" + socket, module, "--runner-arg=say:up"});
    return options(words);
  };
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"--allow-owner=root"}}) {
    Program refuses(rstap(words));
    EXPECT_EQ(refuses.wait_exit(), 1);
    EXPECT_NE(refuses.err().find("user 65534 (nobody) listens there, not root and not you"), std::string::npos)
        << refuses.captured();
    EXPECT_NE(refuses.err().find("--allow-owner=nobody"), std::string::npos) << refuses.captured();
  }
  for (const char* word : {"--allow-owner=nobody", "--allow-owner=65534"}) {
    Program allowed(rstap({"--allow-owner=daemon", word}));
    EXPECT_EQ(allowed.wait_exit(), 0) << allowed.captured();
    EXPECT_TRUE(allowed.wait_for_out("up\n"));
  }
  end(theirs);
}

}  // namespace
}  // namespace stapsh::real
