// SPDX-License-Identifier: Apache-2.0
#include "agent/guest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/unique_fd.h"

namespace stapsh::agent {
namespace {

constexpr const char* kProgram = "stapsh";

bool guest = false;

// Why nothing of `folder` may be removed; empty: it is as the first stage makes it, and `own_program` lies there. Who
// may write to it could have put another's file there.
std::string objection(int folder, const std::string& own_program) {
  struct stat there = {}, entry = {}, own = {};
  if (::fstat(folder, &there) != 0 || there.st_uid != ::geteuid()) return "it is another user's";
  if ((there.st_mode & 0777U) != 0700U) return "its mode is not 0700";
  if (::fstatat(folder, kProgram, &entry, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? "" : "no stapsh is seen";
  if (::stat(own_program.c_str(), &own) != 0 || entry.st_dev != own.st_dev || entry.st_ino != own.st_ino) {
    return "the stapsh there is not the one that runs";
  }
  return "";
}

}  // namespace

Result<> become_guest(const std::string& folder, const std::string& own_program) {
  const auto refuse = [&](const std::string& why) {
    return fail(Errc::kUsage, folder + ": is no folder that --bootstrap makes" + why + "; --guest is for that alone");
  };
  const std::size_t slash = folder.rfind('/');
  if (slash == std::string::npos) return refuse("");
  const std::string parent = folder.substr(0, slash + 1), name = folder.substr(slash + 1);
  if (!name.starts_with(kGuestFolderPrefix)) return refuse("");
  const sys::UniqueFd above(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!above.valid()) return fail_errno("cannot open " + parent, errno);
  const sys::UniqueFd opened(::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid() && (errno == ENOTDIR || errno == ELOOP)) return refuse(": it is a link or a file");
  if (!opened.valid()) return fail_errno("cannot open " + folder, errno);
  if (const std::string why = objection(opened.get(), own_program); !why.empty()) return refuse(": " + why);
  guest = true;
  if (::unlinkat(opened.get(), kProgram, 0) != 0 && errno != ENOENT) {
    return fail_errno("cannot remove " + folder + "/" + kProgram, errno);
  }
  if (::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return fail_errno("cannot remove " + folder, errno);
  }
  return {};
}

bool is_guest() { return guest; }

}  // namespace stapsh::agent
