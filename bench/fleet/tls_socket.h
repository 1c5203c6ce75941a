// SPDX-License-Identifier: Apache-2.0
// TLS over a socket that never waits. The handshake is part of the first reads and writes. Nobody's certificate is
// checked: for what it costs the broker that is the same.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sys/io.h"

namespace stapsh::fleet {

class TlsSocket {
 public:
  /// `fd` is lent, and connected.
  static Result<TlsSocket> begin(int fd);

  TlsSocket() = default;
  [[nodiscard]] bool valid() const { return ssl_ != nullptr; }

  /// Of one record at most. What would block waits to be read, or `wants_write`.
  Result<sys::IoResult> read(std::span<char> buffer);
  /// As much as goes into one record. Who could not write all of `bytes` begins with the same ones again.
  Result<sys::IoResult> write(std::string_view bytes);
  [[nodiscard]] bool wants_write() const { return ::SSL_want(ssl_.get()) == SSL_WRITING; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  };
  Result<sys::IoResult> result_of(int done);

  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace stapsh::fleet
