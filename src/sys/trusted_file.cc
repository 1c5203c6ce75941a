// SPDX-License-Identifier: Apache-2.0
#include "sys/trusted_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"
#include "sys/open_inside.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

Result<struct stat> status_of(const UniqueFd& fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(path, errno);
  if (S_ISLNK(status.st_mode)) {
    return fail(Errc::kUsage, path + ": is a symbolic link, which is not followed; put what it leads to there");
  }
  return status;
}

Result<> check_owner(const struct stat& status, const std::string& path) {
  if (status.st_uid != 0) {
    return fail(Errc::kUsage, path + ": is owned by uid " + std::to_string(status.st_uid) + "; chown it to root");
  }
  if ((status.st_mode & kOthersMayWrite) != 0) {
    return fail(Errc::kUsage, path + ": its group or others may write it; chmod go-w");
  }
  return {};
}

}  // namespace

// Each name is opened below the folder that was looked at, so that none can be exchanged meanwhile. What others could
// have written is said only of what exists: without the file nothing is relied on.
Result<std::optional<std::string>> read_trusted_file(const std::string& path, std::size_t bytes_max) {
  STAPSH_ASSERT(path.starts_with('/'));
  UniqueFd folder = TRY(open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  std::string walked = "/";
  Result<> trusted = check_owner(TRY(status_of(folder, walked)), walked);
  for (std::size_t begin = 1;;) {
    const std::size_t end = path.find('/', begin);
    const std::string name = path.substr(begin, end == std::string::npos ? end : end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") {
      if (end == std::string::npos) return fail(Errc::kUsage, path + ": names no file");
      continue;
    }
    if (name == "..") return fail(Errc::kUsage, path + ": leads back by '..'; name the file itself");
    walked = (walked == "/" ? walked : walked + "/") + name;
    Result<UniqueFd> opened = open_at(folder.get(), name, O_PATH | O_NOFOLLOW);
    if (!opened && opened.error().sys_errno == ENOENT) return std::optional<std::string>();
    if (!opened) return fail_errno(walked, opened.error().sys_errno);
    const struct stat status = TRY(status_of(*opened, walked));
    if (trusted) trusted = check_owner(status, walked);
    if (end != std::string::npos) {
      if (!S_ISDIR(status.st_mode)) return fail_errno(walked, ENOTDIR);
      folder = *std::move(opened);
      continue;
    }
    if (!trusted) return fail(trusted.error());
    if (!S_ISREG(status.st_mode)) return fail(Errc::kUsage, walked + ": is no regular file");
    // Of the same folder, which nobody but root can write.
    Result<UniqueFd> file = open_at(folder.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file) return fail_errno(walked, file.error().sys_errno);
    const struct stat opened_status = TRY(status_of(*file, walked));
    TRY(check_owner(opened_status, walked));
    Result<std::string> text = read_whole(file->get(), bytes_max);
    if (!text) return add_context(walked, text.error());
    return std::optional(*std::move(text));
  }
}

}  // namespace stapsh::sys
