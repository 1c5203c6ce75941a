// SPDX-License-Identifier: Apache-2.0
#include "client/relay/session_input.h"

#include <algorithm>
#include <utility>

#include "client/relay/control.h"
#include "sys/pass_descriptor.h"

namespace stapsh::client {

Result<sys::IoResult> SessionInput::receive(int socket, std::span<char> buffer) {
  if (!content_.empty()) {
    const std::size_t bytes = std::min(content_.size(), buffer.size());
    std::copy_n(content_.begin(), bytes, buffer.begin());
    content_.remove_prefix(bytes);
    return sys::IoResult{.bytes = bytes};
  }
  if (!file_) {
    sys::ReceivedDescriptor got = TRY(sys::receive_descriptor(socket, buffer));
    if (!got.fd.valid()) return got.io;
    file_ = std::move(got.fd);
    const std::size_t before = got.io.bytes - kFileMark.size();
    if (before > 0) return sys::IoResult{.bytes = before};
  }
  sys::UniqueFd file = *std::move(file_);
  file_.reset();
  take_file_(std::move(file));
  return sys::IoResult{.would_block = true};
}

}  // namespace stapsh::client
