// SPDX-License-Identifier: Apache-2.0
#include "agent/check_policy.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "agent/policy_file.h"
#include "agent/runner_privileges.h"
#include "agent/signature_inquiry.h"
#include "base/sha256.h"
#include "session/run_signatures.h"
#include "sys/io.h"
#include "sys/open_inside.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {
namespace {

constexpr std::size_t kFileBytesMax = 256'000'000;

Result<std::string> read_file(const std::string& path) {
  const sys::UniqueFd file = TRY(sys::open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY));
  Result<std::string> text = sys::read_whole(file.get(), kFileBytesMax);
  if (!text) return add_context(path, text.error());
  return text;
}

// A draft is anybody's file; the one that holds must be root's alone, and so must the lists that either names.
Result<std::optional<policy::Policy>> policy_asked_about(const PolicyQuestion& question) {
  if (question.file.empty()) return read_policy();
  const std::string text = TRY(read_file(question.file));
  Result<policy::Policy> policy = policy_of_text(text);
  if (!policy) return add_context(question.file, policy.error());
  return std::optional(*std::move(policy));
}

// The signatures that lie beside programs: asked of ssh-keygen as a session does.
Result<> ask_who_signed(policy::RunRequest& run, const policy::Gate& gate, const std::vector<std::string>& paths) {
  RunSignatures signatures;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Result<std::string> signature = read_file(paths[i] + ".sig");
    if (signature) {
      signatures.add(run.files[i].name, *std::move(signature));
    } else if (signature.error().sys_errno != ENOENT) {
      return fail(signature.error());
    }
  }
  VerifySignatures asked{signatures.questions(gate, run, true), gate.policy.allowed_signers, gate.policy.revoked_keys};
  for (SignatureQuestion& question : asked.questions) {
    const auto file = std::ranges::find(run.files, question.file, &policy::UploadedFile::name);
    question.message = TRY(read_file(paths[static_cast<std::size_t>(file - run.files.begin())]));
    question.file.clear();
  }
  SignatureInquiry inquiry = SignatureInquiry::begin(asked, {});
  while (inquiry.asks() && !inquiry.read()) {
    if (!TRY(sys::wait_for(inquiry.fd(), POLLIN, inquiry.deadline()))) break;
  }
  signatures.note_answers(inquiry.finish());
  signatures.fill_in(run, gate, true, {});
  return {};
}

Result<policy::RunRequest> run_asked_about(const AgentOptions& options) {
  const PolicyQuestion& question = options.question;
  std::vector<std::string> args = TRY(split_shell_words(question.args.value_or("")));
  policy::RunRequest run{RunnerKind::kStaprun, {}, {}};
  for (const std::string& path : question.programs) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (std::ranges::find(run.files, name, &policy::UploadedFile::name) != run.files.end()) {
      return fail(Errc::kUsage,
                  path + ": another program is called " + name + ", and a run has a file of each name once");
    }
    run.files.push_back({name, sha256_hex(TRY(read_file(path)))});
  }
  if (!run.files.empty()) {
    const std::string word = "./" + run.files.front().name;
    if (std::ranges::find(args, word) == args.end()) args.push_back(word);
    run.runner = runner_kind_for_module(word).value_or(run.runner);
  }
  run.runner = question.runner.value_or(run.runner);
  run.args = std::move(args);
  return run;
}

// "as stapbpf (uid 998, gid 998, groups 4), with these capabilities alone: perfmon bpf"
Result<std::string> run_as_text(const policy::RunAs& run_as) {
  const sys::Account account = TRY(account_of_line(run_as));
  std::string text =
      "as " + run_as.user + " (uid " + std::to_string(account.user) + ", gid " + std::to_string(account.group);
  if (!account.groups.empty()) text += ", groups";
  for (const gid_t group : account.groups) text += " " + std::to_string(group);
  if (run_as.capabilities == 0) return text + "), without capabilities\n";
  return text + "), with these capabilities alone: " + policy::capabilities_text(run_as.capabilities) + "\n";
}

}  // namespace

Result<PolicyAnswer> answer_question(const AgentOptions& options) {
  const PolicyQuestion& question = options.question;
  Result<std::optional<policy::Policy>> policy = policy_asked_about(question);
  // A wrong command line is another thing.
  if (!policy) return fail(Errc::kSystem, policy.error().what);
  const std::string file = question.file.empty() ? policy_file() : question.file;
  const bool about_run = question.about_run() || !options.as.empty();
  policy::RunRequest run;
  if (about_run) run = TRY(run_asked_about(options));  // A program that is not there is said where all may run, too.
  if (!*policy && options.needs_policy) return fail(no_policy_error());
  if (!*policy) return PolicyAnswer{file + ": is not there, so everything may run\n", 0};
  if (!about_run) return PolicyAnswer{file + ": OK\n", 0};
  // Whether an agent has what a line gives is not asked here: run_as_text() says what that is.
  const policy::Gate gate{{question.uid, question.cid, options.as}, **std::move(policy), {}, ~policy::Capabilities{0}};
  TRY(ask_who_signed(run, gate, question.programs));
  if (question.signed_by) run.operators.principals = {*question.signed_by};
  const policy::Decision decision = gate.decide(run);
  if (!decision.allowed) return PolicyAnswer{"refused: " + decision.reason + "\n", 1};
  std::string text = "allowed: policy line " + std::to_string(decision.line) + ": " + decision.reason + "\n";
  if (decision.run_as.given()) text += TRY(run_as_text(decision.run_as));
  // Nor whether there is a cgroup for it: this process may be in another one than agents are.
  const std::string usage = policy::usage_text(gate.policy.bounds_for(gate.peer));
  if (!usage.empty()) text += "with " + usage + "\n";
  return PolicyAnswer{std::move(text), 0};
}

Result<std::vector<std::string>> split_shell_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!std::exchange(in_word, true)) words.emplace_back();
    if (c != '\'' && c != '"') {
      words.back() += c;
      continue;
    }
    const std::size_t end = text.find(c, i + 1);
    if (end == std::string_view::npos) return fail(Errc::kUsage, "--args: a quote has no end");
    words.back() += text.substr(i + 1, end - i - 1);
    i = end;
  }
  return words;
}

}  // namespace stapsh::agent
