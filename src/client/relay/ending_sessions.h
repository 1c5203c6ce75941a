// SPDX-License-Identifier: Apache-2.0
// Sessions that are over: rstap has yet to take what came for them, and then to be told why, before their sockets
// close.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "client/relay/relay_session.h"
#include "sys/epoll_set.h"

namespace stapsh::client {

class EndingSessions {
 public:
  /// `epoll` is lent. `first_id`: what a session's number is added to there. `control_fd`: where reasons are told.
  EndingSessions(const sys::Epoll& epoll, std::uint64_t first_id, int control_fd)
      : epoll_(epoll), first_id_(first_id), control_fd_(control_fd) {}

  void add(std::uint32_t number, const std::string& reason, std::unique_ptr<RelaySession> session);
  /// What epoll has said of a session's socket; of one that is not here it is nothing.
  void on_socket(std::uint32_t number, std::uint32_t events);
  /// The control socket may take more.
  void tell();
  /// It is full: tell() is wanted when it is not any more.
  [[nodiscard]] bool has_more_to_tell() const { return !untold_.empty(); }

 private:
  struct Ending {
    std::string packet;
    std::unique_ptr<RelaySession> session;
  };
  void settle(std::uint32_t number);

  const sys::Epoll& epoll_;
  const std::uint64_t first_id_;
  const int control_fd_;
  std::unordered_map<std::uint32_t, Ending> untaken_;
  std::deque<Ending> untold_;
};

}  // namespace stapsh::client
