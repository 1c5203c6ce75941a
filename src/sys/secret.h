// SPDX-License-Identifier: Apache-2.0
// A password on its way: in a page that no core file has (MADV_DONTDUMP), that is not swapped out where RLIMIT_MEMLOCK
// allows, that a forked child does not get, and that is wiped at the end. Never copy it into a string.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace stapsh::sys {

/// OpenSSH takes less than this from who asks for it.
constexpr std::size_t kSecretBytesMax = 1'024;

class Secret {
 public:
  Secret() = default;
  Secret(Secret&& other) noexcept : page_(std::exchange(other.page_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  static Result<Secret> create();

  /// Where to read it to: kSecretBytesMax bytes.
  [[nodiscard]] std::span<char> room() const { return {page_, page_ == nullptr ? 0 : kSecretBytesMax}; }
  /// So many bytes of room() are it.
  void set_size(std::size_t size) { size_ = size; }
  [[nodiscard]] std::string_view text() const { return {page_, size_}; }

 private:
  explicit Secret(char* page) : page_(page) {}
  void wipe() noexcept;

  char* page_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace stapsh::sys
