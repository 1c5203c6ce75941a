// SPDX-License-Identifier: Apache-2.0
#include "nats/live_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "nats/refusal.h"
#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::nats {
namespace {

// What came and was not taken. Nothing is read while that is much; libnats drops what is more, which a session's
// offsets show.
constexpr int kPendingBytesMax = 64 << 20, kPendingMessagesMax = 1 << 20;
// What libnats reads and writes at once.
constexpr int kBufferBytes = 256 << 10;
constexpr Duration kLongTime = std::chrono::hours(1);

LiveConnection& connection_of(void* ours) { return *static_cast<LiveConnection*>(ours); }

}  // namespace

LiveConnection::LiveConnection(const Api& api, const Settings& settings, const std::string& inbox,
                               const sys::EventFd& bell)
    : api_(api), settings_(settings), inbox_(inbox), bell_(bell) {
  connect();
  if (connection_ != nullptr) subscribe();
}

LiveConnection::~LiveConnection() {
  if (connection_ == nullptr) return;
  end("it is closed");
  // In this order: else it waits for an answer to what is said of the subscriptions, which nobody reads.
  api_.natsConnection_Destroy(connection_);
  for (natsSubscription* const each : subscriptions_) api_.natsSubscription_Destroy(each);
  std::unique_lock lock(mutex_);
  all_called_.wait(lock, [this] { return calls_to_come_ == 0; });
}

void LiveConnection::connect() {
  Result<Options> options = Options::create(api_, settings_);
  if (!options) return end(options.error().what);
  options_.emplace(*std::move(options));
  natsOptions* const made = options_->get();
  (void)api_.natsOptions_SetClosedCB(made, on_closed, this);
  (void)api_.natsOptions_SetErrorHandler(made, on_trouble, this);
  if (!settings_.tls) {
    (void)api_.natsOptions_SetIOBufSize(made, kBufferBytes);
    (void)api_.natsOptions_SetSendAsap(made, true);  // Else by a thread of its own.
    (void)api_.natsOptions_SetEventLoop(made, this, on_attach, on_read_wanted, on_write_wanted, on_detach);
  }
  natsStatus status = NATS_OK;
  do {
    status = api_.natsConnection_Connect(&connection_, made);
  } while (status != NATS_OK && options_->take_unlucky_signature());
  if (status == NATS_OK) return;
  connection_ = nullptr;
  end(explain_no_connection(reason_of(status), settings_));
}

void LiveConnection::subscribe() {
  std::vector<std::string> subjects = settings_.subscriptions;
  subjects.push_back(inbox_ + ">");
  for (const std::string& subject : subjects) {
    if (const std::string why = subscribe_to(subject); !why.empty()) return end(why);
  }
  // Then the broker has them: whoever hears from now on that we are here can reach us.
  flush(settings_.connect_limit);
  if (ended().empty()) end(refusal_to_hear(last_error(connection_)));
}

// With a callback: whoever takes messages by himself is not told of a question for which there was nobody.
std::string LiveConnection::subscribe_to(const std::string& subject) {
  natsSubscription* subscription = nullptr;
  const natsStatus status =
      api_.natsConnection_Subscribe(&subscription, connection_, subject.c_str(), on_message, this);
  if (status != NATS_OK) return reason_of(status);
  subscriptions_.push_back(subscription);
  if (api_.natsSubscription_SetOnCompleteCB(subscription, on_subscription_ended, this) == NATS_OK) {
    const std::lock_guard lock(mutex_);
    ++calls_to_come_;
  }
  (void)api_.natsSubscription_SetPendingLimits(subscription, kPendingMessagesMax, kPendingBytesMax);
  return {};
}

std::string LiveConnection::ended() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

void LiveConnection::end(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (why_.empty()) why_ = why;
  reads_again_.notify_all();
}

void LiveConnection::turn(bool reads) {
  {
    const std::lock_guard lock(mutex_);
    reads_ = reads;
    if (reads) reads_again_.notify_all();
  }
  const bool writes = wants_write_;
  if (!std::exchange(was_writing_, writes)) write_limit_ = sys::deadline_after(settings_.write_limit);
  const bool is_read = reads && wants_read_;
  std::array<pollfd, 2> fds{
      {{bell_.fd(), POLLIN, 0}, {socket_, static_cast<short>((is_read ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0}}};
  if (fds[1].events == 0) fds[1].fd = -1;  // Else it is told of a hang-up all the time.
  (void)sys::wait_for_any(fds, writes ? write_limit_ : sys::deadline_after(kLongTime));
  bell_.clear();
  if ((fds[1].revents & POLLOUT) != 0) {
    api_.natsConnection_ProcessWriteEvent(connection_);
    write_limit_ = sys::deadline_after(settings_.write_limit);
  }
  if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) api_.natsConnection_ProcessReadEvent(connection_);
  if (writes && sys::now() >= write_limit_) end("the broker takes nothing that is sent to it");
}

std::vector<Event> LiveConnection::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(came_, {});
}

std::optional<Message> LiveConnection::message_of(natsMsg* got) const {
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
  // Stored along with the rest, by anybody.
  if (is_stored) message.status = 0;
  const bool is_jetstreams =
      is_stored || (message.status != 0 && message.status != kNoResponders) || message.data.starts_with('{');
  if (is_jetstreams && !message.subject.starts_with(inbox_)) return std::nullopt;
  return message;
}

