// SPDX-License-Identifier: Apache-2.0
#include "agent/signature_question.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>

#include "agent/policy_file.h"
#include "agent/runner_finder.h"
#include "protocol/command.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/executable.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr std::size_t kWordsBytesMax = 16'384;
constexpr Duration kReapLimit = std::chrono::milliseconds(500);
// The letters that all keys begin with: of the length of their type's name, in base 64.
constexpr std::string_view kKeyBegin = "AAAA", kBlanks = " \t\r";

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

struct Answer {
  bool good = false;
  std::string said;
  std::string trouble;  // Why it could not be asked; then no other question makes sense.
};

// What it says on `stream`, one of its outputs.
Answer run(sys::SpawnOptions spawn, int sys::SpawnOptions::*stream, TimePoint deadline) {
  if (sys::now() >= deadline) return {false, {}, std::string(kTooSlow)};
  Result<sys::Pipe> words = sys::make_pipe({.nonblocking_read = true});
  if (!words) return {false, {}, words.error().what};
  spawn.env = std::vector<std::string>();
  spawn.stdout_fd = spawn.stderr_fd = sys::kDevNull;
  spawn.*stream = words->write_end.get();
  spawn.parent_death_signal = SIGKILL;
  Result<sys::Child> child = sys::spawn(spawn);
  words->write_end.reset();
  if (!child)
    return {false, {}, std::string("ssh-keygen can't be executed: ") + std::strerror(child.error().sys_errno)};
  Answer answer;
  std::array<char, 1'024> buffer;
  while (true) {
    const Result<bool> news = sys::wait_for(words->read_end.get(), POLLIN, deadline);
    if (!news || !*news) return {false, {}, std::string(kTooSlow)};  // Who still lives is killed with `child`.
    const Result<sys::IoResult> got = sys::read_some(words->read_end.get(), buffer);
    if (!got || got->end) break;
    answer.said.append(buffer.data(), std::min(got->bytes, kWordsBytesMax - answer.said.size()));
  }
  const Result<int> code = child->wait(std::max<Duration>(deadline - sys::now(), kReapLimit));
  if (!code) return {false, {}, std::string(kTooSlow)};
  answer.good = *code == 0;
  return answer;
}

sys::SpawnOptions spawn_of(const SshKeygen& ssh_keygen) {
  sys::SpawnOptions spawn;
  spawn.program = ssh_keygen.path;
  spawn.program_fd = ssh_keygen.fd;
  return spawn;
}

Answer verify(const SshKeygen& ssh_keygen, const SignedThing& thing, const std::string& principal, int allowed_signers,
              int revoked_keys, TimePoint deadline) {
  if (::lseek(thing.message.get(), 0, SEEK_SET) != 0) return {false, {}, "it can't be read again"};
  sys::SpawnOptions spawn = spawn_of(ssh_keygen);
  spawn.argv = {"ssh-keygen", "-v",
                "-Y",         "verify",
                "-n",         std::string(thing.name_space),
                "-I",         principal,
                "-f",         path_of(allowed_signers),
                "-s",         path_of(thing.signature.get())};
  if (revoked_keys >= 0) spawn.argv.insert(spawn.argv.end(), {"-r", path_of(revoked_keys)});
  spawn.stdin_fd = thing.message.get();
  spawn.kept_fds = {allowed_signers, thing.signature.get()};
  if (revoked_keys >= 0) spawn.kept_fds.push_back(revoked_keys);
  return run(std::move(spawn), &sys::SpawnOptions::stderr_fd, deadline);
}

// Says a principal, or a pattern, in each line: of one line of the signers.
Answer find_principals(const SshKeygen& ssh_keygen, const SignedThing& thing, int signers, TimePoint deadline) {
  sys::SpawnOptions spawn = spawn_of(ssh_keygen);
  spawn.argv = {"ssh-keygen", "-Y", "find-principals", "-f", path_of(signers), "-s", path_of(thing.signature.get())};
  spawn.stdin_fd = sys::kDevNull;
  spawn.kept_fds = {signers, thing.signature.get()};
  return run(std::move(spawn), &sys::SpawnOptions::stdout_fd, deadline);
}

// Its key, as far as text tells: behind the principals, options and type.
std::string_view key_of(std::string_view line) {
  std::size_t at = line.find(kKeyBegin);
  while (at != std::string_view::npos && (at == 0 || kBlanks.find(line[at - 1]) == std::string_view::npos)) {
    at = line.find(kKeyBegin, at + 1);
  }
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at);
  return line.substr(0, line.find_first_of(kBlanks));
}

}  // namespace

