// SPDX-License-Identifier: Apache-2.0
// system_calls: a full session is counted, then run again for each system call of each of its processes: once killed
// there, and once for each error that fits the call. After each, what is left, and whether the truth was told.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "session_run.h"

namespace stapsh::calls {
namespace {

constexpr const char* kUsage =
    "usage: system_calls [--scenario S]... [--subject R]... [--call NAME] [--kill N] [--fail N:ERROR]\n"
    "                    [--sample N] [--first N] [--minutes N] [--workers N] [--list] [--verbose]\n"
    "Scenarios: stapsh, unix, rfc, released, keeping, orphaned. Subjects: client, starter, listener, agent, guardian,\n"
    "runner-start, sweeper, sweep. Runs all that the options leave; --sample: every N-th of it, from --first on; "
    "--minutes:\n"
    "as much as that gives room for, in mixed order. One run again, as a failure prints it: --scenario S\n"
    "--subject R --kill N, or --scenario S --subject R --call NAME --fail N:ERROR. Exits with 1 if one failed.\n";

struct Options {
  std::vector<std::string> scenarios, subjects;
  std::string call, fail;
  std::size_t kill = 0, sample = 1, first = 0, minutes = 0, workers = 2;
  bool list = false, verbose = false;
};

struct Job {
  Scenario scenario;
  Injection injection;
};

// What the runs without an injection showed.
struct Counted {
  std::size_t calls = 0, not_applicable = 0;
  std::map<std::string, std::map<std::string, std::size_t>> reasons;  // Why not, of which calls, how often.
};

struct Counts {
  std::size_t killed = 0, failed = 0, not_reached = 0, swept = 0, leaks = 0, faults = 0;
};

bool chosen(const std::vector<std::string>& wanted, std::string_view name) {
  for (const std::string& each : wanted) {
    if (each == name) return true;
  }
  return wanted.empty();
}

std::string label_of(const Job& job) {
  const Injection& injection = job.injection;
  std::string text = "--scenario " + std::string(name_of(job.scenario)) + " --subject " +
                     std::string(name_of(injection.subject)) + " ";
  if (injection.kill) return text + "--kill " + std::to_string(injection.at);
  return text + "--call " + name_of_call(injection.call) + " --fail " + std::to_string(injection.at) + ":" +
         name_of_error(injection.failure.error);
}

std::string one_line(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) text.replace(at, 1, " | ");
  return text;
}

// The answers of a worker are short: a line of flags and the faults.
struct Answer {
  SessionResult result;
  std::string transcript;
};

std::string encode(const SessionResult& result, const std::string& transcript) {
  std::string text = std::to_string(result.injected) + " " + std::to_string(result.leak) + " " +
                     std::to_string(result.swept) + " " + std::to_string(result.exit_code) + " " +
                     std::to_string(result.milliseconds) + "\n";
  for (const std::string& fault : result.faults) text += one_line(fault).substr(0, 500) + "\n";
  return text.substr(0, 4'000) + "\f" + transcript.substr(0, 3'000);
}

SessionResult harness_fault(const std::exception& e) {
  SessionResult result;
  result.faults.push_back("harness: " + std::string(e.what()));
  return result;
}

Answer decode(const std::string& text) {
  Answer answer;
  const std::size_t split = text.find('\f');
  answer.transcript = split == std::string::npos ? "" : text.substr(split + 1);
  int injected = 0, leak = 0, swept = 0;
  if (std::sscanf(text.c_str(), "%d %d %d %d %ld", &injected, &leak, &swept, &answer.result.exit_code,
                  &answer.result.milliseconds) != 5) {
    answer.result.faults = {"the worker died"};
    return answer;
  }
  answer.result.injected = injected != 0, answer.result.leak = leak != 0, answer.result.swept = swept != 0;
  std::size_t at = text.find('\n') + 1;
  while (at < split) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos || end > split) break;
    answer.result.faults.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return answer;
}

