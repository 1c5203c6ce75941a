// SPDX-License-Identifier: Apache-2.0
// One thread connects, hands over what was published, and waits between tries. libnats' own reconnecting is not used:
// it gives up for ever when it is refused twice, keeps what is published meanwhile for later, and tells no reasons.
#include "nats/connection.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "nats/api.h"
#include "nats/options.h"
#include "nats/refusal.h"
#include "sys/clock.h"
#include "sys/random_name.h"
#include "sys/unique_fd.h"

namespace stapsh::nats {
namespace {

// Of events that nobody has taken. Who delivers more waits: libnats then keeps as much again and drops the rest, which
// a session's offsets show.
constexpr std::size_t kEventBytesMax = std::size_t{64} << 20;
constexpr int kPendingBytesMax = 64 << 20;
constexpr std::size_t kInboxCharacters = 16;

std::size_t bytes_of(const Message& message) {
  return message.subject.size() + message.reply.size() + message.data.size() + sizeof message;
}

}  // namespace

class Connection::State {
 public:
  State(const Api& api, Settings settings, sys::UniqueFd bell, const std::string& inbox)
      : api_(api), settings_(std::move(settings)), bell_(std::move(bell)), inbox_(inbox + ".") {
    settings_.subscriptions.push_back(inbox_ + ">");
  }

  [[nodiscard]] int fd() const { return bell_.get(); }

  std::vector<Event> take() {
    const std::lock_guard lock(mutex_);
    ::eventfd_t rings = 0;
    (void)::eventfd_read(bell_.get(), &rings);
    event_bytes_ = 0;
    // Our caller knows from now on of all that has happened to the connection.
    accepts_ = connected_;
    changed_.notify_all();
    return std::exchange(events_, {});
  }

  void publish(Message message) {
    const std::lock_guard lock(mutex_);
    if (!accepts_) return;
    unsent_bytes_ += bytes_of(message);
    unsent_.push_back(std::move(message));
    changed_.notify_all();
  }

  std::string new_inbox() { return inbox_ + std::to_string(++inboxes_); }

  std::size_t unsent_bytes() {
    const std::lock_guard lock(mutex_);
    return unsent_bytes_;
  }

  bool finish(Duration limit) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
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
  // What libnats' callbacks know. It waits for the last of them before it goes.
  struct Life {
    State& state;
    int callbacks_to_come = 1;  // That it is closed, and the end of each subscription.
    bool closed = false;        // By libnats, or it is of no use; why:
    std::string why{};
  };

