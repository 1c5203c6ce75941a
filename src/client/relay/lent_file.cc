// SPDX-License-Identifier: Apache-2.0
#include "client/relay/lent_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/sha256.h"

namespace stapsh::client {

Result<LentFile::Id> LentFile::id_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno("a file that is to be sent", errno);
  return Id{status.st_dev, status.st_ino};
}

Result<LentFile> LentFile::open(const sys::UniqueFd& fd) {
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_WRITE;  // Else the mapping could end under us.
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  struct stat status {};
  if (seals < 0 || (seals & kNeeded) != kNeeded || ::fstat(fd.get(), &status) != 0 || status.st_size <= 0) {
    return fail(Errc::kPeer, "a file that is to be sent is not whole");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) return fail_errno("a file that is to be sent", errno);
  return LentFile(std::string_view(static_cast<const char*>(at), size));
}

LentFile::LentFile(std::string_view content) : content_(content), digest_(sha256_hex(content)) {}

LentFile::LentFile(LentFile&& other) noexcept
    : content_(std::exchange(other.content_, {})), digest_(std::move(other.digest_)) {}

LentFile::~LentFile() {
  if (content_.empty()) return;
  (void)::munmap(const_cast<char*>(content_.data()), content_.size());  // NOLINT(*-const-cast): as mmap gave it.
}

}  // namespace stapsh::client
