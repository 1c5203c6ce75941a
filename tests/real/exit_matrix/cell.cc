// SPDX-License-Identifier: Apache-2.0
#include "cell.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>

#include "harness/children.h"
#include "harness/leak_oracle.h"
#include "session_view.h"

namespace stapsh::matrix {
namespace {

using Clock = std::chrono::steady_clock;
using real::Program;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

// To reach a phase; the machine may be busy.
constexpr milliseconds kReachBound = std::chrono::seconds(15);
constexpr int kKillCode = 128 + SIGKILL;

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void expect(bool condition, const std::string& what) {
  if (!condition) throw Fault(what);
}

// Our end of a fifo: both directions open, so that no end of it is ever the last.
class Fifo {
 public:
  explicit Fifo(const std::string& path) {
    (void)::unlink(path.c_str());
    if (::mkfifo(path.c_str(), 0600) != 0) throw real::HarnessError("mkfifo " + path);
    fd_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  ~Fifo() { (void)::close(fd_); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  void write(std::string_view text) const { (void)!::write(fd_, text.data(), text.size()); }
  /// The first line that begins with `word`, if it comes within the bound; lines before it are forgotten.
  std::optional<std::string> wait_line(std::string_view word, milliseconds bound) {
    const auto deadline = Clock::now() + bound;
    while (true) {
      for (std::size_t end = 0; (end = text_.find('\n')) != std::string::npos;) {
        const std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        if (line.starts_with(word)) return line;
      }
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      pollfd event{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&event, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
      char buffer[512];
      const ssize_t size = ::read(fd_, buffer, sizeof buffer);
      if (size > 0) text_.append(buffer, static_cast<std::size_t>(size));
    }
  }

 private:
  int fd_ = -1;
  std::string text_;
};

constexpr std::string_view point_of(Phase phase) {
  switch (phase) {
    case Phase::kBeforeHello:
      return "hello";
    case Phase::kAfterHello:
      return "options";
    case Phase::kDuringFile:
      return "data";
    case Phase::kAfterFile:
      return "run";
    case Phase::kAfterRun:
      return "started";
    case Phase::kAfterExit:
      return "output";
    case Phase::kRunning:
    case Phase::kFlooding:
    case Phase::kEndProbe:
      break;
  }
  return "none";
}

class CellRun {
 public:
  CellRun(const Cell& cell, World& world)
      : cell_(cell),
        verdict_(verdict_of(cell)),
        world_(world),
        oracle_({world.scratch().tmp(), world.scratch().records(), world.scratch().cgroup()}, world.helpers()) {
    for (const int pid : world_.helpers()) helper_files_.push_back(open_files(pid));
    (void)::rmdir(world_.control("first").c_str());
    world_.scratch().write("ctl/point", point_of(cell.phase));
  }

  CellResult run() {
    CellResult result;
    try {
      reach_phase();
      event_at_ = Clock::now();
      perform_event();
      if (releases_) release();
      wait_client();
      tap_to_.write("g");  // A network that comes back, after all is said.
      check_client();
    } catch (const Fault& fault) {
      const bool reached = event_at_ != Clock::time_point();
      result.faults.push_back(reached || !client_ ? fault.what() : fault.what() + (" by " + client_->captured()));
    }
    if (event_at_ == Clock::time_point()) event_at_ = Clock::now();
    end_client();
    try {
      if (cell_.event == Event::kBothKilled || cell_.event == Event::kClientKilled) sweep_if_needed();
    } catch (const Fault& fault) {
      result.faults.emplace_back(fault.what());
    }
    look_what_is_left(result.faults);
    result.exit_code = client_ ? client_->exit_code() : -1;
    result.milliseconds = static_cast<long>(std::chrono::duration_cast<milliseconds>(Clock::now() - event_at_).count());
    return result;
  }

 private:
  bool before(Phase phase) const { return cell_.phase < phase; }
  bool by_broker() const { return cell_.transport == Transport::kNats; }
  bool freezes() const {
    return cell_.event == Event::kTransportFrozen || cell_.event == Event::kBrokerFrozen ||
           cell_.event == Event::kPartitioned || cell_.event == Event::kLinkFrozen;
  }

  /// For an answer that can't come.
  bool waits_in_vain() const {
    const bool comes_again = cell_.event == Event::kBrokerRestarted || cell_.event == Event::kLinkRestarted;
    if (is_of_broker(cell_.event)) return !comes_again || before(Phase::kDuringFile);
    return cell_.event == Event::kTransportFrozen && (by_broker() || before(Phase::kDuringFile));
  }

  // --- To the phase.

  void start_client() {
    const Times times = times_of(cell_);
    std::vector<std::string> words = world_.client_words(cell_.transport);
    const std::string_view connect = waits_in_vain() ? "3" : "30";
    for (const auto& [name, value] :
         {std::pair{"--grace=", times.grace}, {"--keepalive=", times.keepalive}, {"--connect-timeout=", connect}}) {
      words.push_back(name + std::string(value));
    }
    words.push_back(world_.scratch().path("probe.ko"));
    words.push_back("--runner-arg=ctl:" + world_.scratch().path("ctl"));
    if (cell_.phase == Phase::kEndProbe || slow_end()) words.emplace_back("--runner-arg=probe");
    client_ = std::make_unique<Program>(real::ProgramOptions{.argv = words,
                                                             .env = world_.scratch().environment(),
                                                             .cwd = world_.scratch().root(),
                                                             .kept_bytes_max = 65'536});
  }

  // Several interrupts shall find the session still stopping.
  bool slow_end() const {
    return cell_.event == Event::kInterruptThrice ||
           (cell_.event == Event::kInterruptTwice && !before(Phase::kRunning) && cell_.phase != Phase::kAfterExit);
  }

  void wait_held() { expect(tap_from_.wait_line("held", kReachBound).has_value(), "the point was not reached"); }

  void wait_runner_up() {
    const std::optional<std::string> up = run_from_.wait_line("up ", kReachBound);
    expect(up.has_value(), "the runner did not start");
    runner_ = std::atoi(up->c_str() + 3);
  }

  void reach_phase() {
    start_client();
    const std::optional<std::string> open = tap_from_.wait_line("open ", kReachBound);
    expect(open.has_value(), "no transport was opened");
    int own = 0, command = 0;
    std::istringstream(open->substr(5)) >> own >> command;
    // With ssh between, it is ssh that dies or freezes; with a broker, rstap's relay to it.
    tap_ = own;
    transport_ = cell_.transport == Transport::kSsh ? command : by_broker() ? real::relay_of(client_->pid()) : own;
    switch (cell_.phase) {
      case Phase::kBeforeHello:
      case Phase::kAfterHello:
      case Phase::kDuringFile:
      case Phase::kAfterFile:
        wait_held();
        break;
      case Phase::kAfterRun:
        wait_held();
        wait_runner_up();
        break;
      case Phase::kRunning:
      case Phase::kEndProbe:
        wait_runner_up();
        expect(bool(client_->wait_for_out("up\n", kReachBound)), "the client shows no output");
        break;
      case Phase::kFlooding:
        wait_runner_up();
        run_to_.write("flood\n");
        expect(wait_until(kReachBound, [&] { return client_->out_bytes() > 4'000'000; }), "no flood");
        break;
      case Phase::kAfterExit:
        wait_runner_up();
        end_runner();
        wait_held();
        break;
    }
    const bool guarded = !before(Phase::kDuringFile);
    const auto found = [&] {
      pids_ = find_agent(world_.helpers());
      return pids_.agent != 0 && (!guarded || pids_.guardian != 0);
    };
    expect(wait_until(kReachBound, found), guarded ? "no agent with a guardian" : "no agent");
    if (cell_.phase == Phase::kEndProbe) {
      client_->send_signal(SIGINT);
      expect(run_from_.wait_line("stopping", kReachBound).has_value(), "the end probe did not begin");
    }
  }

  // The transport and the agent's pipe are full of output when the runner ends.
  void end_runner() {
    run_to_.write(runner_leaves() + "fill\n" + runner_ending());
    const int runner = runner_;
    expect(wait_until(kReachBound, [&] { return !process_lives(runner); }), "the runner did not end");
  }

  std::string runner_leaves() const {
    if (cell_.event == Event::kGrandchild) return "child\n";
    if (cell_.event == Event::kDaemon) return "daemon\n";
    if (cell_.event == Event::kHiddenDaemon) return "hidden\n";
    if (cell_.event == Event::kForkStorm) return "storm\n";
    return {};
  }

  std::string runner_ending() const {
    if (cell_.event == Event::kRunnerFails) return "exit:3\n";
    if (cell_.event == Event::kRunnerDies) return "die:9\n";
    return "exit:0\n";
  }

  // --- The event.

  static void signal_process(int pid, int signo) {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    expect(pidfd >= 0, "the process to be signalled is gone");
    (void)::syscall(SYS_pidfd_send_signal, pidfd, signo, nullptr, 0);
    (void)::close(pidfd);
  }

  // SIGUSR1 makes the client say its states: once it has, it has acted on what came before.
  void interrupt_client(int signo, int times) {
    for (int i = 0; i < times; ++i) {
      const std::size_t said = client_->err().size();
      client_->send_signal(signo);
      client_->send_signal(SIGUSR1);
      (void)wait_until(std::chrono::seconds(2), [&] {
        return !client_->running() || client_->err().find("rstap: ", said) != std::string::npos;
      });
    }
  }

  void perform_event() {
    const bool has_exited = cell_.phase == Phase::kAfterExit;
    switch (cell_.event) {
      case Event::kInterrupt:
      case Event::kInterruptTwice:
      case Event::kInterruptThrice:
        ends_probe_ = false;
        releases_ = cell_.event != Event::kInterruptThrice;
        interrupt_client(SIGINT, 1 + static_cast<int>(cell_.event) - static_cast<int>(Event::kInterrupt));
        break;
      case Event::kClientTerminated:
      case Event::kClientHungUp:
        ends_probe_ = false;
        interrupt_client(cell_.event == Event::kClientTerminated ? SIGTERM : SIGHUP, 1);
        break;
      case Event::kClientKilled:
        ends_probe_ = false;
        client_->send_signal(SIGKILL);
        (void)client_->wait_gone(verdict_.bound);
        break;
      case Event::kOutputClosed:
        client_->close_output();
        if (!before(Phase::kAfterRun) && before(Phase::kFlooding)) run_to_.write("say:more\n");
        break;
      case Event::kClientStopped:
        stop_client_for_a_while();
        break;
      case Event::kTransportKilled:
        ends_probe_ = false;
        signal_process(transport_, SIGKILL);
        break;
      case Event::kTransportFrozen:
        ends_probe_ = false;
        releases_ = by_broker();  // Else it is the tap that is frozen, or what it waits for.
        signal_process(transport_, SIGSTOP);
        break;
      case Event::kAgentTerminated:
        signal_process(pids_.agent, SIGTERM);
        wait_agent_deaf();
        break;
      case Event::kAgentHungUp:
        signal_process(pids_.agent, SIGHUP);
        wait_agent_deaf();
        break;
      case Event::kAgentKilled:
        ends_probe_ = false;
        signal_process(pids_.agent, SIGKILL);
        break;
      case Event::kGuardianKilled:
        signal_process(pids_.guardian, SIGKILL);
        wait_agent_deaf();
        break;
      case Event::kBothKilled:
        // The agent stopped first: neither may see the other's end.
        ends_probe_ = false;
        signal_process(pids_.agent, SIGSTOP);
        signal_process(pids_.guardian, SIGKILL);
        signal_process(pids_.agent, SIGKILL);
        break;
      case Event::kAgentStopped:
        ends_probe_ = false;
        signal_process(pids_.agent, SIGSTOP);
        break;
      case Event::kGuardianStopped:
        signal_process(pids_.guardian, SIGSTOP);
        if (before(Phase::kAfterRun)) run_to_the_end();
        break;
      case Event::kStoppedGuardianAgentKilled:
        // The agent first: it would have its guardian go on.
        ends_probe_ = false;
        for (const int pid : {pids_.agent, pids_.guardian}) signal_process(pid, SIGSTOP);
        signal_process(pids_.agent, SIGKILL);
        break;
      case Event::kRunnerSucceeds:
      case Event::kRunnerFails:
      case Event::kRunnerDies:
        if (!has_exited) tell_runner(runner_ending());
        break;
      case Event::kRunnerIgnores:
        ignore_and_interrupt();
        break;
      case Event::kGrandchild:
      case Event::kDaemon:
      case Event::kHiddenDaemon:
      case Event::kForkStorm:
        ends_probe_ = false;
        if (!has_exited) tell_runner(runner_leaves() + runner_ending());
        break;
      case Event::kDiskFull:
        fill_disk();
        if (cell_.phase == Phase::kAfterFile) run_to_the_end();  // What a run needs is there.
        break;
      case Event::kWorkspaceDeleted:
        delete_workspaces();
        break;
      case Event::kBrokerKilled:
      case Event::kBrokerRestarted:
      case Event::kBrokerFrozen:
      case Event::kPartitioned:
      case Event::kLinkKilled:
      case Event::kLinkRestarted:
      case Event::kLinkFrozen:
        ends_probe_ = false;
        world_.nats()->perform(cell_.event);
        for (const int pid : world_.nats()->helpers()) oracle_.allow_helper(pid);
        break;
    }
    const bool goes_on = cell_.event == Event::kDiskFull || cell_.event == Event::kWorkspaceDeleted ||
                         cell_.event == Event::kGuardianStopped;
    const bool in_run = !before(Phase::kAfterRun) && before(Phase::kEndProbe);
    if (goes_on && in_run) tell_runner("exit:0\n");
  }

  /// What is held goes on, and the runner ends by itself.
  void run_to_the_end() {
    release();
    releases_ = false;
    wait_runner_up();
    tell_runner("exit:0\n");
  }

  void tell_runner(const std::string& commands) const { run_to_.write(commands); }

  // Before there is a runner, it ends at once: what is held must not reach it first.
  void wait_agent_deaf() {
    if (!before(Phase::kAfterRun)) return;
    const int agent = pids_.agent;
    expect(wait_until(verdict_.bound, [&] { return !process_lives(agent); }), "the agent goes on");
  }

  void stop_client_for_a_while() {
    ends_probe_ = false;
    client_->send_signal(SIGSTOP);
    release();
    releases_ = false;
    if (before(Phase::kDuringFile)) {
      // Nothing may happen in this time, so there is nothing to wait for but the time.
      const int agent = pids_.agent;
      const milliseconds silence(1'000 * std::stoi(std::string(times_of(cell_).keepalive)));
      (void)wait_until(silence + milliseconds(500), [&] { return !process_lives(agent); });
      expect(process_lives(agent), "the agent does not wait for a stopped client");
      client_->send_signal(SIGCONT);
      wait_runner_up();
      tell_runner("exit:0\n");
      return;
    }
    const int agent = pids_.agent;
    const bool gone = wait_until(verdict_.bound, [&] { return !process_lives(agent); });
    client_->send_signal(SIGCONT);
    expect(gone, "the agent does not notice that the client is silent");
  }

  void ignore_and_interrupt() {
    ends_probe_ = false;
    const bool floods = cell_.phase == Phase::kFlooding;
    tell_runner("ignore\nchild\n");  // It says that it has a child: so it has done what came before.
    expect(run_from_.wait_line("child ", kReachBound).has_value(), "the runner does not obey");
    if (floods) tell_runner("flood\n");
    release();
    if (cell_.phase != Phase::kEndProbe) interrupt_client(SIGINT, floods ? 3 : 1);
  }

  void fill_disk() {
    const std::string path = world_.scratch().tmp() + "/filler";
    const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const std::string block(65'536, 'd');
    while (::write(fd, block.data(), block.size()) > 0) {
    }
    (void)::close(fd);
  }

  void delete_workspaces() {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(world_.scratch().tmp())) found.push_back(entry.path());
    expect(!found.empty(), "there is no workspace");
    for (const fs::path& path : found) fs::remove_all(path);
  }

  // --- After it.

  void release() {
    tap_to_.write("g");
    if (ends_probe_ && cell_.phase == Phase::kEndProbe) tell_runner("go\n");
  }

  milliseconds time_left() const {
    const auto left = verdict_.bound - (Clock::now() - event_at_);
    return std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(left));
  }

  void wait_client() {
    const bool ended = bool(client_->wait_ended(time_left()));
    expect(ended, "the client does not end: " + client_->captured());
  }

  void check_client() {
    const std::string err = client_->err();
    const int code = client_->exit_code();
    const std::string codes = std::to_string(code) + ": " + err;
    const auto& wanted = verdict_.codes;
    expect(std::find(wanted.begin(), wanted.end(), code) != wanted.end(), "exit code " + codes);
    expect(err.find(verdict_.says) != std::string::npos, "no '" + std::string(verdict_.says) + "' in " + codes);
    if (code == kKillCode && cell_.event == Event::kClientKilled) return;
    const std::size_t totals = err.rfind("rstap: 1 target: ");
    expect(totals != std::string::npos, "no line of totals in " + codes);
    if (verdict_.proof == Verdict::Proof::kClean) {
      expect(err.find("; all clean", totals) != std::string::npos, "not proved clean: " + codes);
    }
    if (verdict_.proof == Verdict::Proof::kUnknown) {
      expect(err.find("; 0 clean, 1 unknown", totals) != std::string::npos, "not unknown: " + codes);
      expect(err.find("it could not be asked whether anything is left") != std::string::npos,
             "doubts nothing: " + codes);
    }
    expect(err.find("left over") == std::string::npos, "says that something is left: " + codes);
    // One line that says why, unless all went well.
    std::size_t reasons = 0;
    std::istringstream lines(err.substr(0, totals));
    for (std::string line; std::getline(lines, line);) {
      const bool reason = line.find(": failed: ") != std::string::npos || line.find(": runner ") != std::string::npos ||
                          line.find("stopped before it ran") != std::string::npos;
      reasons += reason && line.starts_with("rstap: ") ? 1 : 0;
    }
    const bool well = err.find("1 succeeded", totals) != std::string::npos;
    expect(reasons == (well ? 0U : 1U), "not one line that says why: " + codes);
  }

  void end_client() {
    // A frozen transport ends at last: the machine reboots, TCP gives up.
    if (cell_.event == Event::kTransportFrozen && transport_ > 0 && before(Phase::kDuringFile)) {
      if (process_lives(transport_)) signal_process(transport_, SIGKILL);
    }
    if (is_of_broker(cell_.event) && before(Phase::kDuringFile)) world_.nats()->unfreeze();
    if (!client_ || client_->running()) tap_to_.write("g");
    if (client_ && client_->running()) client_->send_signal(SIGKILL), (void)client_->wait_gone();
  }

  // Killed at once, the agent and its guardian leave their session to the next agent of that user.
  void sweep_if_needed() {
    if (cell_.event != Event::kBothKilled || client_->exit_code() == 1) return;
    std::vector<std::string> words = world_.client_words(cell_.transport);
    words.insert(words.begin() + 1, "sweep");
    Program sweep({.argv = words, .env = world_.scratch().environment(), .cwd = world_.scratch().root()});
    expect(bool(sweep.wait_ended(verdict_.bound)) && sweep.exit_code() == 0, "sweep: " + sweep.captured());
  }

  void look_what_is_left(std::vector<std::string>& faults) {
    (void)::unlink((world_.scratch().tmp() + "/filler").c_str());
    // Not that of the frozen transport itself: processes of ours, which the test ends.
    if (freezes()) {
      const int agent = pids_.agent;
      const bool gone = wait_until(time_left(), [&] { return !process_lives(agent); });
      if (!gone) faults.emplace_back("the agent does not notice that something is frozen");
      for (const int pid : {transport_, tap_}) {
        if (pid > 0 && process_lives(pid)) (void)::kill(pid, SIGKILL);
      }
      if (cell_.event == Event::kLinkFrozen) world_.nats()->unfreeze();  // It has them to reap.
    }
    for (const std::string& thing : oracle_.left(time_left())) faults.push_back("left behind: " + thing);
    for (const std::string& folder : {world_.scratch().tmp(), world_.scratch().records()})
      for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());

    const std::vector<int> helpers = world_.helpers();
    // Else some are new, or connected anew; and a link waits for the last word of a relay that was frozen.
    const bool same_helpers = !is_of_broker(cell_.event) && !(by_broker() && cell_.event == Event::kTransportFrozen);
    for (std::size_t i = 0; same_helpers && i < helpers.size(); ++i) {
      std::vector<std::string> now;
      const auto same = [&] { return (now = open_files(helpers[i])) == helper_files_[i]; };
      if (wait_until(milliseconds(1'000), same)) continue;
      for (const std::string& file : now) {
        if (std::find(helper_files_[i].begin(), helper_files_[i].end(), file) != helper_files_[i].end()) continue;
        faults.push_back("left behind: " + file + ", held by " + std::to_string(helpers[i]));
      }
    }
    for (const std::string& lock : locks_in(world_.scratch().tmp())) faults.push_back("left behind: lock " + lock);
    const auto no_connection = [&] { return connections_in(world_.scratch().root()).empty(); };
    if (!wait_until(milliseconds(1'000), no_connection)) faults.emplace_back("left behind: a connection to a socket");
  }

  const Cell cell_;
  const Verdict verdict_;
  World& world_;
  real::LeakOracle oracle_;
  Fifo tap_from_{world_.control("tap.from")}, tap_to_{world_.control("tap.to")};
  Fifo run_from_{world_.control("run.from")}, run_to_{world_.control("run.to")};
  std::vector<std::vector<std::string>> helper_files_;
  std::unique_ptr<Program> client_;
  int transport_ = 0, tap_ = 0, runner_ = 0;
  AgentPids pids_;
  bool releases_ = true, ends_probe_ = true;
  Clock::time_point event_at_;
};

}  // namespace

CellResult run_cell(const Cell& cell, World& world) {
  if (cell.event == Event::kPartitioned) world.nats()->put_way_between();
  CellResult result = CellRun(cell, world).run();
  if (!is_of_broker(cell.event)) return result;
  for (const std::string& fault : world.nats()->mend()) result.faults.push_back(fault);
  return result;
}

}  // namespace stapsh::matrix
