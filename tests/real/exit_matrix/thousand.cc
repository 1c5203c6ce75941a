// SPDX-License-Identifier: Apache-2.0
// thousand: one rstap, N local agents whose runners talk, S seconds, and from time to time a random process of a random
// session is killed. At the end one ctrl-C. Reports the client's memory through it all, whether every target that was
// left alone spoke to the end, how long the stop took, and what was left behind: nothing, or it fails.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "harness/leak_oracle.h"
#include "harness/program.h"
#include "harness/scratch.h"
#include "session_view.h"

namespace stapsh::matrix {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Options {
  std::size_t targets = 1'000;
  long seconds = 120, pause = 1'000, kill_every = 1'000;  // The last two in milliseconds.
  unsigned seed = 1;
};

long elapsed(Clock::time_point since) {
  return static_cast<long>(std::chrono::duration_cast<milliseconds>(Clock::now() - since).count());
}

long resident_kib(int pid) {
  std::istringstream status(real::read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  }
  return 0;
}

// Lines "N: text", as --remote-prefix makes them.
class Listener {
 public:
  explicit Listener(std::size_t targets) : last_(targets), lines_(targets) {}

  void take(std::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n') {
        line_ += c;
        continue;
      }
      const auto target = static_cast<std::size_t>(std::atol(line_.c_str()));
      if (target < last_.size()) last_[target] = Clock::now(), ++lines_[target];
      ++total_;
      line_.clear();
    }
  }
  std::size_t total() const { return total_; }
  std::size_t heard() const {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [](std::size_t n) { return n > 0; }));
  }
  /// How many said nothing for that long.
  std::size_t silent_for(milliseconds time) const {
    const auto quiet = [&](Clock::time_point last) { return Clock::now() - last > time; };
    return static_cast<std::size_t>(std::count_if(last_.begin(), last_.end(), quiet));
  }

 private:
  std::vector<Clock::time_point> last_;
  std::vector<std::size_t> lines_;
  std::size_t total_ = 0;
  std::string line_;
};

struct Session {
  int agent = 0, guardian = 0, runner = 0;
};

// Agents are the client's children; each has a guardian and a runner.
std::vector<Session> sessions_of(int client) {
  const auto children = [](int pid) {
    std::vector<int> all;
    const std::string task = std::to_string(pid);
    std::istringstream text(real::read_file("/proc/" + task + "/task/" + task + "/children"));
    for (int child = 0; text >> child;) all.push_back(child);
    return all;
  };
  std::vector<Session> sessions;
  for (const int agent : children(client)) {
    Session session{agent, 0, 0};
    for (const int child : children(agent)) {
      const std::string name = real::read_file("/proc/" + std::to_string(child) + "/comm");
      (name.starts_with("stapsh-guardian") ? session.guardian : session.runner) = child;
    }
    if (session.guardian != 0 && session.runner != 0) sessions.push_back(session);
  }
  return sessions;
}

