// SPDX-License-Identifier: Apache-2.0
// One thread connects, serves the connection, and waits between tries. libnats' own reconnecting is not used: it gives
// up for ever when it is refused twice, keeps what is published meanwhile for later, and tells no reasons.
#include "nats/connection.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "nats/api.h"
#include "nats/live_connection.h"
#include "nats/options.h"
#include "sys/clock.h"
#include "sys/event_fd.h"
#include "sys/random_name.h"

namespace stapsh::nats {
namespace {

// Of events that nobody has taken: then no more is read.
constexpr std::size_t kEventBytesMax = std::size_t{64} << 20;
// What libnats has and the broker has not taken: then it gets no more.
constexpr std::size_t kHandedBytesMax = std::size_t{1} << 20;
constexpr std::size_t kInboxCharacters = 16;
// Of many messages each would wake us, and we our caller for each: what comes within so long goes together. One that
// comes alone does not wait.
constexpr Duration kTurnTime = std::chrono::milliseconds(1);

std::size_t bytes_of(const Message& message) {
  return message.subject.size() + message.reply.size() + message.data.size() + sizeof message;
}

std::size_t bytes_of(const Event& event) {
  const auto* const message = std::get_if<Message>(&event);
  return message != nullptr ? bytes_of(*message) : 0;
}

}  // namespace

class Connection::State {
 public:
  State(const Api& api, Settings settings, sys::EventFd bell, sys::EventFd wake, const std::string& inbox)
      : api_(api),
        settings_(std::move(settings)),
        bell_(std::move(bell)),
        wake_(std::move(wake)),
        inbox_(inbox + ".") {}

  [[nodiscard]] int fd() const { return bell_.fd(); }

  std::vector<Event> take() {
    const std::lock_guard lock(mutex_);
    bell_.clear();
    if (std::exchange(event_bytes_, 0) >= kEventBytesMax) wake_.ring();
    // Our caller knows from now on of all that has happened to the connection.
    accepts_ = connected_;
    return std::exchange(events_, {});
  }

  void publish(Message message) {
    const std::lock_guard lock(mutex_);
    if (!accepts_) return;
    unsent_bytes_ += bytes_of(message);
    unsent_.push_back(std::move(message));
    if (unsent_.size() == 1) wake_.ring();
  }

  std::string new_inbox() { return inbox_ + std::to_string(++inboxes_); }

  [[nodiscard]] bool is_inbox(std::string_view subject) const { return subject.starts_with(inbox_); }

  std::size_t unsent_bytes() {
    const std::lock_guard lock(mutex_);
    return unsent_bytes_ + handed_bytes_;
  }

  bool finish(Duration limit) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.ring();
    changed_.notify_all();
    return changed_.wait_for(lock, limit, [this] { return ended_; });
  }

