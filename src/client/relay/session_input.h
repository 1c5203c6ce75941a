// SPDX-License-Identifier: Apache-2.0
// What a session's socket carries from rstap: bytes, and in their midst files that are handed on as descriptors.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class SessionInput {
 public:
  using TakeFile = std::function<void(sys::UniqueFd file)>;

  /// `take_file` is told of a file when all bytes before it were returned. The next bytes come after it has returned.
  explicit SessionInput(TakeFile take_file) : take_file_(std::move(take_file)) {}

  /// As nats::SessionPump::Receive. Of a file's own bytes, once they are to be data, those come first.
  Result<sys::IoResult> receive(int socket, std::span<char> buffer);

  /// These bytes, which are lent, come next: a file's, that is not stored.
  void put_in_front(std::string_view content) { content_ = content; }
  /// Whether there is something that no event of the socket tells of: such bytes, or a file whose mark was read.
  [[nodiscard]] bool has_more() const { return !content_.empty() || file_; }

 private:
  TakeFile take_file_;
  std::string_view content_;
  std::optional<sys::UniqueFd> file_;  // Its mark was read, and bytes before it with it.
};

}  // namespace stapsh::client
