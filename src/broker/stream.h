// SPDX-License-Identifier: Apache-2.0
// One end of a session's two streams of bytes: offsets, credit and ends, as client and link keep them alike. Nothing is
// sent twice and nothing is waited for: what does not fit is the end of the session. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/message.h"

namespace stapsh::broker {

class Stream {
 public:
  /// A client may say Open and StoredFile, a host may not.
  enum class Side { kClient, kHost };

  /// What there is for the receiver, in order: `bytes`, or a file's, or that nothing follows.
  struct Arrival {
    std::string_view bytes;            ///< The message's own.
    const StoredFile* file = nullptr;  ///< Likewise.
    bool ended = false;
  };

  /// What a client may send before it has heard of any credit: a hello and what is asked first go along with Open.
  static constexpr std::uint64_t kFirstCredit = 2'048;

  /// `send_until`: how many bytes of data it may send before it is given more; `receive_until`: likewise the other end.
  Stream(Side side, std::uint64_t send_until, std::uint64_t receive_until)
      : side_(side), send_until_(send_until), receive_until_(receive_until) {}

  /// Takes a message but Open and Reset, which begin and end a Stream, and what is said of a stored file's pieces. The
  /// Error is what the other end did wrong, or what was lost on its way: the session is over, and the Error a reason
  /// for a Reset.
  Result<Arrival> receive(const Message& message);
  /// So many bytes of the data that arrived are used up.
  void use(std::uint64_t bytes);
  /// Bytes of data that arrived and are not used up yet.
  [[nodiscard]] std::uint64_t unused() const { return received_data_ - used_; }
  /// Bytes that the other end has credit for, or has sent and are not used up: what may have to be held.
  [[nodiscard]] std::uint64_t outstanding() const { return receive_until_ - used_; }
  /// What the other end may still send.
  [[nodiscard]] std::uint64_t credit_left() const { return receive_until_ - received_data_; }
  /// A Credit for `window` bytes behind what is used up; none: that is not more than was said already.
  std::optional<Credit> grant(std::uint64_t window);

  /// How many bytes the next Data may have: 0 is to wait for credit, or nothing more may be sent.
  [[nodiscard]] std::size_t sendable() const;
  /// The next bytes, at most sendable(); at least one.
  Data send(std::string_view bytes);
  StoredFile send_file(std::string_view sha256, std::uint64_t size, std::uint32_t spread_ms);
  /// Nothing more will be sent. Once.
  End send_end();

  [[nodiscard]] bool has_sent_end() const { return sent_end_; }
  [[nodiscard]] bool has_received_end() const { return received_end_; }

 private:
  Result<> expect_offset(std::uint64_t offset) const;

  Side side_;
  std::uint64_t sent_ = 0, received_ = 0;  // Offsets: stored files count.
  // Of data alone. A credit that was on its way while a file was sent would say something else otherwise.
  std::uint64_t sent_data_ = 0, send_until_;
  std::uint64_t received_data_ = 0, receive_until_, used_ = 0;
  bool sent_end_ = false, received_end_ = false;
};

}  // namespace stapsh::broker
