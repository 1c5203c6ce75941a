// SPDX-License-Identifier: Apache-2.0
#include "client/transport/nats_relay.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "client/relay/relay.h"
#include "client/relay/words.h"
#include "sys/clock.h"
#include "sys/memory_file.h"
#include "sys/packet_socket.h"
#include "sys/pass_descriptor.h"
#include "sys/random_name.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kRunCharacters = 16;
constexpr Duration kEndLimit = std::chrono::seconds(3), kReadLimit = std::chrono::seconds(5);
constexpr Duration kReadAgainLimit = std::chrono::milliseconds(100), kReadAgainPause = std::chrono::seconds(1);
constexpr Duration kLastWordLimit = std::chrono::seconds(1), kWaitPause = std::chrono::seconds(10);
constexpr int kSignalCodeBase = 128;

struct SocketPair {
  sys::UniqueFd here, there;
};

Result<SocketPair> make_pair(int type) {
  std::array<int, 2> fds{-1, -1};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0) {
    return fail_errno("cannot make a pair of sockets", errno);
  }
  return SocketPair{sys::UniqueFd(fds[0]), sys::UniqueFd(fds[1])};
}

class MemoryFiles : public LentContents {
 public:
  Result<int> descriptor_of(const std::shared_ptr<const std::string>& content) override {
    auto known = files_.find(content);
    if (known == files_.end()) known = files_.emplace(content, TRY(sys::make_memory_file(*content))).first;
    return known->second.get();
  }

 private:
  std::map<std::shared_ptr<const std::string>, sys::UniqueFd> files_;  // By where it is, which is nobody else's so.
};

}  // namespace

NatsRelay::~NatsRelay() {
  control_.reset();
  if (child_) (void)child_->wait(kEndLimit);  // Then it is killed.
}

Result<> NatsRelay::start(const NatsSites& sites, std::size_t targets) {
  if (run_.empty()) run_ = TRY(sys::random_name(kRunCharacters));
  const std::vector<std::string> words = to_words(RelayWords{TRY(name_site(sites, site_)), run_, targets});
  SocketPair control = TRY(make_pair(SOCK_SEQPACKET));
  sys::SpawnOptions spawn;
  spawn.program = "/proc/self/exe";
  spawn.argv = {"rstap"};
  spawn.argv.insert(spawn.argv.end(), words.begin(), words.end());
  spawn.stdin_fd = control.there.get();
  spawn.stdout_fd = sys::kDevNull;
  spawn.stderr_fd = sys::kDevNull;
  spawn.parent_death_signal = kRelayDeathSignal;
  spawn.new_session = true;  // What a terminal sends is ours to act on.
  child_ = TRY(sys::spawn(spawn));
  does_not_read_ = false;
  control_ = std::move(control.here);
  for (const ForgetSession& lost : std::exchange(lost_, {})) {
    (void)sys::send_packet(control_.get(), encode_control(lost));  // Else they find it out by themselves, later.
  }
  return {};
}

// Who waits here keeps all other targets waiting: hardly any more for a relay that has not read once, and not for each
// of thousands of targets.
Result<> NatsRelay::hand_over(const std::string& packet, int socket) {
  const Duration patience = !does_not_read_ ? kReadLimit : sys::now() < may_try_at_ ? Duration{} : kReadAgainLimit;
  for (const TimePoint limit = sys::deadline_after(patience);;) {
    const sys::IoResult sent = TRY(sys::send_descriptor(control_.get(), packet, socket));
    if (!sent.would_block) {
      does_not_read_ = false;
      return {};
    }
    if (!TRY(sys::wait_for(control_.get(), POLLOUT, limit))) {
      does_not_read_ = true;
      if (patience > Duration{}) may_try_at_ = sys::deadline_after(kReadAgainPause);
      return fail(Errc::kTimeout, "rstap's relay to the broker takes no more sessions: is it stopped?");
    }
  }
}

Result<NatsRelay::Opened> NatsRelay::open(const std::string& host, const NatsSites& sites, std::size_t targets) {
  SocketPair pair = TRY(make_pair(SOCK_STREAM));
  const std::uint32_t number = next_++;
  for (bool is_again = false;; is_again = true) {
    hear();
    if (!unusable_.empty()) return fail(Errc::kUsage, unusable_);
    if (!control_.valid()) TRY(start(sites, targets));
    Result<> handed = hand_over(encode_control(OpenSession{number, host}), pair.there.get());
    if (handed) break;
    // One that has just died is seen now.
    if (is_again || handed.error().code == Errc::kTimeout) return fail(std::move(handed).error());
  }
  sessions_[number].host = host;
  Opened opened{number, {}};
  opened.connection.from_agent = std::move(pair.here);
  opened.connection.lent = lent_;
  return opened;
}

// What the relay has said until now.
void NatsRelay::hear() {
  std::array<char, kControlBytesMax> buffer;
  for (bool was_reset = false; control_.valid();) {
    const Result<sys::IoResult> got = sys::receive_packet(control_.get(), buffer);
    if (got && got->would_block) return;
    // Where it has not read all, its end is told first, as an error, and only then what it said before.
    if (!got && !std::exchange(was_reset, true)) continue;
    if (!got || got->end) return on_relay_end();
    Result<ControlPacket> packet = decode_control({buffer.data(), got->bytes});
    // It says nothing else.
    if (auto* const ended = packet ? std::get_if<SessionEnded>(&*packet) : nullptr) on_said(std::move(*ended));
  }
}

void NatsRelay::on_said(SessionEnded ended) {
  if (ended.number == kAllSessions) unusable_ = std::move(ended.reason);
  const auto session = sessions_.find(ended.number);
  if (session != sessions_.end()) session->second.reason = std::move(ended.reason);
}

void NatsRelay::on_relay_end() {
  control_.reset();
  const Result<int> code = child_->wait(kEndLimit);
  child_.reset();
  std::string why = "rstap's relay to the broker ended";
  if (code && *code > kSignalCodeBase) why += ": killed by signal " + std::to_string(*code - kSignalCodeBase);
  if (!unusable_.empty()) why = unusable_;
  for (auto& [number, session] : sessions_) {
    if (!session.reason.empty()) continue;
    session.reason = why;
    lost_.push_back({number, session.host});
  }
}

std::string NatsRelay::reason(std::uint32_t number, bool lost) {
  hear();
  const auto session = sessions_.find(number);
  if (session == sessions_.end()) return {};
  // A relay that is killed leaves its sockets one after another, and this one may not be the last.
  if (lost && session->second.reason.empty() && control_.valid() && sys::now() >= may_wait_at_) {
    (void)sys::wait_for(control_.get(), POLLIN, sys::deadline_after(kLastWordLimit));
    hear();
    may_wait_at_ = sys::deadline_after(kWaitPause);  // It lives: it was the agent that ended, as others may.
  }
  return session->second.reason;
}

NatsRelays::NatsRelays() : lent_(std::make_shared<MemoryFiles>()) {}

NatsRelay& NatsRelays::to(const std::string& site) { return relays_.try_emplace(site, site, lent_).first->second; }

}  // namespace stapsh::client
