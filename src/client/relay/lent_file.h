// SPDX-License-Identifier: Apache-2.0
// A file that rstap hands on as a descriptor, once for all sessions that send it.
#pragma once

#include <sys/types.h>

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class LentFile {
 public:
  /// What tells it from others, as long as it is open.
  struct Id {
    dev_t device = 0;
    ino_t inode = 0;
    auto operator<=>(const Id&) const = default;
  };
  static Result<Id> id_of(int fd);

  /// kPeer: it can still be changed, or is empty.
  static Result<LentFile> open(const sys::UniqueFd& fd);
  LentFile(LentFile&& other) noexcept;
  LentFile& operator=(LentFile&&) = delete;
  ~LentFile();

  [[nodiscard]] std::string_view content() const { return content_; }
  /// SHA-256 of the content, in hexadecimal digits.
  [[nodiscard]] const std::string& digest() const { return digest_; }

 private:
  explicit LentFile(std::string_view content);

  std::string_view content_;  // Mapped.
  std::string digest_;
};

}  // namespace stapsh::client
