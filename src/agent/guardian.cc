// SPDX-License-Identifier: Apache-2.0
#include "agent/guardian.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "agent/background_sweep.h"
#include "agent/dead_sessions.h"
#include "agent/independent_process.h"
#include "agent/stopped_watch.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

// On the leash: records, and this. Each ends as a record does.
constexpr std::string_view kDismissed = "dismissed";
constexpr Duration kTellLimit = std::chrono::seconds(5);
constexpr Duration kDismissLimit = std::chrono::seconds(1);

// What the agent says.
class Leash {
 public:
  Leash(sys::UniqueFd pipe, SessionRecord record) : pipe_(std::move(pipe)), record_(std::move(record)) {}

  [[nodiscard]] int fd() const { return pipe_.get(); }
  [[nodiscard]] bool dismissed() const { return dismissed_; }
  /// The last one that was told.
  [[nodiscard]] const SessionRecord& record() const { return record_; }

  /// Waits for what comes. False: it is the end.
  bool hear() {
    std::array<char, 4'096> buffer;
    const Result<sys::IoResult> got = sys::read_some(pipe_.get(), buffer);
    if (!got || got->end) return false;
    heard_.append(buffer.data(), got->bytes);
    for (std::size_t end = 0; (end = heard_.find(kRecordEnd)) != std::string::npos;) {
      const std::string message = heard_.substr(0, end + kRecordEnd.size());
      heard_.erase(0, message.size());
      if (message.starts_with(kDismissed)) dismissed_ = true;
      if (std::optional<SessionRecord> record = parse_record(message)) record_ = *std::move(record);
    }
    return !dismissed_;
  }

 private:
  sys::UniqueFd pipe_;
  SessionRecord record_;
  std::string heard_;
  bool dismissed_ = false;
};

// Its death is seen by itself as well: somebody that the agent forked may hold the leash.
void wait_for_the_end(Leash& leash, const sys::ProcessRef& agent) {
  StoppedWatch watch(agent.pid());
  while (true) {
    std::array<pollfd, 2> entries{{{leash.fd(), POLLIN, 0}, {agent.fd(), POLLIN, 0}}};
    const Result<bool> news = sys::wait_for_any(entries, sys::deadline_after(StoppedWatch::kLookEvery));
    if (!news || entries[0].revents != 0) {  // Who can't wait for both listens.
      if (!leash.hear()) return;
    } else if (entries[1].revents != 0) {
      return;  // And all that it said is heard.
    } else if (watch.look()) {
      (void)agent.send(SIGKILL);
    }
  }
}

[[noreturn]] void guard(Leash leash, const sys::ProcessRef& agent, SessionFiles& files) noexcept {
  const std::array<int, 2> workspace = files.workspace.descriptors();
  const std::array<int, 2> record = files.record.descriptors();
  const std::array<int, 6> kept{leash.fd(), agent.fd(), workspace[0], workspace[1], record[0], record[1]};
  become_independent("stapsh-guardian", kept);
  // Were we stopped (SIGSTOP), the agent's death has us go on.
  (void)::prctl(PR_SET_PDEATHSIG, SIGCONT);
  try {
    if (dead_sessions_exist()) (void)BackgroundSweep::start({});  // Without it, the next session's guardian does it.
    wait_for_the_end(leash, agent);
    if (leash.dismissed()) ::_exit(0);
    (void)end_session(std::move(files), leash.record(), Processes::kOfJustNow);  // Nobody is there to be told.
  } catch (const std::exception&) {
    ::_exit(1);  // Out of memory. The stack above is the agent's; what stays is for the next sweep.
  }
  ::_exit(0);
}

}  // namespace

Result<Guardian> Guardian::start(SessionFiles& files, const SessionRecord& record) {
  sys::Pipe pipe = TRY(sys::make_pipe());
  const sys::ProcessRef agent = TRY(sys::ProcessRef::open(::getpid()));
  Result<sys::ProcessRef> process = sys::fork_aside();
  if (!process) return add_context("guardian", std::move(process).error());
  if (!process->valid()) guard(Leash(std::move(pipe.read_end), record), agent, files);
  Guardian guardian;
  guardian.process_ = *std::move(process);
  guardian.leash_ = std::move(pipe.write_end);
  return guardian;
}

Result<> Guardian::tell(const SessionRecord& record) const {
  const Result<> told = sys::write_all(leash_.get(), format_record(record), kTellLimit);
  if (!told) return add_context("guardian", told.error());
  return {};
}

void Guardian::keep_going() const {
  if (watches() && sys::was_stopped_aside(process_)) (void)process_.send(SIGCONT);
}

void Guardian::note_gone() {
  leash_.reset();
  sys::reap_aside(process_);
  process_ = {};  // Its number can be another's from here on.
}

void Guardian::dismiss() {
  if (!watches()) return;
  (void)sys::write_all(leash_.get(), std::string(kDismissed).append(kRecordEnd), kDismissLimit);
  leash_.reset();
  // One that still sweeps goes on by itself.
  // It has nothing else to do: one that does not go was stopped, by a SIGSTOP or a debugger.
  for (const int signo : {0, SIGCONT, SIGKILL}) {
    if (signo != 0) (void)process_.send(signo);
    const Result<bool> gone = process_.wait_exit(kDismissLimit);
    if (gone && *gone) break;
  }
  sys::reap_aside(process_);
}

}  // namespace stapsh::agent