int run(const Options& options) {
  real::Scratch scratch;
  (void)::unshare(CLONE_NEWNS);
  (void)::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (::mount(STAPSH_OBEDIENT_RUNNER, "/usr/bin/staprun", nullptr, MS_BIND, nullptr) != 0) return 77;
  scratch.mount_records();
  real::LeakOracle oracle({scratch.tmp(), scratch.records()});
  const std::string fifo = scratch.path("out");
  (void)::mkfifo(fifo.c_str(), 0600);
  const int out = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  std::string list;
  for (std::size_t i = 0; i < options.targets; ++i) list += "stapsh:\n";
  std::vector<std::string> words{"/bin/sh",
                                 "-c",
                                 "exec \"$@\" > " + fifo,
                                 "sh",
                                 STAPSH_CLIENT,
                                 "--remote-prefix",
                                 "--fanout=64",
                                 "--grace=2",
                                 "--stapsh",
                                 STAPSH_AGENT,
                                 "--remote",
                                 "@" + scratch.write("targets", list),
                                 scratch.write("probe.ko", "no module"),
                                 "--runner-arg=chat:" + std::to_string(options.pause)};
  const auto started = Clock::now();
  real::Program client({.argv = words, .env = scratch.environment(), .cwd = scratch.root()});
  Listener listener(options.targets);
  std::string buffer(1 << 20, '\0');
  const auto read_for = [&](milliseconds time) {
    const auto until = Clock::now() + time;
    while (client.running() && Clock::now() < until) {
      pollfd event{out, POLLIN, 0};
      if (::poll(&event, 1, 20) <= 0 || (event.revents & POLLIN) == 0) continue;
      const ssize_t size = ::read(out, buffer.data(), buffer.size());
      if (size > 0) listener.take({buffer.data(), static_cast<std::size_t>(size)});
    }
  };

  while (client.running() && listener.heard() < options.targets && elapsed(started) < 120'000) {
    read_for(milliseconds(50));
  }
  std::printf("%zu of %zu targets speak after %ld ms; the client has %ld KiB\n", listener.heard(), options.targets,
              elapsed(started), resident_kib(client.pid()));
  if (listener.heard() < options.targets) {
    std::printf("%s\n", client.captured().c_str());
    return 1;
  }

  std::mt19937 random(options.seed);
  std::map<std::string, int> kills;
  const auto run_since = Clock::now();
  long first_kib = 0, last_kib = 0, most_kib = 0, next_kill = options.kill_every, next_report = 0;
  while (elapsed(run_since) < options.seconds * 1'000 && client.running()) {
    read_for(milliseconds(100));
    const long now = elapsed(run_since);
    last_kib = resident_kib(client.pid());
    most_kib = std::max(most_kib, last_kib);
    if (now > options.seconds * 1'000 / 10 && first_kib == 0) first_kib = last_kib;
    if (now >= next_report) {
      std::printf("%6ld s  %9zu lines  client %ld KiB\n", now / 1'000, listener.total(), last_kib);
      (void)std::fflush(stdout);
      next_report = now + std::max(1'000L, options.seconds * 100);
    }
    if (options.kill_every == 0 || now < next_kill) continue;
    next_kill += options.kill_every;
    const std::vector<Session> sessions = sessions_of(client.pid());
    if (sessions.empty()) continue;
    const Session& victim = sessions[random() % sessions.size()];
    switch (random() % 4) {
      case 0:
        (void)::kill(victim.agent, SIGKILL), ++kills["agent"];
        break;
      case 1:
        (void)::kill(victim.guardian, SIGKILL), ++kills["guardian"];
        break;
      case 2:
        (void)::kill(victim.runner, SIGKILL), ++kills["runner"];
        break;
      default:
        (void)::kill(victim.agent, SIGKILL), (void)::kill(victim.guardian, SIGKILL), ++kills["both"];
        break;
    }
  }
  std::size_t killed = 0;
  for (const auto& [what, times] : kills) {
    std::printf("killed %s: %d\n", what.c_str(), times);
    killed += static_cast<std::size_t>(times);
  }
  const std::size_t silent = listener.silent_for(seconds(5) + milliseconds(10 * options.pause));
  const auto stopped = Clock::now();
  client.send_signal(SIGINT);
  while (client.running() && elapsed(stopped) < 120'000) read_for(milliseconds(50));
  const long stop_time = elapsed(stopped);
  const bool ended = !client.running();
  std::string err = client.err();
  if (err.size() > 3'000) err = "…" + err.substr(err.size() - 3'000);
  std::printf("%s\n", err.c_str());
  std::size_t left = 0;
  for (const std::string& thing : oracle.left(seconds(20))) {
    if (left++ < 20) std::printf("left behind: %s\n", thing.c_str());
  }
  (void)::umount2("/usr/bin/staprun", MNT_DETACH);
  const bool flat = last_kib < first_kib + first_kib / 10 + 1'024;
  std::printf(
      "%zu targets, %ld s, %zu lines; %zu killed, %zu silent; stop: %ld ms%s; client KiB: %ld after a tenth, "
      "%ld at the end, %ld most%s; %zu left behind\n",
      options.targets, options.seconds, listener.total(), killed, silent, stop_time, ended ? "" : " (STUCK)", first_kib,
      last_kib, most_kib, flat ? "" : " (NOT FLAT)", left);
  return ended && left == 0 && flat && silent <= killed ? 0 : 1;
}

}  // namespace
}  // namespace stapsh::matrix

int main(int argc, char** argv) {
  stapsh::matrix::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string word = argv[i];
    const long value = std::atol(argv[i + 1]);
    if (word == "--targets") options.targets = static_cast<std::size_t>(value);
    if (word == "--seconds") options.seconds = value;
    if (word == "--pause") options.pause = value;
    if (word == "--kill-every") options.kill_every = value;
    if (word == "--seed") options.seed = static_cast<unsigned>(value);
  }
  if (argc % 2 == 0 || ::geteuid() != 0) {
    (void)std::fputs("usage, as root: thousand [--targets N] [--seconds N] [--pause MS] [--kill-every MS] [--seed N]\n",
                     stderr);
    return 2;
  }
  return stapsh::matrix::run(options);
}
