// SPDX-License-Identifier: Apache-2.0
// Bytes to a zstd frame and back, as they come. Pure; libzstd is known to nobody else.
#pragma once

#include <memory>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/result.h"

namespace stapsh::client {

/// How a file that was made by a Compressor begins.
inline constexpr std::string_view kZstdMagic{"\x28\xb5\x2f\xfd", 4};

class Compressor {
 public:
  Compressor();

  enum class Until {
    kLater,  ///< Some of it may be kept for what comes.
    kNow,    ///< All that was given can be read from what was made.
    kEnd,    ///< The same, and nothing follows.
  };
  /// kSystem: out of memory.
  Result<> compress(std::string_view bytes, Until until, ByteBuffer& to);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

class Decompressor {
 public:
  Decompressor();

  /// Any split of the bytes gives the same. Makes at most some `most` bytes at once, and takes what it used off
  /// `bytes`. True: there is more to come of what it has. kUsage: they are not what a compressor made.
  Result<bool> decompress(std::string_view& bytes, ByteBuffer& to, std::size_t most);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace stapsh::client
