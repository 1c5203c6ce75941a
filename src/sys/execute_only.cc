// SPDX-License-Identifier: Apache-2.0
#include "sys/execute_only.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/io.h"
#include "sys/open_inside.h"
#include "sys/workspace.h"

namespace stapsh::sys {
namespace {

constexpr unsigned kExecutable = 16;  // MFD_EXEC, since Linux 6.3; some machines allow none.
constexpr std::size_t kBytesMax = 64'000'000;
constexpr Duration kCopyLimit = std::chrono::seconds(5);

Result<UniqueFd> make_nameless_file() {
  UniqueFd file(::memfd_create("stapsh", MFD_CLOEXEC | kExecutable));
  if (!file.valid() && errno == EINVAL) file = UniqueFd(::memfd_create("stapsh", MFD_CLOEXEC));
  if (file.valid()) return file;
  return open_at(AT_FDCWD, default_workspace_parent(), O_TMPFILE | O_RDWR);
}

}  // namespace

Result<UniqueFd> make_execute_only_copy(const std::string& path) {
  const UniqueFd original = TRY(open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY));
  struct stat status {};
  if (::fstat(original.get(), &status) != 0) return fail_errno(path, errno);
  if (static_cast<std::size_t>(status.st_size) > kBytesMax) return fail_errno(path, EFBIG);
  const Result<std::string> bytes = read_whole(original.get(), static_cast<std::size_t>(status.st_size));
  if (!bytes) return add_context(path, bytes.error());
  if (!bytes->starts_with("\177ELF")) return fail(Errc::kSystem, path + ": is a script, not a program");
  const UniqueFd file = TRY(make_nameless_file());
  TRY(write_all(file.get(), *bytes, kCopyLimit));
  if (::fchmod(file.get(), 0111) != 0) return fail_errno(path + ": its copy", errno);
  // What is open for writing can't be executed.
  return open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(file.get()), O_RDONLY);
}

}  // namespace stapsh::sys
