// SPDX-License-Identifier: Apache-2.0
// One connection of libnats', from its beginning to its end. By itself libnats reads in one thread and writes in
// another, and each message costs several switches between them; here one thread does both, as libnats' event loop:
// whoever calls turn(). What came is handed over by a thread of libnats' for each subscription. With TLS its own
// threads do all of it: within a record libnats waits for the rest, in an event loop as well, and would wait for a
// frozen broker for ever.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "nats/api.h"
#include "nats/connection.h"
#include "nats/options.h"
#include "sys/event_fd.h"

namespace stapsh::nats {

class LiveConnection {
 public:
  /// Connects and subscribes, which waits for the broker. Who rings `bell` ends a turn(). `inbox`: what the subjects of
  /// new_inbox() begin with. All is lent.
  LiveConnection(const Api& api, const Settings& settings, const std::string& inbox, const sys::EventFd& bell);
  LiveConnection(const LiveConnection&) = delete;
  LiveConnection& operator=(const LiveConnection&) = delete;
  ~LiveConnection();

  /// Why it is of no use, or no more; empty: it lives.
  [[nodiscard]] std::string ended() const;
  /// Waits until there is something to do with the broker, and does it. `reads`: what the broker says is taken, too.
  void turn(bool reads);
  /// What has come since: messages, in the order of each subscription, and troubles.
  std::vector<Event> take();

  /// Never waits: what the broker does not take is kept in memory.
  void send(const Message& message);
  [[nodiscard]] std::size_t unsent_bytes() const;
  /// Waits until the broker has seen all that was sent; or has not, within `limit`.
  void flush(Duration limit);

 private:
  void connect();
  void subscribe();
  std::string subscribe_to(const std::string& subject);
  [[nodiscard]] std::optional<Message> message_of(natsMsg* got) const;
  [[nodiscard]] std::string reason_of(natsStatus status) const;
  [[nodiscard]] std::string last_error(natsConnection* connection) const;
  void end(const std::string& why);

  // libnats calls these, also in threads of its own.
  static natsStatus on_attach(void** ours, void* loop, natsConnection* connection, natsSock socket);
  static natsStatus on_read_wanted(void* ours, bool is_wanted);
  static natsStatus on_write_wanted(void* ours, bool is_wanted);
  static natsStatus on_detach(void* ours);
  static void on_message(natsConnection*, natsSubscription*, natsMsg* got, void* ours);
  static void on_subscription_ended(void* ours);
  static void on_trouble(natsConnection* connection, natsSubscription*, natsStatus status, void* ours);
  static void on_closed(natsConnection* connection, void* ours);
  void note_callback_ended();
  void note_wanted(std::atomic<bool>& wanted, bool is_wanted) const;

  const Api& api_;
  const Settings& settings_;
  const std::string& inbox_;
  const sys::EventFd& bell_;
  const std::thread::id thread_ = std::this_thread::get_id();  // Who calls turn().
  std::optional<Options> options_;
  natsConnection* connection_ = nullptr;
  std::vector<natsSubscription*> subscriptions_;
  std::atomic<int> socket_ = -1;
  std::atomic<bool> wants_read_ = false, wants_write_ = false;
  bool was_writing_ = false;
  TimePoint write_limit_;

  mutable std::mutex mutex_;
  std::condition_variable all_called_, reads_again_;
  bool reads_ = true;
  int calls_to_come_ = 1;  // That it is closed, and the end of each subscription: then libnats calls nothing any more.
  std::vector<Event> came_;
  std::string why_;
};

}  // namespace stapsh::nats
