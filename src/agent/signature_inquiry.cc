// SPDX-License-Identifier: Apache-2.0
#include "agent/signature_inquiry.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <utility>

#include "agent/independent_process.h"
#include "agent/signature_question.h"
#include "protocol/command.h"
#include "sys/clock.h"
#include "sys/execute_only.h"
#include "sys/io.h"
#include "sys/lesser_user.h"
#include "sys/memory_file.h"
#include "sys/open_inside.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

// For all answers: so much, and so much for each.
constexpr Duration kAnswersLimit = std::chrono::seconds(5), kAnswerLimit = std::chrono::milliseconds(100);
// Who asks says itself who was too slow, unless it was stopped.
constexpr Duration kSayLimit = std::chrono::milliseconds(500), kEndLimit = std::chrono::seconds(1);
constexpr int kPollMs = 1;
constexpr std::string_view kNobodySaid = "nobody could say who signed it";
constexpr std::size_t kAnswersBytesMax = 200'000;

// All that the process needs: it can open nothing itself.
struct Asking {
  std::string ssh_keygen;
  sys::UniqueFd allowed_signers, revoked_keys;
  std::vector<sys::UniqueFd> signers_by_key;
  std::vector<SignedThing> things;
  TimePoint deadline;
  pid_t agent = ::getpid();

  static Result<Asking> create(const VerifySignatures& asked, const sys::Workspace& workspace) {
    Asking asking;
    asking.ssh_keygen = ssh_keygen_path();
    if (asking.ssh_keygen.empty()) {
      return fail(Errc::kSystem, "signatures can't be verified: there is no ssh-keygen; install openssh-client there");
    }
    asking.allowed_signers = TRY(sys::make_memory_file(asked.allowed_signers));
    for (const std::string& lines : signers_with_one_line_a_key(asked.allowed_signers)) {
      asking.signers_by_key.push_back(TRY(sys::make_memory_file(lines)));
    }
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
    asking.deadline = sys::deadline_after(kAnswersLimit + kAnswerLimit * static_cast<int>(asked.questions.size()));
    return asking;
  }

  [[nodiscard]] std::vector<int> descriptors(int answer) const {
    std::vector<int> all{answer, allowed_signers.get()};
    for (const sys::UniqueFd& file : signers_by_key) all.push_back(file.get());
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

policy::Signers answer_of(std::string_view line, std::string_view unanswered) {
  policy::Signers signers;
  if (!line.starts_with('+')) {
    signers.fault = line.starts_with('-') && line.size() > 1 ? line.substr(1) : unanswered;
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

// Others are nobody, too: root's ssh-keygen is one that they can't trace, or they would say who has signed.
Result<sys::UniqueFd> begin_asking(const Asking& asking) {
  sys::UniqueFd program;
  if (::geteuid() == 0) program = TRY(sys::make_execute_only_copy(asking.ssh_keygen));
  TRY(sys::become_lesser_user());
  // A change of user forgets it. Whoever is stopped when the agent dies would stay.
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != asking.agent) ::_exit(1);
  return program;
}

std::string ask_all(const Asking& asking) {
  std::string text;
  const Result<sys::UniqueFd> program = begin_asking(asking);
  SignatureFiles files{{}, asking.allowed_signers.get(), asking.revoked_keys.get()};
  for (const sys::UniqueFd& file : asking.signers_by_key) files.signers_by_key.push_back(file.get());
  for (const SignedThing& thing : asking.things) {
    if (!program) {
      text += answer_text({{}, "signatures can't be verified: " + printable(program.error().what), false});
      continue;
    }
    SshKeygen keygen{asking.ssh_keygen};
    if (program->valid()) keygen = {"/proc/self/fd/" + std::to_string(program->get()), program->get()};
    text += answer_text(ask_who_signed(keygen, thing, files, asking.deadline));
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
  inquiry.deadline_ = asking->deadline + kSayLimit;
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
  const std::string_view unanswered = sys::now() < deadline_ ? kNobodySaid : kTooSlow;
  end();
  std::vector<policy::Signers> answers;
  std::string_view rest = said_;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t end = rest.find('\n');
    // Half a line is no answer.
    const std::string_view line = end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    answers.push_back(trouble_.empty() ? answer_of(line, unanswered) : policy::Signers{{}, trouble_, false});
  }
  return answers;
}

void SignatureInquiry::end() {
  if (!asks()) return;
  (void)process_.send(SIGKILL);
  (void)process_.wait_exit(kEndLimit);
  // Its ssh-keygen is in its process group, whose number is nobody else's until it is reaped, and an orphan that may
  // have come to us: none of the session's.
  (void)::kill(-process_.pid(), SIGKILL);
  const auto group = static_cast<id_t>(process_.pid());
  const TimePoint deadline = sys::deadline_after(kEndLimit);
  siginfo_t ended{};
  while (::waitid(P_PGID, group, &ended, WEXITED | WNOHANG) == 0 && sys::now() < deadline) {
    if (std::exchange(ended.si_pid, 0) == 0) (void)::poll(nullptr, 0, kPollMs);
  }
  sys::reap_aside(std::exchange(process_, {}));
}

}  // namespace stapsh::agent
