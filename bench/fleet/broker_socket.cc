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
  BrokerAddress address;
  address.tls = url.starts_with("tls://");
  const std::size_t begin = std::string_view(address.tls ? "tls://" : "nats://").size(), colon = url.rfind(':');
  if ((!address.tls && !url.starts_with("nats://")) || colon < begin) {
    return fail(Errc::kUsage, "'" + std::string(url) + "' is no broker: say nats://HOST:PORT or tls://HOST:PORT");
  }
  const std::string host(url.substr(begin, colon - begin)), port(url.substr(colon + 1));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
    return fail(Errc::kUsage, host + ": " + ::gai_strerror(code));
  }
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
  tls_wanted_ = address.tls;
  watch_ = TRY(epoll.add(fd_.get(), EPOLLIN | EPOLLOUT, id));
  say(connect_line(name));
  return {};
}

Result<> BrokerSocket::read(const NatsReader::Take& take) {
  static std::vector<char> buffer(kReadBytes);  // All sockets of a thread share it.
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const sys::IoResult got = TRY(read_some(std::span(buffer)));
    if (got.would_block) return {};
    if (got.end) return fail(Errc::kPeer, "the broker has closed the connection");
    const std::string_view bytes(buffer.data(), got.bytes);
    TRY(reader_.feed(bytes, take));
    // It says one line before TLS, and waits.
    if (tls_wanted_ && !tls_.valid() && bytes.ends_with('\n')) tls_ = TRY(TlsSocket::begin(fd_.get()));
    if (!tls_.valid() && got.bytes < buffer.size()) return {};
  }
  return {};
}

Result<sys::IoResult> BrokerSocket::read_some(std::span<char> buffer) {
  return tls_.valid() ? tls_.read(buffer) : sys::read_some(fd_.get(), buffer);
}

Result<sys::IoResult> BrokerSocket::write_some(std::string_view bytes) {
  return tls_.valid() ? tls_.write(bytes) : sys::write_some(fd_.get(), bytes);
}

Result<> BrokerSocket::flush() {
  if (tls_wanted_ && !tls_.valid()) return watch_.modify(EPOLLIN);
  while (sent_ < unsent_.size()) {
    const sys::IoResult done = TRY(write_some(std::string_view(unsent_).substr(sent_)));
    // In a handshake it may be the broker's turn.
    const bool waits_to_write = !tls_.valid() || tls_.wants_write();
    if (done.would_block) return watch_.modify(waits_to_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    sent_ += done.bytes;
  }
  unsent_.clear();
  if (unsent_.capacity() > kKeptBytes) unsent_.shrink_to_fit();
  sent_ = 0;
  return watch_.modify(EPOLLIN);
}

}  // namespace stapsh::fleet
