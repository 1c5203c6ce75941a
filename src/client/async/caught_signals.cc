// SPDX-License-Identifier: Apache-2.0
#include "client/async/caught_signals.h"

#include <signal.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "sys/unique_fd.h"

namespace stapsh::client {

CaughtSignals::CaughtSignals(asio::io_context& io, std::function<void(int signo)> on_signal)
    : on_signal_(std::move(on_signal)), waiter_(io) {
  std::vector<int> signals;
  for (const int signo : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction now {};
    if (::sigaction(signo, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) signals.push_back(signo);
  }
  // Without descriptors for them they stay as they are.
  Result<sys::SignalFd> made = sys::SignalFd::create(signals);
  if (!made) return;
  signals_ = *std::move(made);
  while (signals_.read()) continue;
  Result<sys::UniqueFd> own = sys::duplicate(signals_.fd());
  if (!own) return;
  waiter_.assign(own->release());
  wait();
}

void CaughtSignals::wait() {
  waiter_.async_wait(Descriptor::wait_read, [this, here = std::weak_ptr(here_)](asio::error_code error) {
    if (error || here.expired()) return;
    while (const auto signal = signals_.read()) on_signal_(signal->signo);
    wait();
  });
}

}  // namespace stapsh::client