  std::string live_once(bool& was_connected) {
    Result<Options> options = Options::create(api_, settings_);
    if (!options) return options.error().what;
    Life life{*this};
    (void)api_.natsOptions_SetClosedCB(options->get(), on_closed, &life);
    (void)api_.natsOptions_SetErrorHandler(options->get(), on_trouble, &life);
    natsConnection* connection = nullptr;
    natsStatus status = NATS_OK;
    do {
      status = api_.natsConnection_Connect(&connection, options->get());
    } while (status != NATS_OK && options->take_unlucky_signature());
    if (status != NATS_OK) return reason_of(status);

    std::vector<natsSubscription*> subscriptions;
    std::string why = subscribe(connection, life, subscriptions);
    if (why.empty()) {
      was_connected = true;
      tell_connected();
      why = send_until_closed(connection, life);
    }
    for (natsSubscription* const each : subscriptions) api_.natsSubscription_Destroy(each);
    api_.natsConnection_Destroy(connection);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return life.callbacks_to_come == 0; });
    return why.empty() ? life.why : why;
  }

  // The last is that of a subscription that has none of its own.
  std::string subscribe(natsConnection* connection, Life& life, std::vector<natsSubscription*>& made) {
    for (const std::string& subject : settings_.subscriptions) {
      natsSubscription* subscription = nullptr;
      natsStatus status = api_.natsConnection_Subscribe(&subscription, connection, subject.c_str(), on_message, &life);
      if (status != NATS_OK) return reason_of(status);
      made.push_back(subscription);
      if (api_.natsSubscription_SetOnCompleteCB(subscription, on_complete, &life) == NATS_OK) {
        const std::lock_guard lock(mutex_);
        ++life.callbacks_to_come;
      }
      (void)api_.natsSubscription_SetPendingLimits(subscription, -1, kPendingBytesMax);
    }
    // The broker has them: whoever hears from now on that we are here can reach us.
    const natsStatus status = api_.natsConnection_FlushTimeout(connection, milliseconds(settings_.connect_limit));
    if (status != NATS_OK) return reason_of(status);
    return refusal_to_hear(last_error(connection));
  }

  std::string send_until_closed(natsConnection* connection, const Life& life) {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return life.closed || stopping_ || !unsent_.empty(); });
      if (life.closed) break;
      if (unsent_.empty()) {
        lock.unlock();
        (void)api_.natsConnection_FlushTimeout(connection, milliseconds(settings_.write_limit));
        lock.lock();
        break;
      }
      const std::deque<Message> batch = std::exchange(unsent_, {});
      lock.unlock();
      std::string why;
      for (auto each = batch.begin(); each != batch.end() && why.empty(); ++each) why = send(connection, *each);
      lock.lock();
      unsent_bytes_ = bytes_of_unsent();
      if (why.empty()) continue;
      drop_unsent();
      return why;
    }
    drop_unsent();
    return life.why;
  }

  void drop_unsent() {
    connected_ = accepts_ = false;
    unsent_.clear();
    unsent_bytes_ = 0;
  }

  [[nodiscard]] std::size_t bytes_of_unsent() const {
    std::size_t sum = 0;
    for (const Message& each : unsent_) sum += bytes_of(each);
    return sum;
  }

  // Why the connection is of no use any more: what it could not write to its end is half a message.
  std::string send(natsConnection* connection, const Message& message) {
    const int size = static_cast<int>(message.data.size());
    const natsStatus status =
        message.reply.empty()
            ? api_.natsConnection_Publish(connection, message.subject.c_str(), message.data.data(), size)
            : api_.natsConnection_PublishRequest(connection, message.subject.c_str(), message.reply.c_str(),
                                                 message.data.data(), size);
    const bool is_refused = status == NATS_MAX_PAYLOAD || status == NATS_INVALID_SUBJECT || status == NATS_INVALID_ARG;
    if (is_refused) tell(Trouble{message.subject + ": " + reason_of(status)});
    return status == NATS_OK || status == NATS_CONNECTION_CLOSED || is_refused ? std::string() : reason_of(status);
  }

  // libnats puts a place of its own source before it.
  [[nodiscard]] std::string reason_of(natsStatus status) const {
    const char* const detail = api_.nats_GetLastError(nullptr);
    std::string text = detail != nullptr && *detail != '\0' ? detail : api_.natsStatus_GetText(status);
    const std::size_t place = text.starts_with('(') ? text.find("): ") : std::string::npos;
    return place == std::string::npos ? text : text.substr(place + 3);
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
    if (events_.empty()) (void)::eventfd_write(bell_.get(), 1);
    events_.push_back(std::move(event));
  }

  static Life& life_of(void* closure) { return *static_cast<Life*>(closure); }

  static void on_message(natsConnection*, natsSubscription*, natsMsg* got, void* closure) {
    Life& life = life_of(closure);
    life.state.take_message(life, got);
  }

  void take_message(const Life& life, natsMsg* got) {
    const char* const reply = api_.natsMsg_GetReply(got);
    Message message{api_.natsMsg_GetSubject(got),
                    reply != nullptr ? reply : "",
                    {api_.natsMsg_GetData(got), static_cast<std::size_t>(api_.natsMsg_GetDataLength(got))}};
    const char* status = nullptr;
    if (api_.natsMsgHeader_Get(got, "Status", &status) == NATS_OK && status != nullptr) {
      message.status = std::atoi(status);  // NOLINT(cert-err34-c): of the broker's own making; 0 is none.
    }
    // JetStream answers at whatever subject who asks it names, whatever that one may publish: it would speak as others.
    // By a header it says so of what is stored, and what there is not; else it says JSON, and nobody else does.
    const char* stream = nullptr;
    const bool is_stored = api_.natsMsgHeader_Get(got, "Nats-Stream", &stream) == NATS_OK;
    api_.natsMsg_Destroy(got);
    // Stored along with the rest, by anybody.
    if (is_stored) message.status = 0;
    const bool is_jetstreams =
        is_stored || (message.status != 0 && message.status != kNoResponders) || message.data.starts_with('{');
    if (is_jetstreams && !message.subject.starts_with(inbox_)) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return event_bytes_ < kEventBytesMax || life.closed || stopping_; });
    if (life.closed || stopping_) return;
    event_bytes_ += bytes_of(message);
    push(std::move(message));
  }

  // What it is about, the last error alone says.
  static void on_trouble(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
    Life& life = life_of(closure);
    State& state = life.state;
    const std::string text = state.last_error(connection);
    const std::lock_guard lock(state.mutex_);
    if (std::string refused = refusal_to_hear(text); !refused.empty()) return state.end(life, std::move(refused));
    state.push(Trouble{!text.empty() ? text : state.api_.natsStatus_GetText(status)});
  }

  static void on_closed(natsConnection* connection, void* closure) {
    Life& life = life_of(closure);
    const std::string text = life.state.last_error(connection);
    const std::lock_guard lock(life.state.mutex_);
    life.state.end(life, !text.empty() ? text : "the broker has closed the connection");
    life.state.callback_ended(life);
  }

  void end(Life& life, std::string why) {
    if (!std::exchange(life.closed, true)) life.why = std::move(why);
    changed_.notify_all();
  }

  [[nodiscard]] std::string last_error(natsConnection* connection) const {
    const char* text = nullptr;
    const natsStatus status = api_.natsConnection_GetLastError(connection, &text);
    if (text != nullptr && *text != '\0') return text;
    return status != NATS_OK ? api_.natsStatus_GetText(status) : "";
  }

  static void on_complete(void* closure) {
    Life& life = life_of(closure);
    const std::lock_guard lock(life.state.mutex_);
    life.state.callback_ended(life);
  }

  void callback_ended(Life& life) {
    --life.callbacks_to_come;
    changed_.notify_all();
  }

  const Api& api_;
  Settings settings_;
  const sys::UniqueFd bell_;
  const std::string inbox_;
  std::uint64_t inboxes_ = 0;  // Our caller's, as all above.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::size_t event_bytes_ = 0;
  std::deque<Message> unsent_;
  std::size_t unsent_bytes_ = 0;
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
  sys::UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell.valid()) return fail_errno("eventfd", errno);
  const std::string own = TRY(sys::random_name(kInboxCharacters));
  auto state = std::make_shared<State>(*api, settings, std::move(bell), settings.inbox_prefix + "." + own);
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
std::size_t Connection::unsent() const { return state_->unsent_bytes(); }
bool Connection::finish(Duration limit) { return state_->finish(limit); }

}  // namespace stapsh::nats
