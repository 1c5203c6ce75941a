// SPDX-License-Identifier: Apache-2.0
#include "broker_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include "sys/io.h"

namespace stapsh::fleet {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10U;
// In one turn, before others have theirs.
constexpr int kReadsPerTurn = 4;
// More of a buffer is not kept when it is empty.
constexpr std::size_t kKeptBytes = 4'096;

}  // namespace

Result<BrokerAddress> resolve_broker(std::string_view url) {
  constexpr std::string_view kScheme = "nats://";
  const std::size_t colon = url.rfind(':');
  if (!url.starts_with(kScheme) || colon < kScheme.size()) {
    return fail(Errc::kUsage, "'" + std::string(url) + "' is no broker: say nats://HOST:PORT");
  }
  const std::string host(url.substr(kScheme.size(), colon - kScheme.size())), port(url.substr(colon + 1));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
    return fail(Errc::kUsage, host + ": " + ::gai_strerror(code));
  }
  BrokerAddress address;
  std::memcpy(&address.bytes, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

Result<> BrokerSocket::open(const BrokerAddress& address, std::string_view name, const sys::Epoll& epoll,
                            std::uint64_t id) {
  fd_ = sys::UniqueFd(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) return fail_errno("socket", errno);
  const int on = 1;
  (void)::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* to = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::connect(fd_.get(), to, address.size) != 0 && errno != EINPROGRESS) return fail_errno("connect", errno);
  watch_ = TRY(epoll.add(fd_.get(), EPOLLIN | EPOLLOUT, id));
  say(connect_line(name));
  return {};
}

Result<> BrokerSocket::read(const NatsReader::Take& take) {
  static std::vector<char> buffer(kReadBytes);  // All sockets of a thread share it.
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const sys::IoResult got = TRY(sys::read_some(fd_.get(), std::span(buffer)));
    if (got.would_block) return {};
    if (got.end) return fail(Errc::kPeer, "the broker has closed the connection");
    TRY(reader_.feed({buffer.data(), got.bytes}, take));
    if (got.bytes < buffer.size()) return {};
  }
  return {};
}

Result<> BrokerSocket::flush() {
  while (sent_ < unsent_.size()) {
    const sys::IoResult done = TRY(sys::write_some(fd_.get(), std::string_view(unsent_).substr(sent_)));
    if (done.would_block) return watch_.modify(EPOLLIN | EPOLLOUT);
    sent_ += done.bytes;
  }
  unsent_.clear();
  if (unsent_.capacity() > kKeptBytes) unsent_.shrink_to_fit();
  sent_ = 0;
  return watch_.modify(EPOLLIN);
}

}  // namespace stapsh::fleet
