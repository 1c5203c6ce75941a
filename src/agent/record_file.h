// SPDX-License-Identifier: Apache-2.0
// Where a session's record is kept for the case that agent and guardian are both killed: a file in a folder that nobody
// but its user can write, named as the workspace, and locked while either of the two lives. What lies in a folder that
// others share, as /tmp, is never taken for a record: a container's root could have put it there.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "agent/session_record.h"
#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

/// The folder: /run/stapsh for root; for others $XDG_RUNTIME_DIR/stapsh, if that is an absolute path to a directory of
/// mode 0700 of theirs.
class RecordFolder {
 public:
  /// Nothing where there is none and none can be made. An Error: there is something by its name that can't be trusted.
  enum class Missing {
    kMade,
    kNone,  ///< For who only reads: a machine is left as it was.
  };
  static Result<std::optional<RecordFolder>> open(Missing missing);
  /// `PARENT/stapsh`. An Error with EPERM if `parent` or it is not ours alone to write.
  static Result<RecordFolder> open_in(const std::string& parent, Missing missing = Missing::kMade);

  /// The names of what looks like a record in it, in order.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  sys::UniqueFd fd_;
  std::string path_;
};

/// Owns an open record and, from create() or lock() on, its lock. Without a file it keeps nothing, and is as good for
/// whoever writes. Its destructor lets go of the file and leaves it.
class RecordFile {
 public:
  RecordFile() = default;
  /// A new one, locked. Errors: EEXIST after a while, if there is a session of that name.
  static Result<RecordFile> create(const RecordFolder& folder, const std::string& name);
  /// What is there, whoever has it. An Error if it is no regular file of ours.
  static Result<RecordFile> open(const RecordFolder& folder, const std::string& name);

  [[nodiscard]] bool valid() const { return file_.valid(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// All descriptors that it holds: what a forked process keeps that shall take over. -1 without a file.
  [[nodiscard]] std::array<int, 2> descriptors() const { return {folder_.get(), file_.get()}; }

  /// False: its session lives, or it is gone.
  [[nodiscard]] Result<bool> lock() const;
  /// In place of what was in it.
  [[nodiscard]] Result<> write(const SessionRecord& record) const;
  /// None: it holds no record, or one of another session than its name says; `empty` if its writer died before.
  [[nodiscard]] Result<std::optional<SessionRecord>> read(bool& empty) const;
  /// Removes the file, and as a guest an empty folder; that it is gone already is no error. Afterwards the object is
  /// empty.
  Result<> remove();

 private:
  sys::UniqueFd folder_, file_;
  std::string name_, path_;
};

}  // namespace stapsh::agent
