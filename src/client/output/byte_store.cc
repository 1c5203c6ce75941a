// SPDX-License-Identifier: Apache-2.0
#include "client/output/byte_store.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "sys/temporary_file.h"

namespace stapsh::client {
namespace {

Result<> write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t size = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("a temporary file (TMPDIR chooses another place)", errno);
    bytes.remove_prefix(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return {};
}

}  // namespace

ByteStore::~ByteStore() {
  for (const Block& block : blocks_) {
    if (block.mapped != nullptr) (void)::munmap(const_cast<char*>(block.mapped), kBlockBytes);
  }
}

ByteStore::Piece ByteStore::append(std::string_view bytes) {
  STAPSH_ASSERT(!bytes.empty());
  if (filled_ == kBlockBytes) {
    make_room();
    blocks_.push_back({std::unique_ptr<char[]>(new char[kBlockBytes]), nullptr});  // make_unique would touch all of it.
    filled_ = 0;
  }
  const std::size_t size = std::min(bytes.size(), kBlockBytes - filled_);
  std::memcpy(blocks_.back().heap.get() + filled_, bytes.data(), size);
  const Piece piece{static_cast<std::uint32_t>(blocks_.size() - 1), static_cast<std::uint32_t>(filled_),
                    static_cast<std::uint32_t>(size)};
  filled_ += size;
  bytes_ += size;
  return piece;
}

void ByteStore::make_room() {
  while (!full_ && is_over_bound()) {
    if (in_file_ == blocks_.size()) {
      full_ = Error{Errc::kLimit, fmt::format("telling the texts apart takes {} MiB of memory", index_bytes_ >> 20)};
    } else if (Result<> moved = move_to_file(blocks_[in_file_]); !moved) {
      full_ = std::move(moved).error();
    }
  }
}

// Written, not only mapped: a disk that is full is then an error, not a SIGBUS.
Result<> ByteStore::move_to_file(Block& block) {
  if (!file_.valid()) file_ = TRY(sys::make_temporary_file());
  TRY(write_at(file_.get(), {block.heap.get(), kBlockBytes}, file_bytes_));
  void* const mapped =
      ::mmap(nullptr, kBlockBytes, PROT_READ, MAP_SHARED, file_.get(), static_cast<off_t>(file_bytes_));
  if (mapped == MAP_FAILED) return fail_errno("a temporary file", errno);
  block.mapped = static_cast<const char*>(mapped);
  block.heap.reset();
  file_bytes_ += kBlockBytes;
  ++in_file_;
  return {};
}

}  // namespace stapsh::client
