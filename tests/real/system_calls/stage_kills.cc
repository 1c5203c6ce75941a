// SPDX-License-Identifier: Apache-2.0
// stage_kills [--sample N] [--shell PATH]: the first stage of --bootstrap, and the agent that it becomes, killed at
// each of its system calls (each N-th). Then another stage comes, and after its session nothing may be there.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/sha256.h"
#include "client/transport/bootstrap_stage.h"
#include "harness/scratch.h"
#include "tracer.h"

namespace stapsh::calls {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kBound(60);
constexpr std::size_t kMissesMax = 3;

// Reads what the stage says, and answers as rstap does; an agent is told to go.
std::string talk(int in, int out, const std::string& header, const std::string& image) {
  std::string said, all;
  char buffer[4'096];
  const auto answer = [&](std::string_view words, std::string_view text) {
    if (said.find(words) == std::string::npos) return;
    said.clear();
    while (!text.empty()) {
      const ssize_t wrote = ::send(in, text.data(), text.size(), MSG_NOSIGNAL);
      if (wrote <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(wrote));
    }
  };
  for (ssize_t got = 0; (got = ::read(out, buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<std::size_t>(got));
    all.append(buffer, static_cast<std::size_t>(got));
    answer("stapsh-stage ready x86_64\n", header);
    answer("stapsh-stage send ", image);
    answer("stapsh-stage run ", "quit\n");
  }
  (void)::close(out);
  return all;
}

class Place {
 public:
  explicit Place(std::string shell) : shell_(std::move(shell)) {
    const std::string strip = "strip -o " + scratch_.path("stapsh") + " " STAPSH_AGENT;
    if (std::system(strip.c_str()) != 0) throw real::HarnessError("strip");
    image_ = real::read_file(scratch_.path("stapsh"));
    header_ = std::to_string(image_.size()) + " " + sha256_hex(image_) + " ";
    folder_ = scratch_.make_folder("place");
  }

  /// Whether the stage came to its `at`-th call, and died there. 0: it is left alone.
  bool run(std::size_t at) {
    Injection injection;
    injection.subject = Role::kClient;
    injection.kill = true;
    injection.at = at;
    Tracer tracer(Role::kClient, at > 0 ? std::optional(injection) : std::nullopt, false);
    int in[2], out[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
      throw real::HarnessError("pipe");
    }
    Tracer::Program program;
    program.role = Role::kClient;
    program.argv = {shell_, "-c", std::string(client::stage_text())};
    program.env = {"PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=" + folder_, "TMPDIR=" + scratch_.tmp()};
    program.in = in[0], program.out = out[1];
    const pid_t stage = tracer.start(program);
    (void)::close(in[0]);
    (void)::close(out[1]);
    std::atomic<bool> over = false;
    std::thread client([&] {
      said_ = talk(in[1], out[0], "remove " + header_ + "t" + std::to_string(runs_++) + "\n", image_);
      over = true;
    });
    // Who was started by the stage and outlives it is served as well, and gets the end of its input, as behind an sshd:
    // it may have our pipes. The stage itself must be reaped, too: kill -0 finds a zombie, and the next stage would
    // take it for alive.
    const bool ended = tracer.serve_until(kBound, [&] {
      const bool gone = tracer.exit_code(stage).has_value();
      if (gone) (void)::shutdown(in[1], SHUT_RDWR);
      return gone && over.load();
    });
    if (!ended) (void)::kill(stage, SIGKILL);
    client.join();
    (void)::close(in[1]);
    if (!ended) throw real::HarnessError("the stage does not end; it said:\n" + said_);
    code_ = *tracer.exit_code(stage);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    return tracer.injected();
  }

  /// Whether the last stage became an agent.
  bool became() const { return said_.find("stapsh-stage run ") != std::string::npos; }
  /// How the last stage ended, and all that it and its agent said.
  std::string end() const { return "exit code " + std::to_string(code_) + ", said:\n" + said_; }

  /// What is there, in one line.
  std::string left() const {
    std::string text;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) text += " " + entry.path().string();
    for (const auto& entry : fs::recursive_directory_iterator(scratch_.tmp())) text += " " + entry.path().string();
    return text;
  }

 private:
  real::Scratch scratch_;
  std::string shell_, image_, header_, folder_, said_;
  int runs_ = 0, code_ = 0;
};

int sweep(std::size_t sample, const std::string& shell) {
  Place place(shell);
  (void)place.run(0);
  if (const std::string left = place.left(); !left.empty() || !place.became()) {
    std::printf("undisturbed: left%s; %s\n", left.c_str(), place.end().c_str());
    return 1;
  }
  std::size_t killed = 0, found = 0, faults = 0, missed = 0;
  // No two runs have equally many calls: at the end some come to theirs, and some don't.
  for (std::size_t at = 1; missed < kMissesMax; at += sample) {
    if (!place.run(at)) {
      ++missed;
      continue;
    }
    missed = 0;
    ++killed;
    found += !place.left().empty();
    (void)place.run(0);
    if (const std::string left = place.left(); !left.empty() || !place.became()) {
      ++faults;
      std::printf("killed at call %zu: left%s; %s\n", at, left.c_str(), place.end().c_str());
    }
  }
  std::printf("%s: killed %zu times, %zu left something, which the next one removed; %zu faults\n", shell.c_str(),
              killed, found, faults);
  return faults > 0 || killed == 0 ? 1 : 0;
}

}  // namespace
}  // namespace stapsh::calls

int main(int argc, char** argv) {
  std::size_t sample = 1;
  std::string shell = "/bin/sh";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--sample") sample = static_cast<std::size_t>(std::atol(argv[i + 1]));
    if (name == "--shell") shell = argv[i + 1];
  }
  if (::geteuid() != 0) return 77;
  (void)::signal(SIGPIPE, SIG_IGN);
  try {
    return stapsh::calls::sweep(sample > 0 ? sample : 1, shell);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "stage_kills: %s\n", e.what());
    return 1;
  }
}
