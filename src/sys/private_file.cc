// SPDX-License-Identifier: Apache-2.0
#include "sys/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "sys/open_inside.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

constexpr mode_t kOthers = 077;

// What is read is what was looked at.
Result<UniqueFd> open_private(const std::string& path) {
  Result<UniqueFd> file = open_at(AT_FDCWD, path, O_RDONLY);
  if (!file) return fail_named(path, file.error().sys_errno);
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return fail_named(path, errno);
  const mode_t mode = status.st_mode & 07777U;
  if ((mode & kOthers) == 0) return file;
  std::array<char, 8> octal{};
  (void)std::snprintf(octal.data(), octal.size(), "%04o", mode);
  return fail(Errc::kUsage, path + ": is a secret, and its mode " + octal.data() +
                                " lets others than its owner at it; chmod 600 " + path);
}

}  // namespace

Result<> check_private_file(const std::string& path) {
  TRY(open_private(path));
  return {};
}

Result<std::string> read_private_file(const std::string& path, std::size_t bytes_max) {
  const UniqueFd file = TRY(open_private(path));
  Result<std::string> text = read_whole(file.get(), bytes_max);
  if (!text) return add_context(path, text.error());
  return text;
}

}  // namespace stapsh::sys
