// SPDX-License-Identifier: Apache-2.0
#include "tls_socket.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

namespace stapsh::fleet {
namespace {

// One for all. No session is taken up again: each of the hosts that it stands for shakes hands in full.
SSL_CTX* context() {
  static SSL_CTX* const kContext = [] {
    SSL_CTX* const made = ::SSL_CTX_new(::TLS_client_method());
    if (made == nullptr) return made;
    (void)::SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    // Ten thousand connections keep no buffer while they are silent; and what is unsent moves as it grows.
    (void)::SSL_CTX_set_mode(
        made, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return made;
  }();
  return kContext;
}

int size_of(std::size_t bytes) { return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)); }

std::string last_error() {
  const char* const reason = ::ERR_reason_error_string(::ERR_peek_error());
  return reason != nullptr ? reason : "an error without a reason";
}

}  // namespace

Result<TlsSocket> TlsSocket::begin(int fd) {
  TlsSocket made;
  if (context() != nullptr) made.ssl_.reset(::SSL_new(context()));
  if (!made.valid() || ::SSL_set_fd(made.ssl_.get(), fd) != 1) return fail(Errc::kSystem, "TLS: " + last_error());
  ::SSL_set_connect_state(made.ssl_.get());
  return made;
}

Result<sys::IoResult> TlsSocket::read(std::span<char> buffer) {
  ::ERR_clear_error();  // All connections of a thread share them.
  return result_of(::SSL_read(ssl_.get(), buffer.data(), size_of(buffer.size())));
}

Result<sys::IoResult> TlsSocket::write(std::string_view bytes) {
  ::ERR_clear_error();
  return result_of(::SSL_write(ssl_.get(), bytes.data(), size_of(bytes.size())));
}

Result<sys::IoResult> TlsSocket::result_of(int done) {
  const int error = errno;
  if (done > 0) return sys::IoResult{static_cast<std::size_t>(done), false, false};
  switch (::SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return sys::IoResult{0, true, false};
    case SSL_ERROR_ZERO_RETURN:
      return sys::IoResult{0, false, true};
    case SSL_ERROR_SYSCALL:
      return fail_errno("TLS", error);
    default:
      return fail(Errc::kPeer, "TLS: " + last_error());
  }
}

}  // namespace stapsh::fleet
