// SPDX-License-Identifier: Apache-2.0
// A session's private directory: made, used and removed by descriptor, never by path, because paths get renamed.
// It is locked (flock on the directory itself) while any process has it open, so that a later agent can tell a live
// one from one whose agent and guardian were both killed. Rules: the design's "every exit is clean".
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// In the environment of a program that runs in a workspace, and so of all that it starts: NAME=PATH.
inline constexpr std::string_view kWorkspaceVariable = "STAPSH_SESSION";

/// $TMPDIR if it is an absolute path, else /tmp.
std::string default_workspace_parent();
/// Whether a workspace can be made in `parent`, as far as can be known without making one.
Result<> check_workspace_parent(const std::string& parent);

/// Owns a directory, its name and its lock. Moved-from objects own nothing.
class Workspace {
 public:
  /// A workspace is called `stapsh.ID`: so many letters and digits. Not mkdtemp's 6: systemtap's own agent makes
  /// `stapsh.XXXXXX`, unlocked, which must never pass for one of ours.
  static constexpr std::size_t kIdCharacters = 10;
  /// Of one whose program is another user's (lent_workspace.h): their group may go through it, and not open it, which
  /// would let them hold its lock.
  static constexpr mode_t kLentMode = 0710;
  static std::string name_of(std::string_view id);
  static bool is_name(std::string_view name);

  Workspace() = default;
  Workspace(Workspace&&) noexcept = default;
  Workspace& operator=(Workspace&& other) noexcept;
  /// Last resort: removes what is left, and says nothing.
  ~Workspace();

  /// A new directory under `parent`, mode 0700, locked. `own_name`: an ID that nobody else uses; without it one is
  /// chosen at random.
  static Result<Workspace> create(const std::string& parent = default_workspace_parent(),
                                  const std::optional<std::string>& own_name = {});
  /// Takes over a workspace that nobody has locked, ours (same user) only; nothing if there is none, or was: one
  /// without its marker is removed if it is empty. Errors: EWOULDBLOCK if a live session has it, ENOTEMPTY if nothing
  /// says that it is a workspace; then it is left alone.
  static Result<std::optional<Workspace>> adopt(const std::string& parent, const std::string& name);
  /// Names under `parent` that look like workspaces of this user, locked or not. What can't be read is empty, and so is
  /// a parent whose entries another user could rename: it is not swept.
  static std::vector<std::string> candidates(const std::string& parent);

  [[nodiscard]] bool valid() const { return dir_.valid(); }
  [[nodiscard]] int fd() const { return dir_.get(); }
  /// Somebody has removed the directory: what was in it is gone.
  [[nodiscard]] bool is_gone() const;
  /// All descriptors that it holds: what a forked process keeps that shall take over.
  [[nodiscard]] std::array<int, 2> descriptors() const { return {parent_.get(), dir_.get()}; }
  /// Where it was made, for messages and for people.
  [[nodiscard]] const std::string& path() const { return path_; }

  /// A new file, 0600, for writing. `name` is a plain name that does not exist yet. ENOSPC if there is no room for
  /// `size` bytes now, so that a full disk shows before the upload; nothing is reserved.
  [[nodiscard]] Result<UniqueFd> create_file(const std::string& name, std::uint64_t size) const;
  /// One that is there, for reading.
  [[nodiscard]] Result<UniqueFd> open_file(const std::string& name) const;
  /// A file that is not there is an Error with ENOENT.
  [[nodiscard]] Result<> remove_file(const std::string& name) const;

  /// Removes all content, then what says that it is a workspace, then the directory, also if it was renamed or deleted
  /// meanwhile. An Error names the first thing that stays, and then it is a workspace still; call again then.
  /// Afterwards the object is empty.
  Result<> remove();
  /// Lets go without removing: somebody else (the guardian) sees to it.
  void abandon();

 private:
  [[nodiscard]] Result<> remove_emptied() const;
  [[nodiscard]] Result<> remove_directory() const;

  UniqueFd parent_;  // O_PATH
  UniqueFd dir_;
  std::string name_;
  std::string path_;
};

}  // namespace stapsh::sys