  /// The thread's whole life.
  void run() {
    std::string said;  // Of a connection that is not there: each reason once.
    Duration pause = settings_.retry_min;
    std::mt19937_64 random{std::random_device()()};
    for (std::unique_lock lock(mutex_); !stopping_;) {
      lock.unlock();
      bool was_connected = false;
      const std::string why = live_once(was_connected);
      if (was_connected) {
        pause = settings_.retry_min;
        said.clear();
      }
      if (why != said) tell(Disconnected{why});
      said = why;
      lock.lock();
      const auto wait = std::uniform_int_distribution<Duration::rep>(0, pause.count())(random);
      changed_.wait_for(lock, Duration(wait), [this] { return stopping_; });
      pause = std::min(pause * 2, settings_.retry_max);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

 private:
  std::string live_once(bool& was_connected) {
    LiveConnection live(api_, settings_, inbox_, wake_);
    std::string why = live.ended();
    if (!why.empty()) return why;
    was_connected = true;
    tell_connected();
    while (why.empty() && serve(live)) why = live.ended();
    drop_unsent();
    return why;
  }

  // False: that was all.
  bool serve(LiveConnection& live) {
    std::this_thread::sleep_until(next_turn_);
    // Not while our caller waits for us: with TLS it may take as long as a write.
    std::size_t handed = live.unsent_bytes();
    std::unique_lock lock(mutex_);
    handed_bytes_ = handed;
    std::vector<Message> batch;
    for (; handed_bytes_ < kHandedBytesMax && !unsent_.empty(); unsent_.pop_front()) {
      const std::size_t bytes = bytes_of(unsent_.front());
      unsent_bytes_ -= bytes;
      handed_bytes_ += bytes;
      batch.push_back(std::move(unsent_.front()));
    }
    const bool is_last = stopping_ && batch.empty() && unsent_.empty();
    const bool reads = event_bytes_ < kEventBytesMax;
    lock.unlock();
    for (const Message& each : batch) live.send(each);
    handed = live.unsent_bytes();
    lock.lock();
    handed_bytes_ = handed;
    // Where the broker has taken all of it at once nothing else would.
    if (!is_last && handed < kHandedBytesMax && (stopping_ || !unsent_.empty())) wake_.ring();
    lock.unlock();
    if (is_last) {
      live.flush(settings_.write_limit);
      return false;
    }
    live.turn(reads);
    next_turn_ = sys::deadline_after(kTurnTime);
    std::vector<Event> events = live.take();
    lock.lock();
    for (Event& each : events) push(std::move(each));
    return true;
  }

  void drop_unsent() {
    const std::lock_guard lock(mutex_);
    connected_ = accepts_ = false;
    unsent_.clear();
    unsent_bytes_ = handed_bytes_ = 0;
  }

  void tell_connected() {
    const std::lock_guard lock(mutex_);
    connected_ = true;
    push(Connected{});
  }

  void tell(Event event) {
    const std::lock_guard lock(mutex_);
    push(std::move(event));
  }

  void push(Event event) {
    if (events_.empty()) bell_.ring();
    event_bytes_ += bytes_of(event);
    events_.push_back(std::move(event));
  }

  const Api& api_;
  Settings settings_;
  const sys::EventFd bell_;  // There are events,
  const sys::EventFd wake_;  // and there is something for the thread to do.
  const std::string inbox_;
  std::uint64_t inboxes_ = 0;  // Our caller's, as all above.
  TimePoint next_turn_;        // Our thread's.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::size_t event_bytes_ = 0;
  std::deque<Message> unsent_;
  std::size_t unsent_bytes_ = 0, handed_bytes_ = 0;
  bool connected_ = false, accepts_ = false, stopping_ = false, ended_ = false;
};

Result<> Connection::check(const Settings& settings) {
  const Api* const api = TRY(load_api());
  (void)TRY(Options::create(*api, settings));
  return {};
}

Result<Connection> Connection::start(const Settings& settings) {
  TRY(check(settings));
  const Api* const api = TRY(load_api());
  sys::EventFd bell = TRY(sys::EventFd::create());
  sys::EventFd wake = TRY(sys::EventFd::create());
  const std::string own = TRY(sys::random_name(kInboxCharacters));
  auto state =
      std::make_shared<State>(*api, settings, std::move(bell), std::move(wake), settings.inbox_prefix + "." + own);
  // It may outlive us by as long as libnats takes for a connection: it has its share of what it works on.
  std::thread([state] { state->run(); }).detach();
  return Connection(std::move(state));
}

Connection::Connection(std::shared_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept {
  if (state_ != nullptr && this != &other) (void)finish({});
  state_ = std::move(other.state_);
  return *this;
}
Connection::~Connection() {
  if (state_ != nullptr) (void)finish({});
}

int Connection::fd() const { return state_->fd(); }
std::vector<Event> Connection::take() { return state_->take(); }
void Connection::publish(std::string subject, std::string data, std::string reply) {
  state_->publish({std::move(subject), std::move(reply), std::move(data)});
}
std::string Connection::new_inbox() { return state_->new_inbox(); }
std::string Connection::new_secret_inbox() {
  return new_inbox() + "." + sys::random_name(kInboxCharacters).value_or("0");
}
bool Connection::is_inbox(std::string_view subject) const { return state_->is_inbox(subject); }
std::size_t Connection::unsent() const { return state_->unsent_bytes(); }
bool Connection::finish(Duration limit) { return state_->finish(limit); }

}  // namespace stapsh::nats
