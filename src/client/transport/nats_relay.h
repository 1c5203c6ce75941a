// SPDX-License-Identifier: Apache-2.0
// Our ends of the relays to brokers (client/relay/relay.h): one for each site, started when it is first wanted, and
// anew after its death.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/options/nats_site.h"
#include "client/relay/control.h"
#include "client/transport/transport.h"
#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class NatsRelay {
 public:
  NatsRelay(std::string site, std::shared_ptr<LentContents> lent) : site_(std::move(site)), lent_(std::move(lent)) {}
  NatsRelay(const NatsRelay&) = delete;
  NatsRelay& operator=(const NatsRelay&) = delete;
  /// It has a moment to tell hosts of the end.
  ~NatsRelay();

  struct Opened {
    std::uint32_t number = 0;
    Connection connection;
  };
  /// Opens a session with `host`; whether it comes about shows later. `targets`: how many there are in all.
  Result<Opened> open(const std::string& host, const NatsSites& sites, std::size_t targets);
  /// Why that session ended; empty: nothing was said of it. `lost`: it ended before it was done.
  std::string reason(std::uint32_t number, bool lost);
  void forget(std::uint32_t number) { sessions_.erase(number); }

 private:
  struct Session {
    std::string host;
    std::string reason;  // Why it ended, if it was not by itself.
  };

  Result<> start(const NatsSites& sites, std::size_t targets);
  Result<> hand_over(const std::string& packet, int socket);
  void hear();
  void on_relay_end();
  void on_said(SessionEnded ended);

  std::string site_;
  std::shared_ptr<LentContents> lent_;
  std::string run_;  // One for all relays: who is lost is known by it to the next one.
  sys::UniqueFd control_;
  std::optional<sys::Child> child_;
  std::unordered_map<std::uint32_t, Session> sessions_;
  std::uint32_t next_ = 0;
  TimePoint may_wait_at_;            // For a relay's last word, where none has come.
  std::vector<ForgetSession> lost_;  // With a relay that died: hosts still serve them.
  std::string unusable_;             // Why no relay can begin.
  bool does_not_read_ = false;       // It has been waited for in vain,
  TimePoint may_try_at_;             // and is to be waited for again.
};

class NatsRelays {
 public:
  NatsRelays();
  NatsRelay& to(const std::string& site);

 private:
  std::shared_ptr<LentContents> lent_;
  std::map<std::string, NatsRelay> relays_;
};

}  // namespace stapsh::client
