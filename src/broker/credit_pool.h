// SPDX-License-Identifier: Apache-2.0
// How a client's sessions share the bytes that it is willing to hold for them all: a broker cuts off who has too much
// waiting. Each has its base, and who uses that up borrows of what is free. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "broker/stream.h"

namespace stapsh::broker {

class CreditPool {
 public:
  static constexpr std::uint64_t kBaseMin = 2'048, kBaseMax = 65'536, kWindowMax = 262'144;

  /// A session's part of it. Begins with the base.
  struct Share {
    std::uint64_t window = 0;
  };

  /// `bytes`: half of it is shared out beforehand among `sessions`, never less than kBaseMin for each.
  CreditPool(std::uint64_t bytes, std::size_t sessions)
      : bytes_(bytes), base_(std::clamp(bytes / 2 / std::max<std::uint64_t>(sessions, 1), kBaseMin, kBaseMax)) {}

  [[nodiscard]] std::uint64_t base() const { return base_; }
  /// Bytes that all sessions together have credit for or have not used up.
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }

  /// A session begins, whose other end has credit for `first` bytes: base(), or less.
  Share open(std::uint64_t first) {
    outstanding_ += first;
    return {first};
  }
  /// `bytes` of what arrived are used up; what to say to the other end, once it has less than a half of its window.
  std::optional<Credit> use(Stream& stream, Share& share, std::uint64_t bytes) {
    const std::uint64_t left = stream.credit_left();
    stream.use(bytes);
    outstanding_ -= bytes;
    if (left * 2 > share.window) return std::nullopt;
    // Who had none left would have sent more.
    const std::uint64_t wish = left == 0 ? share.window * 2 : share.window / 2;
    const std::uint64_t rest = stream.outstanding();
    const std::uint64_t others = outstanding_ - rest;
    const std::uint64_t room = bytes_ > others ? bytes_ - others : 0;
    share.window = std::clamp(std::min(wish, room), base_, kWindowMax);
    const std::optional<Credit> credit = stream.grant(share.window);
    outstanding_ += stream.outstanding() - rest;
    return credit;
  }
  void close(const Stream& stream) { outstanding_ -= stream.outstanding(); }

 private:
  std::uint64_t bytes_, base_;
  std::uint64_t outstanding_ = 0;
};

}  // namespace stapsh::broker
