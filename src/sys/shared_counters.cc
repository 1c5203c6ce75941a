// SPDX-License-Identifier: Apache-2.0
#include "sys/shared_counters.h"

#include <sys/mman.h>

#include <cerrno>
#include <memory>

namespace stapsh::sys {

SharedCounters& SharedCounters::operator=(SharedCounters&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  all_ = std::exchange(other.all_, {});
  return *this;
}

void SharedCounters::unmap() noexcept {
  if (!all_.empty()) (void)::munmap(all_.data(), all_.size_bytes());  // Can't fail for what mmap gave.
}

Result<SharedCounters> SharedCounters::create(std::size_t count) {
  void* const memory =
      ::mmap(nullptr, count * sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("cannot make shared memory", errno);
  auto* const first = static_cast<Counter*>(memory);
  std::uninitialized_value_construct_n(first, count);
  SharedCounters counters;
  counters.all_ = {first, count};
  return counters;
}

}  // namespace stapsh::sys
