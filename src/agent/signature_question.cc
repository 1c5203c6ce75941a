// SPDX-License-Identifier: Apache-2.0
#include "agent/signature_question.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

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
constexpr std::string_view kTooSlow = "ssh-keygen took too long to say who signed it";

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

struct Answer {
  bool good = false;
  std::string said;     // On standard error.
  std::string trouble;  // Why it could not be asked; then no other question makes sense.
};

Answer ask(const std::string& ssh_keygen, const SignedThing& thing, const std::string& principal, int allowed_signers,
           int revoked_keys, TimePoint deadline) {
  Result<sys::Pipe> errors = sys::make_pipe({.nonblocking_read = true});
  if (!errors) return {false, {}, errors.error().what};
  if (::lseek(thing.message.get(), 0, SEEK_SET) != 0) return {false, {}, "it can't be read again"};
  sys::SpawnOptions spawn;
  spawn.program = ssh_keygen;
  spawn.argv = {"ssh-keygen", "-v",
                "-Y",         "verify",
                "-n",         std::string(thing.name_space),
                "-I",         principal,
                "-f",         path_of(allowed_signers),
                "-s",         path_of(thing.signature.get())};
  if (revoked_keys >= 0) spawn.argv.insert(spawn.argv.end(), {"-r", path_of(revoked_keys)});
  spawn.env = std::vector<std::string>();
  spawn.stdin_fd = thing.message.get();
  spawn.stdout_fd = sys::kDevNull;
  spawn.stderr_fd = errors->write_end.get();
  spawn.kept_fds = {allowed_signers, thing.signature.get()};
  if (revoked_keys >= 0) spawn.kept_fds.push_back(revoked_keys);
  spawn.parent_death_signal = SIGKILL;
  Result<sys::Child> child = sys::spawn(spawn);
  errors->write_end.reset();
  if (!child) return {false, {}, child.error().what};
  Answer answer;
  std::array<char, 1'024> buffer;
  while (true) {
    const Result<bool> news = sys::wait_for(errors->read_end.get(), POLLIN, deadline);
    if (!news || !*news) return {false, {}, std::string(kTooSlow)};  // Who still lives is killed with `child`.
    const Result<sys::IoResult> got = sys::read_some(errors->read_end.get(), buffer);
    if (!got || got->end) break;
    answer.said.append(buffer.data(), std::min(got->bytes, kWordsBytesMax - answer.said.size()));
  }
  const Result<int> code = child->wait(std::max<Duration>(deadline - sys::now(), kReapLimit));
  if (!code) return {false, {}, std::string(kTooSlow)};
  answer.good = *code == 0;
  return answer;
}

}  // namespace

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

policy::Signers ask_who_signed(const std::string& ssh_keygen, const SignedThing& thing, const SignatureFiles& files,
                               TimePoint deadline) {
  policy::Signers signers;
  signers.fault = thing.trouble;
  if (!thing.trouble.empty()) return signers;
  for (const std::string& principal : thing.principals) {
    const Answer answer = ask(ssh_keygen, thing, principal, files.allowed_signers, files.revoked_keys, deadline);
    if (answer.good) {
      signers.principals.push_back(principal);
      continue;
    }
    if (!answer.trouble.empty()) return {{}, printable(answer.trouble), false};
    const bool is_revoked =
        files.revoked_keys >= 0 && ask(ssh_keygen, thing, principal, files.allowed_signers, -1, deadline).good;
    if (signers.fault.empty()) signers.fault = refusal_of_ssh_keygen(answer.said, principal, is_revoked);
  }
  return signers;
}

}  // namespace stapsh::agent
