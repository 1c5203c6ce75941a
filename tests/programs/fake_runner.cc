// SPDX-License-Identifier: Apache-2.0
// A runner that does what its arguments say, step by step, for what real runners can't be made to do on demand.
// A test mounts it over /usr/bin/staprun and sends the steps as the words of `run`:
//   out:N err:N     N bytes of a pattern (position-dependent), in one go     chunks:SIZExN  N writes of SIZE bytes
//   drip:NxMS       N lines, so many milliseconds apart: an end probe that takes its time
//   say:TEXT        TEXT and a newline, in one write                         warn:TEXT      the same to standard error
//   part:TEXT       TEXT without a newline
//   ignore:N        ignore signal N         catch:N   catch it               pause          until a caught signal came;
//                                                                                           then says `caught N`
//   forever         wait for ever           stdin     say how many bytes standard input had until its end
//   child           a child that holds the outputs, waits for ever; its pid is said
//   stubborn        the same, in a session of its own, ignoring HUP, INT and TERM
//   hidden          the same, with an empty environment
//   storm:N         N processes, each of which forks and ends at once, in a new session, and its child does so again
//   file:PATH       say the file's size and mode     signals   say which signals are blocked and ignored
//   reads:N         say whether descriptor N can be read
//   fds             say how many descriptors over 2 are open    chain   say the names of the parents
//   parent          say the parent's pid: the agent
//   exit:N die:N    end with code N, by signal N
// Unknown words (-v, a module's name, -r 0:uri) are skipped, as a runner's real arguments.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

volatile sig_atomic_t caught = 0;

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0) ::_exit(99);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

void say(const std::string& text) { write_all(1, text + "\n"); }

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at++) bytes[at] = static_cast<char>((at * 31 + at / 251) % 256);
  return bytes;
}

[[noreturn]] void wait_for_ever() {
  while (true) (void)::pause();
}

void start_child(bool stubborn) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (stubborn) {
      (void)::setsid();
      for (const int signo : {SIGHUP, SIGINT, SIGTERM}) (void)::signal(signo, SIG_IGN);
    }
    wait_for_ever();
  }
  say("child " + std::to_string(pid));
}

// What it executes has no mark in its environment.
void start_hidden_child() {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) ::_exit(99);
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::setsid();
    const char* const words[] = {"hidden", "ignore:1", "ignore:2", "ignore:15", "forever", nullptr};
    const char* const nothing[] = {nullptr};
    (void)::execve("/proc/self/exe", const_cast<char* const*>(words), const_cast<char* const*>(nothing));
    ::_exit(99);
  }
  (void)::close(ready[1]);
  char byte = 0;
  (void)!::read(ready[0], &byte, 1);  // Until exec has closed the other end.
  (void)::close(ready[0]);
  say("child " + std::to_string(pid));
}

[[noreturn]] void be_a_storm() {
  while (true) {
    if (::fork() > 0) ::_exit(0);
    (void)::setsid();
  }
}

void start_storm(int processes) {
  (void)::signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < processes; i++)
    if (::fork() == 0) be_a_storm();
}

void wait_for_signal(const sigset_t& blocked) {
  sigset_t open = blocked;
  for (int signo = 1; signo < NSIG; signo++) {
    struct sigaction action {};
    (void)::sigaction(signo, nullptr, &action);
    if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) sigdelset(&open, signo);
  }
  while (caught == 0) (void)::sigsuspend(&open);
  say("caught " + std::to_string(static_cast<int>(caught)));
  caught = 0;
}

void say_signals() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigBlk") || line.starts_with("SigIgn")) say(line);
}

void say_file(const std::string& path) {
  struct stat info {};
  char text[64];
  if (::stat(path.c_str(), &info) != 0) return say("no " + path);
  (void)std::snprintf(text, sizeof text, "%s %lld %o", path.c_str(), static_cast<long long>(info.st_size),
                      info.st_mode & 07777);
  say(text);
}

void say_open_descriptors() {
  int count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    count += fd > 2 && fd != ::dirfd(folder) ? 1 : 0;
  }
  (void)::closedir(folder);
  say("fds " + std::to_string(count));
}

void say_chain() {
  std::string names;
  for (int pid = ::getppid(); pid > 1;) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    const std::size_t open = stat.find('('), close = stat.rfind(')');
    if (close == std::string::npos) break;
    names += " " + stat.substr(open + 1, close - open - 1);
    char state = 0;
    std::istringstream(stat.substr(close + 1)) >> state >> pid;
  }
  say("chain" + names);
}

void count_input() {
  std::size_t total = 0;
  char buffer[4096];
  for (ssize_t size; (size = ::read(0, buffer, sizeof buffer)) > 0;) total += static_cast<std::size_t>(size);
  say("stdin " + std::to_string(total));
}

void drip(int lines, int milliseconds) {
  for (int i = 0; i < lines; i++) {
    (void)::poll(nullptr, 0, milliseconds);
    say("drip");
  }
}

void catch_signal(int signo) {
  // Blocked until `pause`, so that one that comes early is not lost.
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signo);
  (void)::sigprocmask(SIG_BLOCK, &one, nullptr);
  (void)::signal(signo, [](int number) { caught = number; });
}

void perform(const std::string& name, const std::string& value) {
  const int number = std::atoi(value.c_str());
  if (name == "out" || name == "err") write_all(name == "out" ? 1 : 2, pattern(static_cast<std::size_t>(number)));
  if (name == "chunks") {
    const std::string bytes = pattern(static_cast<std::size_t>(number));
    const int times = std::atoi(value.c_str() + value.find('x') + 1);
    for (int i = 0; i < times; i++) write_all(1, bytes);
  }
  if (name == "drip") drip(number, std::atoi(value.c_str() + value.find('x') + 1));
  if (name == "say") say(value);
  if (name == "part") write_all(1, value);
  if (name == "warn") write_all(2, value + "\n");
  if (name == "ignore") (void)::signal(number, SIG_IGN);
  if (name == "catch") catch_signal(number);
  if (name == "pause") {
    sigset_t blocked;
    (void)::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    wait_for_signal(blocked);
  }
  if (name == "forever") wait_for_ever();
  if (name == "stdin") count_input();
  if (name == "hidden") start_hidden_child();
  if (name == "storm") start_storm(number);
  if (name == "child" || name == "stubborn") start_child(name == "stubborn");
  if (name == "file") say_file(value);
  if (name == "signals") say_signals();
  if (name == "reads") {
    const bool reads = (::fcntl(number, F_GETFL) & O_ACCMODE) != O_WRONLY;
    say(std::to_string(number) + (reads ? " can be read" : " is for writing"));
  }
  if (name == "fds") say_open_descriptors();
  if (name == "chain") say_chain();
  if (name == "parent") say("parent " + std::to_string(::getppid()));
  if (name == "exit") ::_exit(number);
  if (name == "die") {
    (void)::signal(number, SIG_DFL);
    (void)::raise(number);
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    const std::size_t colon = std::min(word.find(':'), word.size());
    perform(word.substr(0, colon), colon < word.size() ? word.substr(colon + 1) : "");
  }
  return 0;
}
