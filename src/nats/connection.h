// SPDX-License-Identifier: Apache-2.0
// One connection to a broker, which is made anew for ever. libnats has threads of its own, and calls that wait for the
// broker: all that is behind a descriptor that becomes readable and a queue, so nothing here waits, whatever the broker
// does. What one publishes while there is no connection is dropped: an event has said so, or is about to.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace stapsh::nats {

struct Settings {
  std::vector<std::string> servers = {};  ///< nats://HOST:PORT; one is picked by chance.
  /// The broker must prove by a certificate that it is the HOST of its URL. False: what is said can be read and changed
  /// on its way.
  bool tls = true;
  std::string ca_file = {};                          ///< Who signs such certificates, beside whom the system trusts.
  std::string certificate_file = {}, key_file = {};  ///< Ours, if the broker asks for one.
  std::string nkey_file = {};                        ///< A file with an NKey's seed, or
  std::string credentials_file = {};                 ///< one with a JWT and its seed; empty: neither.
  std::string name = {};                             ///< For whoever looks at the broker.
  std::string inbox_prefix = "_INBOX";          ///< What new_inbox() begins with: the broker may allow just one's own.
  std::vector<std::string> subscriptions = {};  ///< For as long as it lives; new_inbox() has one beside them.

  Duration connect_limit = std::chrono::seconds(10);  ///< For each server.
  /// A broker that takes nothing for so long, or does not answer two pings, is lost.
  Duration write_limit = std::chrono::seconds(10), ping_interval = std::chrono::seconds(10);
  /// Between two tries a random part of a time that doubles from the one to the other: a broker that was restarted is
  /// not asked by all at once.
  Duration retry_min = std::chrono::milliseconds(500), retry_max = std::chrono::seconds(60);
};

struct Message {
  std::string subject, reply, data;
  int status = 0;  ///< The broker's own answer to a request: kNoResponders, kNotFound …; 0: it is somebody's.
};
constexpr int kNoResponders = 503;  ///< Nobody is there who could answer.
constexpr int kNotFound = 404;      ///< Of JetStream: there is no such message.

/// Again, or for the first time; the subscriptions are there: a broker that refuses one of them is none.
struct Connected {};
/// There is none any more, or the first try has failed, or a later one has for another reason. It is tried again.
struct Disconnected {
  std::string why;
};
/// Something was not done, and the connection goes on: a broker's permissions, too much to take.
struct Trouble {
  std::string what;
};
using Event = std::variant<Message, Connected, Disconnected, Trouble>;

class Connection {
 public:
  /// Whether start() would: the library is here, and what the settings name can be used. Connects nowhere.
  static Result<> check(const Settings& settings);
  /// Begins to connect. An Error: the library is not here, or files of the settings can't be used.
  static Result<Connection> start(const Settings& settings);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  /// As finish() without patience.
  ~Connection();

  /// Readable while there are events.
  [[nodiscard]] int fd() const;
  /// All events so far, in their order. What JetStream says comes to new_inbox() alone: elsewhere what has its
  /// headers, or is JSON, is dropped.
  std::vector<Event> take();

  /// Never waits. What a broker does not take is kept in memory: the caller's credit is its bound.
  void publish(std::string subject, std::string data, std::string reply = {});
  /// A subject that comes to us alone, for the answers to one publish().
  std::string new_inbox();
  /// One that nobody can guess who has seen others.
  std::string new_secret_inbox();
  /// Whether a message came to one of those.
  [[nodiscard]] bool is_inbox(std::string_view subject) const;
  /// Bytes that were published and are not handed to the library yet.
  [[nodiscard]] std::size_t unsent() const;

  /// Sends what is unsent and disconnects; false if that is not done within `limit`: it goes on by itself then, and
  /// the process should end by _exit(2).
  bool finish(Duration limit);

 private:
  class State;
  explicit Connection(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace stapsh::nats