void LiveConnection::send(const Message& message) {
  const int size = static_cast<int>(message.data.size());
  const natsStatus status =
      message.reply.empty()
          ? api_.natsConnection_Publish(connection_, message.subject.c_str(), message.data.data(), size)
          : api_.natsConnection_PublishRequest(connection_, message.subject.c_str(), message.reply.c_str(),
                                               message.data.data(), size);
  if (status == NATS_OK || status == NATS_CONNECTION_CLOSED) return;
  const std::string reason = reason_of(status);
  if (status != NATS_MAX_PAYLOAD && status != NATS_INVALID_SUBJECT && status != NATS_INVALID_ARG) return end(reason);
  const std::lock_guard lock(mutex_);
  came_.emplace_back(Trouble{message.subject + ": " + reason});
  bell_.ring();
}

std::size_t LiveConnection::unsent_bytes() const {
  return static_cast<std::size_t>(std::max(0, api_.natsConnection_Buffered(connection_)));
}

// It waits for what turn() reads.
void LiveConnection::flush(Duration limit) {
  std::atomic<bool> is_done = false;
  const auto wait = [&] {
    const natsStatus status = api_.natsConnection_FlushTimeout(connection_, milliseconds(limit));
    if (status != NATS_OK) end(reason_of(status));
    is_done = true;
    bell_.ring();
  };
  if (settings_.tls) return wait();
  try {
    std::thread waiting(wait);
    while (!is_done) turn(true);
    waiting.join();
  } catch (const std::system_error& error) {
    end(std::string("no thread to wait for the broker: ") + error.what());
  }
  bell_.ring();  // For what came meanwhile.
}

// libnats puts a place of its own source before it.
std::string LiveConnection::reason_of(natsStatus status) const {
  const char* const detail = api_.nats_GetLastError(nullptr);
  std::string text = detail != nullptr && *detail != '\0' ? detail : api_.natsStatus_GetText(status);
  const std::size_t place = text.starts_with('(') ? text.find("): ") : std::string::npos;
  return place == std::string::npos ? text : text.substr(place + 3);
}

std::string LiveConnection::last_error(natsConnection* connection) const {
  const char* text = nullptr;
  const natsStatus status = api_.natsConnection_GetLastError(connection, &text);
  if (text != nullptr && *text != '\0') return text;
  return status != NATS_OK ? api_.natsStatus_GetText(status) : "";
}

natsStatus LiveConnection::on_attach(void** ours, void* loop, natsConnection*, natsSock socket) {
  *ours = loop;
  connection_of(loop).socket_ = socket;
  return on_read_wanted(loop, true);
}

natsStatus LiveConnection::on_read_wanted(void* ours, bool is_wanted) {
  LiveConnection& self = connection_of(ours);
  self.note_wanted(self.wants_read_, is_wanted);
  return NATS_OK;
}

natsStatus LiveConnection::on_write_wanted(void* ours, bool is_wanted) {
  LiveConnection& self = connection_of(ours);
  self.note_wanted(self.wants_write_, is_wanted);
  return NATS_OK;
}

natsStatus LiveConnection::on_detach(void*) { return NATS_OK; }

void LiveConnection::note_wanted(std::atomic<bool>& wanted, bool is_wanted) const {
  if (wanted.exchange(is_wanted) != is_wanted && std::this_thread::get_id() != thread_) bell_.ring();
}

void LiveConnection::on_message(natsConnection*, natsSubscription*, natsMsg* got, void* ours) {
  LiveConnection& self = connection_of(ours);
  std::optional<Message> message = self.message_of(got);
  self.api_.natsMsg_Destroy(got);
  if (!message) return;
  std::unique_lock lock(self.mutex_);
  // Meanwhile nothing is read, or libnats keeps it, and drops what is too much: a session's offsets show that.
  self.reads_again_.wait(lock, [&self] { return self.reads_ || !self.why_.empty(); });
  self.came_.emplace_back(*std::move(message));
  if (self.came_.size() == 1) self.bell_.ring();
}

void LiveConnection::on_subscription_ended(void* ours) { connection_of(ours).note_callback_ended(); }

void LiveConnection::note_callback_ended() {
  const std::lock_guard lock(mutex_);  // With it: who waits for this may be gone as soon as it is let go.
  --calls_to_come_;
  all_called_.notify_all();
}

// What it is about, the last error alone says.
void LiveConnection::on_trouble(natsConnection* connection, natsSubscription*, natsStatus status, void* ours) {
  LiveConnection& self = connection_of(ours);
  const std::string text = self.last_error(connection);
  const std::string refused = refusal_to_hear(text);
  if (!refused.empty()) {
    self.end(refused);
  } else {
    const std::lock_guard lock(self.mutex_);
    self.came_.emplace_back(Trouble{!text.empty() ? text : self.api_.natsStatus_GetText(status)});
  }
  self.bell_.ring();
}

void LiveConnection::on_closed(natsConnection* connection, void* ours) {
  LiveConnection& self = connection_of(ours);
  const std::string text = self.last_error(connection);
  self.end(!text.empty() ? text : "the broker has closed the connection");
  self.bell_.ring();
  self.note_callback_ended();
}

}  // namespace stapsh::nats
