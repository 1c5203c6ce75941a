// SPDX-License-Identifier: Apache-2.0
#include "client/relay/ending_sessions.h"

#include <utility>

#include "client/relay/control.h"
#include "sys/packet_socket.h"

namespace stapsh::client {

void EndingSessions::add(std::uint32_t number, const std::string& reason, std::unique_ptr<RelaySession> session) {
  session->pump().on_reset();
  untaken_.emplace(number, Ending{encode_control(SessionEnded{number, reason}), std::move(session)});
  settle(number);
}

void EndingSessions::on_socket(std::uint32_t number, std::uint32_t events) {
  const auto at = untaken_.find(number);
  if (at == untaken_.end()) return;
  at->second.session->pump().on_socket(events);
  settle(number);
}

void EndingSessions::settle(std::uint32_t number) {
  const auto at = untaken_.find(number);
  RelaySession& session = *at->second.session;
  if (!session.pump().is_over() && session.watch(epoll_, first_id_ + number)) return;
  session.unwatch();
  untold_.push_back(std::move(at->second));
  untaken_.erase(at);
  tell();
}

void EndingSessions::tell() {
  while (!untold_.empty()) {
    if (!sys::send_packet(control_fd_, untold_.front().packet)) return;  // It is full, or rstap is gone: that shows.
    untold_.pop_front();
  }
}

}  // namespace stapsh::client
