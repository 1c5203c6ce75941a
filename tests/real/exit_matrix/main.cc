// SPDX-License-Identifier: Apache-2.0
// exit_matrix: runs the cells of the exit matrix, several at once, each worker in a world of its own.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "cell.h"
#include "table.h"
#include "world.h"

namespace stapsh::matrix {
namespace {

constexpr const char* kUsage =
    "usage: exit_matrix [--phase P]... [--event E]... [--transport T]... [--sample N] [--workers N] [--list]\n"
    "Runs the cells that are named (all, where none is); --sample: every N-th of those that apply.\n"
    "Prints each cell, then the counts; exits with 1 if one failed.\n";

struct Options {
  std::vector<std::string> phases, events, transports;
  std::size_t sample = 1, workers = 3;
  bool list = false;
};

bool chosen(const std::vector<std::string>& wanted, std::string_view name) {
  for (const std::string& each : wanted) {
    if (each == name) return true;
  }
  return wanted.empty();
}

std::string label_of(const Cell& cell) {
  std::string label;
  for (const auto& [name, width] :
       {std::pair{name_of(cell.phase), 13}, {name_of(cell.event), 18}, {name_of(cell.transport), 7}}) {
    label += std::string(name) + std::string(static_cast<std::size_t>(width) - name.size(), ' ');
  }
  return label;
}

struct Counts {
  std::size_t passed = 0, failed = 0, not_applicable = 0;
};

// One line for a terminal: a fault can hold everything that the client said.
std::string one_line(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) text.replace(at, 1, " | ");
  return text;
}

// What a worker answers: "MILLISECONDS EXIT_CODE", and behind them the faults, if there are any.
[[noreturn]] void work(int channel, const std::vector<Cell>& cells) {
  try {
    World world;
    std::size_t index = 0;
    while (::recv(channel, &index, sizeof index, 0) == static_cast<ssize_t>(sizeof index)) {
      std::string answer;
      if (index == cells.size()) {
        answer = "0 0";
        for (const std::string& thing : world.end_listener()) answer += " " + thing + ";";
      } else {
        try {
          const CellResult result = run_cell(cells[index], world);
          answer = std::to_string(result.milliseconds) + " " + std::to_string(result.exit_code);
          for (const std::string& fault : result.faults) answer += " " + fault + ";";
        } catch (const std::exception& e) {
          answer = "0 -1 harness: " + std::string(e.what());
        }
      }
      answer = answer.substr(0, 6'000);
      (void)::send(channel, answer.data(), answer.size(), MSG_NOSIGNAL);
      if (index == cells.size()) break;
    }
  } catch (const std::exception& e) {
    const std::string answer = "0 -1 harness: " + std::string(e.what());
    (void)::send(channel, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::_exit(1);
  }
  ::_exit(0);
}

class Runner {
 public:
  explicit Runner(std::vector<Cell> cells) : cells_(std::move(cells)) {}

  Counts run(std::size_t workers) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (verdict_of(cells_[i]).not_applicable.empty()) {
        queue_.push_back(i);
        continue;
      }
      ++counts_.not_applicable;
      std::printf("%s n-a            %s\n", label_of(cells_[i]).c_str(),
                  std::string(verdict_of(cells_[i]).not_applicable).c_str());
    }
    (void)std::fflush(stdout);
    for (std::size_t i = 0; i < std::min(workers, queue_.size()); ++i) start_worker();
    for (Worker& worker : workers_) give(worker);
    while (busy_ > 0) {
      std::vector<pollfd> fds;
      for (const Worker& worker : workers_) fds.push_back({worker.busy ? worker.channel : -1, POLLIN, 0});
      (void)::poll(fds.data(), fds.size(), -1);
      for (std::size_t i = 0; i < workers_.size(); ++i) {
        if (fds[i].revents != 0) take_answer(workers_[i]);
      }
    }
    for (const Worker& worker : workers_) {
      (void)::close(worker.channel);
      (void)::waitpid(worker.pid, nullptr, 0);
    }
    return counts_;
  }

 private:
  struct Worker {
    pid_t pid;
    int channel;
    std::size_t cell = 0;
    bool busy = false;
  };

  void start_worker() {
    int pair[2];
    (void)::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
    const pid_t pid = ::fork();
    if (pid == 0) {
      (void)::close(pair[0]);
      for (const Worker& other : workers_) (void)::close(other.channel);
      work(pair[1], cells_);
    }
    (void)::close(pair[1]);
    workers_.push_back({pid, pair[0]});
  }

  // The last "cell" is the end of the worker's listener.
  void give(Worker& worker) {
    worker.cell = cells_.size();
    if (!queue_.empty()) {
      worker.cell = queue_.front();
      queue_.pop_front();
    }
    worker.busy = true;
    ++busy_;
    (void)::send(worker.channel, &worker.cell, sizeof worker.cell, MSG_NOSIGNAL);
  }

  void take_answer(Worker& worker) {
    std::string answer(8'192, '\0');
    const ssize_t size = ::recv(worker.channel, answer.data(), answer.size(), 0);
    worker.busy = false;
    --busy_;
    answer.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size <= 0) answer = "0 -1 harness: the worker died";
    const bool last = worker.cell == cells_.size();
    const std::string label = last ? "end of the listener                   " : label_of(cells_[worker.cell]);
    std::istringstream words(answer);
    std::string time, code, faults;
    words >> time >> code;
    std::getline(words >> std::ws, faults, '\0');
    faults = one_line(faults);
    if (!faults.empty() || !last) {
      ++(faults.empty() ? counts_.passed : counts_.failed);
      std::printf("%s %s %6s ms  exit %-4s %s\n", label.c_str(), faults.empty() ? "PASS" : "FAIL", time.c_str(),
                  code.c_str(), faults.c_str());
      (void)std::fflush(stdout);
    }
    if (size <= 0 && busy_ == 0) {
      for (; !queue_.empty(); queue_.pop_front()) ++counts_.failed;  // No worker is left.
    }
    if (size <= 0) return;
    if (!last) give(worker);
  }

  const std::vector<Cell> cells_;
  std::deque<std::size_t> queue_;
  std::vector<Worker> workers_;
  std::size_t busy_ = 0;
  Counts counts_;
};

std::vector<Cell> select(const Options& options) {
  std::vector<Cell> cells;
  std::size_t applicable = 0;
  for (const Cell& cell : all_cells()) {
    if (!chosen(options.phases, name_of(cell.phase)) || !chosen(options.events, name_of(cell.event)) ||
        !chosen(options.transports, name_of(cell.transport)))
      continue;
    if (options.sample > 1 && !verdict_of(cell).not_applicable.empty()) continue;
    if (applicable++ % options.sample == 0) cells.push_back(cell);
  }
  return cells;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--list") {
      options.list = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (word == "--phase") {
      options.phases.push_back(value);
    } else if (word == "--event") {
      options.events.push_back(value);
    } else if (word == "--transport") {
      options.transports.push_back(value);
    } else if (word == "--sample") {
      options.sample = std::max(1UL, std::stoul(value));
    } else if (word == "--workers") {
      options.workers = std::max(1UL, std::stoul(value));
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
  const std::vector<Cell> cells = select(options);
  if (options.list) {
    for (const Cell& cell : cells) {
      const std::string_view why = verdict_of(cell).not_applicable;
      std::printf("%s %s\n", label_of(cell).c_str(), why.empty() ? "" : ("n-a: " + std::string(why)).c_str());
    }
    return 0;
  }
  if (::geteuid() != 0) {
    (void)std::fputs("exit_matrix: needs root: mount namespaces, sshd\n", stderr);
    return 77;
  }
  const Counts counts = Runner(cells).run(options.workers);
  std::printf("%zu cells: %zu passed, %zu failed, %zu not applicable\n",
              counts.passed + counts.failed + counts.not_applicable, counts.passed, counts.failed,
              counts.not_applicable);
  return counts.failed == 0 && counts.passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace stapsh::matrix

int main(int argc, char** argv) { return stapsh::matrix::run(argc, argv); }
