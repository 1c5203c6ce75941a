// SPDX-License-Identifier: Apache-2.0
#include "sys/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/io.h"

namespace stapsh::sys {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL, since Linux 6.3; some machines allow no others.
constexpr Duration kFillLimit = std::chrono::seconds(5);

}  // namespace

Result<UniqueFd> make_memory_file(std::string_view text) {
  UniqueFd file(::memfd_create("stapsh", MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal));
  if (!file.valid() && errno == EINVAL) file = UniqueFd(::memfd_create("stapsh", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return fail_errno("cannot make a file in memory", errno);
  if (::fchmod(file.get(), 0444) != 0) return fail_errno("a file in memory", errno);
  TRY(write_all(file.get(), text, kFillLimit));
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return fail_errno("a file in memory", errno);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno("a file in memory", errno);
  return file;
}

}  // namespace stapsh::sys