std::vector<std::string> signers_with_one_line_a_key(std::string_view allowed_signers) {
  std::vector<std::string> files(1);
  std::map<std::string_view, std::size_t> met;
  while (!allowed_signers.empty()) {
    const std::size_t end = std::min(allowed_signers.find('\n'), allowed_signers.size());
    const std::string_view line = allowed_signers.substr(0, end);
    allowed_signers.remove_prefix(std::min(allowed_signers.size(), end + 1));
    const std::string_view key = key_of(line);
    const std::size_t file = key.empty() ? 0 : met[key]++;
    if (file == files.size()) files.emplace_back();
    files[file] += std::string(line) + "\n";
  }
  return files;
}

std::vector<std::string> candidates_for(const std::vector<std::string>& wanted, std::string_view found) {
  std::vector<std::string> lines;
  while (!found.empty()) {
    const std::size_t end = std::min(found.find('\n'), found.size());
    lines.emplace_back(found.substr(0, end));
    found.remove_prefix(std::min(found.size(), end + 1));
  }
  const auto is_pattern = [](const std::string& line) { return line.find_first_of("*?!") != std::string::npos; };
  if (std::ranges::any_of(lines, is_pattern)) return wanted;  // Which it matches, ssh-keygen knows.
  std::vector<std::string> candidates;
  const auto is_found = [&](const std::string& each) { return std::ranges::find(lines, each) != lines.end(); };
  std::ranges::copy_if(wanted, std::back_inserter(candidates), is_found);
  return candidates;
}

std::string ssh_keygen_path() { return program_in_fixed_folders("ssh-keygen").value_or(""); }

std::string refusal_of_ssh_keygen(std::string_view said, std::string_view principal, bool is_revoked) {
  static constexpr std::string_view kKey = "signature from key ", kSigners = "/proc/self/fd/";
  std::string key = "its key";
  if (const std::size_t at = said.find(kKey); at != std::string_view::npos) {
    const std::string_view rest = said.substr(at + kKey.size());
    key = "the key " + printable(rest.substr(0, rest.find_first_of(" \r\n")));
  }
  if (is_revoked) return key + " is revoked there";
  while (!said.empty()) {
    const std::size_t end = std::min(said.find('\n'), said.size());
    std::string_view line = said.substr(0, end);
    said.remove_prefix(std::min(said.size(), end + 1));
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("debug")) continue;
    // "/proc/self/fd/7:3: key has expired …"
    if (line.starts_with(kSigners)) {
      const std::size_t colon = std::min(line.find(':'), line.size());
      return signers_file() + printable(line.substr(colon));
    }
    return printable(line);
  }
  return key + " is none of " + std::string(principal) + "'s in " + signers_file();
}

policy::Signers ask_who_signed(const SshKeygen& ssh_keygen, const SignedThing& thing, const SignatureFiles& files,
                               TimePoint deadline) {
  policy::Signers signers;
  signers.fault = thing.trouble;
  if (!thing.trouble.empty()) return signers;
  std::string found;
  for (const int file : files.signers_by_key) {
    const Answer answer = find_principals(ssh_keygen, thing, file, deadline);
    if (!answer.trouble.empty()) return {{}, printable(answer.trouble), false};
    if (answer.good) found += answer.said;
  }
  std::vector<std::string> candidates = candidates_for(thing.principals, found);
  // If it is nobody's, one more question has the reason.
  if (candidates.empty() && !thing.principals.empty()) candidates.push_back(thing.principals.front());
  for (const std::string& principal : candidates) {
    const Answer answer = verify(ssh_keygen, thing, principal, files.allowed_signers, files.revoked_keys, deadline);
    if (answer.good) {
      signers.principals.push_back(principal);
      continue;
    }
    if (!answer.trouble.empty()) return {{}, printable(answer.trouble), false};
    if (!signers.fault.empty()) continue;
    const bool is_revoked =
        files.revoked_keys >= 0 && verify(ssh_keygen, thing, principal, files.allowed_signers, -1, deadline).good;
    signers.fault = refusal_of_ssh_keygen(answer.said, principal, is_revoked);
  }
  return signers;
}

}  // namespace stapsh::agent
