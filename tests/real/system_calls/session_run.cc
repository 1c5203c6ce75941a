// SPDX-License-Identifier: Apache-2.0
#include "session_run.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

#include "base/sha256.h"
#include "exit_matrix/session_view.h"
#include "harness/leak_oracle.h"
#include "talk.h"

namespace stapsh::calls {
namespace {

using Clock = std::chrono::steady_clock;
using real::HarnessError;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

constexpr const char* kRunnerPath = "/usr/bin/staprun";
constexpr std::array<std::string_view, kScenarios> kScenarioNames{"stapsh",   "unix",    "rfc",
                                                                  "released", "keeping", "orphaned"};
// For the client to end, and then for all that is left on the target: a frozen end is noticed within --keepalive, and
// a ladder climbed to its top takes three times --grace.
constexpr milliseconds kEndBound = seconds(30), kTargetBound = seconds(20);
constexpr int kOutPipeBytes = 1 << 20;  // All that a session says fits: nobody needs to read before its end.
constexpr int kReleasedCode = 3;
constexpr int kKilledCode = 128 + SIGKILL;

void checked(int result, const char* what) {
  if (result < 0) throw HarnessError(std::string(what) + ": " + std::strerror(errno));
}

class Pipe {
 public:
  Pipe() {
    checked(::pipe2(ends_, O_CLOEXEC), "pipe");
    (void)::fcntl(ends_[0], F_SETPIPE_SZ, kOutPipeBytes);
    (void)::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    for (const int end : ends_) {
      if (end >= 0) (void)::close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (const int end = std::exchange(ends_[1], -1); end >= 0) (void)::close(end);
  }
  std::string take() const {
    std::string text, buffer(1 << 16, '\0');
    for (ssize_t size = 0; (size = ::read(ends_[0], buffer.data(), buffer.size())) > 0;)
      text.append(buffer, 0, static_cast<std::size_t>(size));
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

class Account {
 public:
  explicit Account(const std::string& path) {
    const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    checked(fd, "account");
    checked(::ftruncate(fd, sizeof(TalkLog)), "account");
    log_ = static_cast<TalkLog*>(::mmap(nullptr, sizeof(TalkLog), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    (void)::close(fd);
  }
  ~Account() { (void)::munmap(log_, sizeof(TalkLog)); }
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  const TalkLog* operator->() const { return log_; }

 private:
  TalkLog* log_;
};

std::vector<int> living_processes() {
  std::vector<int> living;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && pid != ::getpid() && matrix::process_lives(pid)) living.push_back(pid);
  }
  return living;
}

// Where `got` leaves what the runner says; its size if it does not.
std::size_t agreement(std::string_view got, char (*byte)(std::size_t)) {
  std::size_t at = 0;
  while (at < got.size() && got[at] == byte(at)) ++at;
  return at;
}

char talked(std::size_t at) { return talk_byte(at); }

// What the runner complained of stands in lines of its own among what the programs say.
std::size_t complaints_in(const std::string& text) {
  std::size_t size = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    bool same = line.size() == kLineBytes - 1;
    for (std::size_t i = 0; same && i < line.size(); ++i) same = line[i] == complaint_byte(size + i);
    if (same) size += kLineBytes;
  }
  return size;
}

class SessionRun {
 public:
  SessionRun(Scenario scenario, Role subject, const std::optional<Injection>& injection, const real::Scratch& scratch)
      : scenario_(scenario),
        injection_(injection),
        scratch_(scratch),
        oracle_({scratch.tmp(), scratch.records(), scratch.cgroup()}),
        account_(scratch.path("account")),
        tracer_(subject, injection, STAPSH_SANITIZED != 0) {}

  SessionResult run(std::string& transcript) {
    const auto began = Clock::now();
    if (scenario_ == Scenario::kUnix) start_listener();
    is_agent_alone() ? start_agent() : start_client();
    const bool ended = tracer_.serve_until(kEndBound, [&] {
      // As a client that was told of an error.
      if (is_agent_alone() && (out_text_ += out_.take()).find("ERROR: ") != std::string::npos) {
        in_.close_writer();
      }
      return tracer_.exit_code(main_).has_value();
    });
    if (!ended) fault("hangs");
    wait_for_target();
    result_.milliseconds = static_cast<long>(std::chrono::duration_cast<milliseconds>(Clock::now() - began).count());
    out_text_ += out_.take();
    err_text_ = err_.take();
    result_.exit_code = tracer_.exit_code(main_).value_or(-1);
    result_.injected = tracer_.injected();
    result_.calls = tracer_.calls();
    if (ended) is_agent_alone() ? judge_agent() : judge_client();
    if (listener_ > 0) judge_listener();
    look_what_is_left();
    std::ostringstream text;
    text << "exit " << result_.exit_code << "; runner wrote " << account_->out << " + " << account_->err
         << (account_->ended != 0 ? ", ended" : "") << "; got " << out_text_.size() << ", agreeing "
         << agreement(out_text_, talked) << "\n-- standard error\n"
         << err_text_ << "\n-- listener\n"
         << listener_err_.take() << "\n--";
    transcript = text.str();
    return result_;
  }

 private:
  void fault(const std::string& what) { result_.faults.push_back(what); }
  bool is_agent_alone() const { return scenario_ == Scenario::kReleased || scenario_ == Scenario::kKeeping; }

  std::vector<std::string> environment() const {
    std::vector<std::string> all = scratch_.environment();
    // A sanitizer's search for leaks traces its own process, which we trace.
    if (STAPSH_SANITIZED != 0) all.emplace_back("ASAN_OPTIONS=detect_leaks=0");
    return all;
  }

  void start_listener() {
    listener_ = tracer_.start({.role = Role::kListener,
                               .argv = {STAPSH_AGENT, "--listen", "unix:" + scratch_.path("agent.sock")},
                               .env = environment(),
                               .cwd = scratch_.root(),
                               .err = listener_err_.writer()});
    (void)tracer_.serve_until(
        kEndBound, [&] { return tracer_.waits_for_events(listener_) || tracer_.exit_code(listener_).has_value(); });
  }

  void start_client() {
    const bool is_unix = scenario_ == Scenario::kUnix;
    std::vector<std::string> words{STAPSH_CLIENT,
                                   "--grace=2",
                                   "--keepalive=5",
                                   "--remote",
                                   is_unix ? "unix:" + scratch_.path("agent.sock") : "stapsh:",
                                   "--stapsh",
                                   STAPSH_AGENT,
                                   "--connect-timeout=5"};
    if (scenario_ == Scenario::kRfc) {
      words.emplace_back("--dialect=rfc");
    } else {
      words.emplace_back("--deadline=60");
    }
    words.push_back(scratch_.path("probe.ko"));
    words.push_back("--runner-arg=log:" + scratch_.path("account"));
    words.emplace_back(scenario_ == Scenario::kOrphaned ? "--runner-arg=orphan" : "--runner-arg=interrupt");
    main_ = tracer_.start({.role = Role::kClient,
                           .argv = words,
                           .env = environment(),
                           .cwd = scratch_.root(),
                           .out = out_.writer(),
                           .err = err_.writer()});
    scratch_.write("account.client", std::to_string(main_));
  }

  // All in one packet, as a script would pipe it in; the input stays open.
  void start_agent() {
    const std::string ending = "exit:" + std::to_string(kReleasedCode);
    std::string files = "file 8 probe.ko\na modulefile 3 probe.ko.sgn\nsgn";
    if (scenario_ == Scenario::kKeeping) {
      const std::string digest = sha256_hex("a module");
      files = "option digest\noption keep\nfile 8 probe.ko " + digest + "\na modulehave " + digest + " probe.ko.sgn\n";
    }
    const std::string commands = "stap 5.6\n" + files + "arg " + std::to_string(ending.size()) + "\n" + ending +
                                 "run log:" + scratch_.path("account") + "\n";
    (void)!::write(in_.writer(), commands.data(), commands.size());
    main_ = tracer_.start({.role = Role::kAgent,
                           .argv = {STAPSH_AGENT, "--grace", "2"},
                           .env = environment(),
                           .cwd = scratch_.root(),
                           .in = in_.reader(),
                           .out = out_.writer(),
                           .err = err_.writer()});
  }

  // Until nobody lives but the listener; then it is told to end.
  void wait_for_target() {
    const auto others = [&] {
      std::vector<int> all = living_processes();
      std::erase(all, listener_);
      return all;
    };
    if (!tracer_.serve_until(kTargetBound, [&] { return others().empty(); })) {
      for (const int pid : others()) {
        std::string words = real::read_file("/proc/" + std::to_string(pid) + "/cmdline");
        std::replace(words.begin(), words.end(), '\0', ' ');
        fault("left: process " + words.substr(0, 100) + real::read_file("/proc/" + std::to_string(pid) + "/wchan"));
        result_.leak = true;
      }
    }
    if (listener_ > 0 && !tracer_.exit_code(listener_)) {
      (void)::kill(listener_, SIGTERM);
      const auto gone = [&] { return tracer_.exit_code(listener_).has_value(); };
      if (!tracer_.serve_until(kTargetBound, gone)) fault("the listener does not end on SIGTERM");
    }
  }

  bool killed(Role role) const { return result_.injected && injection_->kill && injection_->subject == role; }

  // Nobody can say anything where standard error is what failed, or where it was not reached.
  bool muted() const {
    if (!result_.injected || injection_->kill) return false;
    if (tracer_.injected_call()->before_main) return true;  // The loader may well just crash.
    std::array<char, 64> link{};
    (void)!::readlink(("/proc/self/fd/" + std::to_string(err_.reader())).c_str(), link.data(), link.size() - 1);
    return tracer_.injected_call()->file == link.data();
  }

  void judge_output(bool whole) {
    const std::size_t same = agreement(out_text_, talked);
    if (same != out_text_.size()) fault("output that the runner did not write, from byte " + std::to_string(same));
    if (!whole) return;
    if (account_->ended == 0) fault("the runner did not end, but that is what is said");
    if (out_text_.size() != account_->out) {
      fault("output lost: " + std::to_string(account_->out - out_text_.size()) + " bytes");
    }
    if (complaints_in(err_text_) != account_->err) fault("standard error lost");
  }

  void judge_client() {
    const int code = result_.exit_code;
    const std::string& err = err_text_;
    if (killed(Role::kClient)) {
      if (code != kKilledCode) fault("exit code " + std::to_string(code) + " of a killed client");
      return judge_output(false);
    }
    judge_output(code == 0);
    const bool harmless = !result_.injected || (!injection_->kill && injection_->failure.harmless);
    const bool well = scenario_ != Scenario::kOrphaned;
    if (harmless && (code == 0) != well) fault("exit code " + std::to_string(code) + " though nothing went wrong");
    if (muted()) return;
    const std::size_t totals = err.rfind("rstap: 1 target: ");
    std::string said = err;  // All but the line of totals: what was not written may be known only behind it.
    if (totals != std::string::npos) said.erase(totals, err.find('\n', totals) - totals);
    const bool reason = said.find(": failed: ") != std::string::npos || said.find(": runner ") != std::string::npos ||
                        said.find("stopped before it ran") != std::string::npos ||
                        (totals == std::string::npos && err.size() > complaints_in(err));
    if (code == 0 && reason) fault("exit 0, and a reason why not");
    if (code != 0 && !reason && said.find("rstap: ") == std::string::npos) fault("no reason is said");
    if (totals == std::string::npos) {
      if (code == 0) fault("no line of totals");
      return;
    }
    const bool succeeded = err.find("1 succeeded", totals) != std::string::npos;
    if (code == 0 && !succeeded) fault("exit 0, and no success");
    says_clean_ = err.find("; all clean", totals) != std::string::npos;
    if (err.find("left over", 0) != std::string::npos) says_left_ = true;
    if (harmless && well && scenario_ != Scenario::kRfc && !says_clean_) fault("not proved clean");
  }

  void judge_agent() {
    const int code = result_.exit_code;
    const bool harmless = !result_.injected || (!injection_->kill && injection_->failure.harmless);
    if (harmless && code != kReleasedCode) fault("exit code " + std::to_string(code) + " though nothing went wrong");
    if (killed(Role::kAgent)) {
      if (code != kKilledCode) fault("exit code " + std::to_string(code) + " of a killed agent");
      return;
    }
    const bool has_error = out_text_.find("ERROR: ") != std::string::npos;
    // A client that said nothing to the end is one that left: 0, if nothing ran.
    const bool left = account_->started == 0 && (has_error || out_text_.empty());
    if (code == 0 && !left) fault("exit 0 of a runner that ends with 3");
    for (int line = 0; line < 7 && !out_text_.empty(); ++line) {
      const std::size_t end = out_text_.find('\n');
      const std::string word = out_text_.substr(0, end);
      if (!word.starts_with(line == 0 ? "stapsh " : "OK") && !word.starts_with("ERROR: ")) break;
      out_text_.erase(0, end + 1);
    }
    judge_output(code == kReleasedCode);
    // From 126 on, the code itself says why, as a shell's does.
    const bool says_why = has_error || left || code == kReleasedCode || code >= 126 || !err_text_.empty() || muted();
    if (!says_why) fault("no reason is said");
  }

  void judge_listener() {
    const int code = tracer_.exit_code(listener_).value_or(-1);
    if (injection_ && result_.injected && injection_->subject == Role::kListener) {
      if (injection_->kill) (void)::unlink(scratch_.path("agent.sock").c_str());  // The next one's to find.
    } else if (code != 0) {
      fault("the listener ended with " + std::to_string(code));
    }
    if (::unlink(scratch_.path("agent.sock").c_str()) == 0) fault("left: the listener's socket"), result_.leak = true;
  }

  // Between the making of its record and the fork of its guardian, nobody cleans up after an agent that is killed but
  // the next one; and only our own client asks for that. The folder holds no more than its mark then.
  bool may_leave_to_a_sweep(const std::string& names) const {
    const bool asks = scenario_ != Scenario::kRfc && !is_agent_alone();
    const std::size_t inside = names.find('/');
    const bool empty = inside == std::string::npos || names.substr(inside) == "/.stapsh-workspace";
    return !asks && killed(Role::kAgent) && empty;
  }

  // By the next agent of this user; killed at once, two can leave something to it.
  void sweep() {
    Pipe in, out;
    const std::string commands = "stap 5.6\nsweep\n";
    (void)!::write(in.writer(), commands.data(), commands.size());
    const pid_t agent = tracer_.start({.role = Role::kOther,
                                       .argv = {STAPSH_AGENT},
                                       .env = environment(),
                                       .in = in.reader(),
                                       .out = out.writer(),
                                       .err = err_.writer()});
    std::string answer;
    const auto answered = [&] { return (answer += out.take()).find("removed=") != std::string::npos; };
    (void)tracer_.serve_until(kTargetBound, [&] { return answered() || tracer_.exit_code(agent); });
    in.close_writer();
    (void)tracer_.serve_until(kTargetBound, [&] { return tracer_.exit_code(agent) && living_processes().empty(); });
  }

  void look_what_is_left() {
    // What programs said of their version is kept there (docs/adr/0009): it is no session's.
    const auto is_a_sessions = [](const fs::directory_entry& entry) { return entry.path().filename() != "versions"; };
    const auto files = [&] {
      return !fs::is_empty(scratch_.tmp()) ||
             std::ranges::any_of(fs::directory_iterator(scratch_.records()), is_a_sessions);
    };
    if (says_clean_ && files()) fault("says that all is clean, and it is not");
    if (says_left_ && !files() && !result_.leak) fault("says that something is left, and nothing is");
    std::string names;
    for (const auto& entry : fs::recursive_directory_iterator(scratch_.tmp())) {
      names += " " + entry.path().lexically_relative(scratch_.tmp()).string();
    }
    if (files()) {
      sweep();
      result_.swept = true;
      if (files() || !may_leave_to_a_sweep(names)) fault("left to the next sweep, and perhaps a record:" + names);
    }
    for (const std::string& thing : oracle_.left(milliseconds(1))) {
      fault("left: " + thing);
      result_.leak = true;
    }
    if (scenario_ == Scenario::kKeeping) look_what_is_kept();
    for (const std::string& folder : {scratch_.tmp(), scratch_.records()})
      for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
    for (const std::string& lock : matrix::locks_in(scratch_.tmp())) fault("left: lock " + lock), result_.leak = true;
  }

  // Whole files alone, and whatever died has left no other; the next session finds none.
  void look_what_is_kept() {
    const std::string folder = scratch_.path("cache") + "/stapsh-modules-0";
    if (!fs::exists(folder)) return;
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      if (sha256_hex(real::read_file(entry.path())) != name) fault("kept: " + name + ", which is not what it says");
    }
    fs::remove_all(folder);
  }

  const Scenario scenario_;
  const std::optional<Injection> injection_;
  const real::Scratch& scratch_;
  real::LeakOracle oracle_;
  Account account_;
  Tracer tracer_;
  Pipe in_, out_, err_, listener_err_;
  pid_t main_ = 0, listener_ = 0;
  std::string out_text_, err_text_;
  bool says_clean_ = false, says_left_ = false;
  SessionResult result_;
};

}  // namespace

std::string_view name_of(Scenario scenario) { return kScenarioNames[static_cast<std::size_t>(scenario)]; }

std::vector<Role> subjects_of(Scenario scenario) {
  switch (scenario) {
    case Scenario::kLocal:
      return {Role::kClient, Role::kStarter, Role::kAgent, Role::kGuardian, Role::kRunnerStart};
    case Scenario::kUnix:
      return {Role::kClient, Role::kListener, Role::kAgent, Role::kGuardian, Role::kRunnerStart};
    case Scenario::kRfc:
      return {Role::kClient, Role::kAgent, Role::kGuardian};
    case Scenario::kReleased:
      return {Role::kAgent, Role::kGuardian, Role::kRunnerStart};
    case Scenario::kKeeping:
      return {Role::kAgent};
    case Scenario::kOrphaned:
      return {Role::kClient, Role::kGuardian, Role::kSweeper, Role::kSweep};
  }
  return {};
}

World::World() {
  checked(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate");
  checked(::mount("proc", "/proc", "proc", 0, nullptr), "mount proc");
  checked(::mount(STAPSH_TALKING_RUNNER, kRunnerPath, nullptr, MS_BIND, nullptr), kRunnerPath);
  checked(::mount("sweep", scratch_.tmp().c_str(), "tmpfs", 0, "size=64m,mode=1777"), "mount tmpfs");
  scratch_.mount_records();
  fs::create_directories(scratch_.path("cache"));
  scratch_.write("probe.ko", std::string(100'000, 'm'));
  scratch_.write("probe.ko.sgn", std::string(100, 's'));
}

World::~World() { (void)::umount2(scratch_.tmp().c_str(), MNT_DETACH); }

SessionResult World::run(Scenario scenario, Role subject, const std::optional<Injection>& injection) {
  return SessionRun(scenario, subject, injection, scratch_).run(transcript_);
}

}  // namespace stapsh::calls
