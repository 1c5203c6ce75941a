// SPDX-License-Identifier: Apache-2.0
#include "sys/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <cerrno>

namespace stapsh::sys {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  page_ = std::exchange(other.page_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Result<Secret> Secret::create() {
  void* page = ::mmap(nullptr, kSecretBytesMax, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail_errno("memory for an answer", errno);
  Secret secret(static_cast<char*>(page));
  if (::madvise(page, kSecretBytesMax, MADV_DONTDUMP) != 0) return fail_errno("memory that is never dumped", errno);
  // What else can be had is taken: RLIMIT_MEMLOCK may be nothing.
  (void)::madvise(page, kSecretBytesMax, MADV_WIPEONFORK);
  (void)::mlock(page, kSecretBytesMax);
  return secret;
}

void Secret::wipe() noexcept {
  if (page_ == nullptr) return;
  ::explicit_bzero(page_, kSecretBytesMax);
  (void)::munmap(page_, kSecretBytesMax);
  page_ = nullptr;
}

}  // namespace stapsh::sys
