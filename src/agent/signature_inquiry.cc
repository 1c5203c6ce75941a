// SPDX-License-Identifier: Apache-2.0
#include "agent/signature_inquiry.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <utility>

#include "agent/independent_process.h"
#include "agent/signature_question.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/lesser_user.h"
#include "sys/memory_file.h"
#include "sys/open_inside.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr Duration kAnswerLimit = std::chrono::seconds(5), kEndLimit = std::chrono::seconds(1);
constexpr std::size_t kAnswersBytesMax = 200'000;

// All that the process needs: it can open nothing itself.
struct Asking {
  std::string ssh_keygen;
  sys::UniqueFd allowed_signers, revoked_keys;
  std::vector<SignedThing> things;

  static Result<Asking> create(const VerifySignatures& asked, const sys::Workspace& workspace) {
    Asking asking;
    asking.ssh_keygen = ssh_keygen_path();
    if (asking.ssh_keygen.empty()) {
      return fail(Errc::kSystem, "signatures can't be verified: there is no ssh-keygen; install openssh-client there");
    }
    asking.allowed_signers = TRY(sys::make_memory_file(asked.allowed_signers));
    if (!asked.revoked_keys.empty()) asking.revoked_keys = TRY(sys::make_memory_file(asked.revoked_keys));
    for (const SignatureQuestion& question : asked.questions) {
      SignedThing thing{
          {}, TRY(sys::make_memory_file(question.signature)), question.name_space, question.principals, {}};
      if (question.file.empty()) {
        thing.message = TRY(sys::make_memory_file(question.message));
      } else if (Result<sys::UniqueFd> file = sys::open_own_file(workspace.fd(), question.file, O_RDONLY)) {
        thing.message = *std::move(file);
      } else {
        thing.trouble = file.error().what;
      }
      asking.things.push_back(std::move(thing));
    }
    return asking;
  }

  [[nodiscard]] std::vector<int> descriptors(int answer) const {
    std::vector<int> all{answer, allowed_signers.get()};
    if (revoked_keys.valid()) all.push_back(revoked_keys.get());
    for (const SignedThing& thing : things) {
      all.push_back(thing.signature.get());
      if (thing.message.valid()) all.push_back(thing.message.get());
    }
    return all;
  }
};

// A line each: principals behind `+`, or a reason behind `-`.
std::string answer_text(const policy::Signers& signers) {
  if (signers.principals.empty()) return "-" + signers.fault + "\n";
  std::string text;
  for (const std::string& each : signers.principals) text += (text.empty() ? "+" : " ") + each;
  return text + "\n";
}

policy::Signers answer_of(std::string_view line) {
  policy::Signers signers;
  if (!line.starts_with('+')) {
    signers.fault = line.starts_with('-') && line.size() > 1 ? line.substr(1) : "nobody could say who signed it";
    return signers;
  }
  line.remove_prefix(1);
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    signers.principals.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(line.size(), end + 1));
  }
  return signers;
}

std::string ask_all(const Asking& asking) {
  std::string text;
  const TimePoint deadline = sys::deadline_after(kAnswerLimit);
  const Result<> lesser = sys::become_lesser_user();
  const SignatureFiles files{asking.allowed_signers.get(), asking.revoked_keys.get()};
  for (const SignedThing& thing : asking.things) {
    text += answer_text(lesser ? ask_who_signed(asking.ssh_keygen, thing, files, deadline)
                               : policy::Signers{{}, "signatures can't be verified: " + lesser.error().what, false});
  }
  return text;
}

[[noreturn]] void ask_aside(const Asking& asking, int answer) noexcept {
  try {
    become_independent("stapsh-verify", asking.descriptors(answer));
    // Who asked may be gone.
    (void)sys::write_all(answer, ask_all(asking), kEndLimit);
  } catch (const std::exception&) {
    ::_exit(1);  // Out of memory. The stack above is another process's business.
  }
  ::_exit(0);
}

}  // namespace

SignatureInquiry::~SignatureInquiry() { end(); }

SignatureInquiry SignatureInquiry::begin(const VerifySignatures& asked, const sys::Workspace& workspace) {
  SignatureInquiry inquiry;
  inquiry.count_ = asked.questions.size();
  if (asked.questions.empty()) return inquiry;
  const Result<Asking> asking = Asking::create(asked, workspace);
  Result<sys::Pipe> pipe = sys::make_pipe({.nonblocking_read = true});
  if (!asking || !pipe) {
    inquiry.trouble_ = !asking ? asking.error().what : pipe.error().what;
    return inquiry;
  }
  Result<sys::ProcessRef> process = sys::fork_aside();
  if (!process) {
    inquiry.trouble_ = process.error().what;
    return inquiry;
  }
  if (!process->valid()) ask_aside(*asking, pipe->write_end.get());
  inquiry.process_ = *std::move(process);
  inquiry.answer_ = std::move(pipe->read_end);
  return inquiry;
}

bool SignatureInquiry::read() {
  std::array<char, 4'096> buffer;
  while (true) {
    const Result<sys::IoResult> got = sys::read_some(answer_.get(), buffer);
    if (!got || got->end) return true;
    if (got->would_block) return false;
    said_.append(buffer.data(), std::min(got->bytes, kAnswersBytesMax - said_.size()));
  }
}

std::vector<policy::Signers> SignatureInquiry::finish() {
  end();
  std::vector<policy::Signers> answers;
  std::string_view rest = said_;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t end = rest.find('\n');
    // Half a line is no answer.
    const std::string_view line = end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    answers.push_back(trouble_.empty() ? answer_of(line) : policy::Signers{{}, trouble_, false});
  }
  return answers;
}

void SignatureInquiry::end() {
  if (!asks()) return;
  // It ends by itself in time. Killed, it would leave us its ssh-keygen as an orphan, which is none of the session's.
  const Result<bool> ended = process_.wait_exit(kAnswerLimit + kEndLimit);
  if (!ended || !*ended) {
    (void)process_.send(SIGKILL);
    (void)process_.wait_exit(kEndLimit);
  }
  sys::reap_aside(std::exchange(process_, {}));
}

}  // namespace stapsh::agent