// The first process of a new pid namespace: whatever a session leaves dies with it.
[[noreturn]] void work(int channel, const std::vector<Job>& jobs) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    World world;
    std::size_t index = 0;
    while (::recv(channel, &index, sizeof index, 0) == static_cast<ssize_t>(sizeof index)) {
      std::string answer;
      try {
        const Job& job = jobs[index];
        const SessionResult result = world.run(job.scenario, job.injection.subject, job.injection);
        answer = encode(result, world.transcript());
      } catch (const std::exception& e) {
        answer = encode(harness_fault(e), "");
      }
      (void)::send(channel, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  } catch (const std::exception& e) {
    const std::string answer = encode(harness_fault(e), "");
    (void)::send(channel, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  ::_exit(0);
}

// `body` as the first process of a new pid namespace, in a new mount namespace. The process between is what we wait
// for.
template <typename Body>
pid_t in_namespaces(Body body) {
  (void)std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) ::_exit(77);
  const pid_t inner = ::fork();
  if (inner == 0) body();
  (void)::close_range(3, ~0U, 0);  // The ends of channels: who waits for the end of one must not wait for us.
  int status = 0;
  while (::waitpid(inner, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

struct Worker {
  pid_t pid;
  int channel;
  std::size_t job = 0;
  bool busy = false;
};

Worker start_worker(const std::vector<Job>& jobs, const std::vector<Worker>& others) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
  const pid_t pid = in_namespaces([&] {
    (void)::close(pair[0]);
    for (const Worker& other : others) (void)::close(other.channel);
    work(pair[1], jobs);
  });
  (void)::close(pair[1]);
  return {pid, pair[0]};
}

// Runs each scenario once for each subject and makes the list of all that can go wrong.
bool count(const Options& options, std::vector<Job>& jobs, Counted& counted) {
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) return false;
  // Call by call: SCENARIO SUBJECT NUMBER ARGUMENTS FILE.
  const pid_t pid = in_namespaces([&] {
    (void)::close(pair[0]);
    std::FILE* const out = ::fdopen(pair[1], "w");
    int code = 0;
    try {
      World world;
      for (std::size_t s = 0; s < kScenarios; ++s) {
        const auto scenario = static_cast<Scenario>(s);
        if (!chosen(options.scenarios, name_of(scenario))) continue;
        for (const Role subject : subjects_of(scenario)) {
          if (!chosen(options.subjects, name_of(subject))) continue;
          const SessionResult result = world.run(scenario, subject, std::nullopt);
          for (const std::string& fault : result.faults) {
            std::printf("FAIL --scenario %s, nothing injected: %s\n%s\n", std::string(name_of(scenario)).c_str(),
                        fault.c_str(), world.transcript().c_str());
            code = 1;
          }
          for (const Call& call : result.calls) {
            (void)std::fprintf(out, "%zu %d %ld %lu %lu %lu %d %s\n", s, static_cast<int>(subject), call.number,
                               call.arguments[0], call.arguments[1], call.arguments[2], call.own_pipe ? 1 : 0,
                               call.file.empty() ? "-" : call.file.c_str());
          }
        }
      }
    } catch (const std::exception& e) {
      std::printf("system_calls: %s\n", e.what());
      code = 1;
    }
    (void)std::fflush(nullptr);
    ::_exit(code);
  });
  (void)::close(pair[1]);
  std::FILE* const in = ::fdopen(pair[0], "r");
  std::map<std::pair<std::size_t, int>, std::size_t> calls;
  std::map<std::tuple<std::size_t, int, long>, std::size_t> same_calls;
  char line[4'352], file[4'096];
  while (std::fgets(line, sizeof line, in) != nullptr) {
    std::size_t scenario = 0;
    int subject = 0, own_pipe = 0;
    Call call;
    if (std::sscanf(line, "%zu %d %ld %lu %lu %lu %d %4095s", &scenario, &subject, &call.number, &call.arguments[0],
                    &call.arguments[1], &call.arguments[2], &own_pipe, file) != 8)
      continue;
    call.file = file;
    call.own_pipe = own_pipe != 0;
    call.of_client = static_cast<Role>(subject) == Role::kClient;
    call.signals_blocked =
        static_cast<Role>(subject) == Role::kStarter || static_cast<Role>(subject) == Role::kRunnerStart;
    ++counted.calls;
    const auto role = static_cast<Role>(subject);
    Job job{static_cast<Scenario>(scenario), {role, true, ++calls[{scenario, subject}], 0, {}}};
    jobs.push_back(job);
    job.injection.kill = false;
    job.injection.call = call.number;
    job.injection.at = ++same_calls[{scenario, subject, call.number}];
    const Fit fit = failures_of(call);
    for (const Failure& failure : fit.failures) {
      job.injection.failure = failure;
      jobs.push_back(job);
    }
    if (!fit.failures.empty()) continue;
    ++counted.not_applicable;
    ++counted.reasons[std::string(fit.not_applicable)][name_of_call(call.number)];
  }
  (void)std::fclose(in);
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::vector<Job> select(const Options& options, const std::vector<Job>& all) {
  std::vector<Job> jobs;
  std::size_t matching = 0;
  for (const Job& job : all) {
    const Injection& injection = job.injection;
    if (options.kill > 0 && (!injection.kill || injection.at != options.kill)) continue;
    if (!options.call.empty() && (injection.kill || name_of_call(injection.call) != options.call)) continue;
    if (!options.fail.empty()) {
      const std::string which = std::to_string(injection.at) + ":" + name_of_error(injection.failure.error);
      if (injection.kill || which != options.fail) continue;
    }
    if (matching++ % options.sample == options.first % options.sample) jobs.push_back(job);
  }
  if (options.minutes == 0) return jobs;
  // What is cut off by the clock shall be something of everything.
  std::mt19937 fixed(1);
  std::shuffle(jobs.begin(), jobs.end(), fixed);
  return jobs;
}

class Sweep {
 public:
  Sweep(std::vector<Job> jobs, bool verbose) : jobs_(std::move(jobs)), verbose_(verbose) {}

  Counts run(const Options& options) {
    const auto until = options.minutes == 0 ? std::chrono::steady_clock::time_point::max()
                                            : std::chrono::steady_clock::now() + std::chrono::minutes(options.minutes);
    for (std::size_t i = 0; i < std::min(options.workers, jobs_.size()); ++i) {
      workers_.push_back(start_worker(jobs_, workers_));
    }
    for (Worker& worker : workers_) give(worker);
    while (busy_ > 0) {
      std::vector<pollfd> fds;
      for (const Worker& worker : workers_) fds.push_back({worker.busy ? worker.channel : -1, POLLIN, 0});
      (void)::poll(fds.data(), fds.size(), -1);
      if (std::chrono::steady_clock::now() > until) next_ = jobs_.size();
      for (std::size_t i = 0; i < workers_.size(); ++i) {
        if (fds[i].revents != 0) take(workers_[i]);
      }
    }
    for (const Worker& worker : workers_) {
      (void)::close(worker.channel);
      (void)::waitpid(worker.pid, nullptr, 0);
    }
    return counts_;
  }

 private:
  void give(Worker& worker) {
    if (next_ >= jobs_.size()) return;
    worker.job = next_++;
    worker.busy = true;
    ++busy_;
    (void)::send(worker.channel, &worker.job, sizeof worker.job, MSG_NOSIGNAL);
  }

  void take(Worker& worker) {
    std::string text(8'192, '\0');
    const ssize_t size = ::recv(worker.channel, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    worker.busy = false;
    --busy_;
    report(jobs_[worker.job], decode(text));
    if (size <= 0) {
      (void)::close(worker.channel);
      (void)::waitpid(worker.pid, nullptr, 0);
      worker = start_worker(jobs_, workers_);
    }
    give(worker);
  }

  void report(const Job& job, const Answer& answer) {
    const SessionResult& result = answer.result;
    if (!result.injected && result.faults.empty()) {
      ++counts_.not_reached;
    } else {
      ++(job.injection.kill ? counts_.killed : counts_.failed);
    }
    if (result.leak) ++counts_.leaks;
    if (result.swept) ++counts_.swept;
    if (!result.faults.empty() && !result.leak) ++counts_.faults;
    if (result.faults.empty() && !verbose_) return;
    std::string faults;
    for (const std::string& fault : result.faults) faults += (faults.empty() ? "" : "; ") + fault;
    std::printf("%s %s: exit %d, %ld ms%s%s%s\n", result.faults.empty() ? "pass" : "FAIL", label_of(job).c_str(),
                result.exit_code, result.milliseconds, result.injected ? "" : ", not reached",
                faults.empty() ? "" : ": ", faults.c_str());
    if (verbose_ || !result.faults.empty()) std::printf("%s\n", answer.transcript.c_str());
    (void)std::fflush(stdout);
  }

  const std::vector<Job> jobs_;
  bool verbose_;
  std::vector<Worker> workers_;
  std::size_t next_ = 0, busy_ = 0;
  Counts counts_;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--list" || word == "--verbose") {
      (word == "--list" ? options.list : options.verbose) = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    const auto number = [&] { return static_cast<std::size_t>(std::atol(value.c_str())); };
    if (word == "--scenario") {
      options.scenarios.push_back(value);
    } else if (word == "--subject") {
      options.subjects.push_back(value);
    } else if (word == "--call") {
      options.call = value;
    } else if (word == "--fail") {
      options.fail = value;
    } else if (word == "--kill") {
      options.kill = number();
    } else if (word == "--sample") {
      options.sample = std::max<std::size_t>(1, number());
    } else if (word == "--first") {
      options.first = number();
    } else if (word == "--minutes") {
      options.minutes = number();
    } else if (word == "--workers") {
      options.workers = std::max<std::size_t>(1, number());
    } else {
      return false;
    }
  }
  return true;
}

int run(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    (void)std::fputs(kUsage, stderr);
    return 2;
  }
  if (::geteuid() != 0) {
    (void)std::fputs("system_calls: needs root: mount and pid namespaces\n", stderr);
    return 77;
  }
  std::vector<Job> all;
  Counted counted;
  const bool sound = count(options, all, counted);
  std::vector<Job> jobs = select(options, all);
  if (options.list) {
    for (const Job& job : jobs) std::printf("%s\n", label_of(job).c_str());
    for (const auto& [why, calls] : counted.reasons) {
      std::printf("not applicable: %s:", why.c_str());
      for (const auto& [name, times] : calls) std::printf(" %s %zu", name.c_str(), times);
      std::printf("\n");
    }
  }
  Counts counts;
  if (!options.list) counts = Sweep(std::move(jobs), options.verbose).run(options);
  std::printf(
      "%zu calls: killed at %zu, failed at %zu, %zu leaks, %zu left to a sweep, %zu other faults, "
      "%zu not reached, %zu not applicable\n",
      counted.calls, counts.killed, counts.failed, counts.leaks, counts.swept, counts.faults, counts.not_reached,
      counted.not_applicable);
  return sound && counts.leaks + counts.faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace stapsh::calls

int main(int argc, char** argv) { return stapsh::calls::run(argc, argv); }
