// SPDX-License-Identifier: Apache-2.0
#include "agent/guarded_workspace.h"

#include <cerrno>
#include <utility>

#include "agent/error_advice.h"
#include "sys/random_name.h"

namespace stapsh::agent {
namespace {

constexpr int kAttemptsMax = 10;

/// Without a folder for it, an object without a file.
Result<RecordFile> keep(const SessionRecord& record, const std::string& name) {
  Result<RecordFile> created = RecordFile();
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const std::optional<RecordFolder> folder = TRY(RecordFolder::open(RecordFolder::Missing::kMade));
    if (!folder) return RecordFile();
    created = RecordFile::create(*folder, name);
    if (created || created.error().sys_errno != ENOENT) break;  // A guest has just removed the folder.
  }
  RecordFile file = TRY(std::move(created));
  const Result<> wrote = file.write(record);
  if (wrote) return file;
  (void)file.remove();  // What was wrong with it is said below.
  return fail(wrote.error());
}

}  // namespace

Result<> GuardedWorkspace::ensure(const std::optional<std::string>& id, const sys::CgroupLimits& limits,
                                  const sys::Epoll& epoll, std::uint64_t guardian_id) {
  if (exists()) return {};
  std::string own_id;
  if (id) {
    own_id = *id;
  } else {
    own_id = TRY(sys::random_name(sys::Workspace::kIdCharacters));
  }
  const std::string parent = sys::default_workspace_parent();
  const std::string name = sys::Workspace::name_of(own_id);
  SessionRecord record = begin_record(parent + "/" + name, limits);
  // The record first: wherever the workspace is, whoever looks for it finds it by its record.
  Result<RecordFile> kept = keep(record, name);
  if (!kept) unrecorded_ = kept.error();
  SessionFiles files{.workspace = {}, .record = kept ? *std::move(kept) : RecordFile()};
  const auto begin = [&]() -> Result<> {
    files.workspace = TRY(sys::Workspace::create(parent, own_id));
    guardian_ = TRY(Guardian::start(files, record));
    guardian_watch_ = TRY(epoll.add(guardian_.fd(), EPOLLIN, guardian_id));
    return {};
  };
  Result<> begun = begin();
  if (begun) {
    files_ = std::move(files);
    begun_ = std::move(record);
  } else if (std::vector<LeftLine> left; !close_files(files, left)) {
    unfinished_.push_back(std::move(files));  // For want of descriptors or memory, which may be over at the end.
  }
  return begun;
}

Result<> GuardedWorkspace::write(const SessionRecord& record) {
  if (const Result<> wrote = files_.record.write(record); !wrote) {
    return add_context("the session's record", wrote.error());
  }
  return guardian_.tell(record);
}

void GuardedWorkspace::note_guardian_gone() {
  guardian_watch_.reset();
  guardian_.note_gone();
}

Error GuardedWorkspace::advised(const Error& error) const {
  return with_advice(error, exists() ? workspace().path() : sys::default_workspace_parent());
}

Result<> GuardedWorkspace::close(std::vector<LeftLine>& left) {
  Result<> closed = close_files(files_, left);
  for (SessionFiles& files : unfinished_) {
    std::vector<LeftLine> of_this;
    if (const Result<> also = close_files(files, of_this); !also && closed) closed = also;
    left.insert(left.end(), of_this.begin(), of_this.end());
  }
  return closed;
}

void GuardedWorkspace::dismiss_guardian() {
  guardian_watch_.reset();
  guardian_.dismiss();
}

}  // namespace stapsh::agent
