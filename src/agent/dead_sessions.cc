// SPDX-License-Identifier: Apache-2.0
#include "agent/dead_sessions.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/left_lines.h"
#include "agent/record_file.h"
#include "agent/session_record.h"
#include "agent/session_remains.h"
#include "sys/cgroup.h"
#include "sys/open_inside.h"
#include "sys/process_tree.h"
#include "sys/workspace.h"

namespace stapsh::agent {
namespace {

constexpr const char* kRecordOfBefore = ".session";

// A folder that can't be trusted is as good as none here; the agent says so when it begins a session.
std::optional<RecordFolder> record_folder() {
  Result<std::optional<RecordFolder>> folder = RecordFolder::open(RecordFolder::Missing::kNone);
  return folder ? *std::move(folder) : std::nullopt;
}

template <typename Use>
void for_each_workspace(Use use) {
  std::vector<std::string> parents{sys::default_workspace_parent()};
  if (parents.front() != "/tmp") parents.emplace_back("/tmp");
  for (const std::string& parent : parents) {
    for (const std::string& name : sys::Workspace::candidates(parent)) use(parent, name);
  }
}

std::string describe(const std::vector<LeftLine>& left) {
  std::string text;
  for (const LeftLine& each : left) text += (text.empty() ? "" : ", ") + each.kind + " " + each.name;
  return text;
}

class Sweep {
 public:
  explicit Sweep(std::optional<std::string_view> asked_after) : asked_after_(asked_after) {}

  Swept run() {
    folder_ = record_folder();
    if (folder_) {
      names_ = folder_->names();
      for (const std::string& name : names_) sweep_record(name);
    }
    for_each_workspace([this](const std::string& parent, const std::string& name) {
      if (!std::binary_search(names_.begin(), names_.end(), name)) sweep_workspace(parent, name);
    });
    return std::move(swept_);
  }

 private:
  [[nodiscard]] bool asks() const { return asked_after_.has_value(); }
  [[nodiscard]] bool asks_by_name(const std::string& name) const {
    return asked_after_ && sys::Workspace::name_of(*asked_after_) == name;
  }
  /// For a session that is somebody else's to end.
  void leave_to_others(const std::string& name) {
    if (asks_by_name(name) || (asked_after_ && asked_after_->empty())) ++swept_.left;
  }
  void note(std::string text) { swept_.notes.push_back(std::move(text)); }
  void leave(const std::string& path, const std::string& why) {
    ++swept_.left;
    note(path + ": " + why);
  }

  void sweep_record(const std::string& name) {
    Result<RecordFile> opened = RecordFile::open(*folder_, name);
    if (!opened && opened.error().sys_errno == ENOENT) return;
    if (!opened) return leave(folder_->path(), opened.error().what);
    RecordFile file = *std::move(opened);
    const Result<bool> locked = file.lock();
    if (!locked) return leave(file.path(), locked.error().what);
    bool empty = false;
    const Result<std::optional<SessionRecord>> record = file.read(empty);
    if (!*locked) {  // Not dead, or a guardian or another sweep is ending it.
      const bool known = record && *record;
      if (asks_by_name(name) || (asks() && known && agent_is_dead(**record))) ++swept_.left;
      return;
    }
    if (record && empty) return (void)file.remove();  // Its agent was killed before it wrote, or made, anything.
    if (!record || !*record) return leave(file.path(), record ? "is no record of that session" : record.error().what);
    end_recorded(std::move(file), **record);
  }

  static bool agent_is_dead(const SessionRecord& record) {
    return whereabouts(record) == Whereabouts::kHere && sys::process_start(record.agent) != record.agent_start;
  }

  void end_recorded(RecordFile file, const SessionRecord& record) {
    const std::string name = record.workspace.substr(record.workspace.rfind('/') + 1);
    SessionFiles files{.workspace = {}, .record = std::move(file)};
    switch (whereabouts(record)) {
      case Whereabouts::kHere:
        return end(std::move(files), record, Processes::kOfBefore);
      case Whereabouts::kNamespaceGone:
        return end(std::move(files), record, Processes::kNone);
      case Whereabouts::kBootGone:
        return end(std::move(files), {.workspace = record.workspace}, Processes::kNone);
      case Whereabouts::kElsewhere: {
        // Its pids and its module's name, which is made of one, are not what they seem here. Those of its processes
        // that we see, since that namespace is below ours, are known by their mark; whether others live we can't know.
        SessionRecord seen = record;
        seen.runner = -1;
        seen.module.clear();
        seen.cgroup.clear();
        (void)end_session({}, seen, Processes::kOfBefore);
        return leave_to_others(name);
      }
      case Whereabouts::kUnknown:
        break;
    }
    if (const Result<> adopted = adopt(files.workspace, record.workspace); !adopted) {
      return leave(record.workspace, adopted.error().what);
    }
    remove_files(std::move(files), record.workspace);
  }

  void end(SessionFiles files, const SessionRecord& record, Processes processes) {
    std::vector<LeftLine> left;
    if (const Result<> adopted = adopt(files.workspace, record.workspace); !adopted) {
      note(record.workspace + ": " + adopted.error().what);
      left.push_back({"directory", record.workspace});
    }
    left = end_session(std::move(files), record, processes, std::move(left));
    if (left.empty()) {
      ++swept_.removed;
    } else {
      leave(record.workspace, "still there: " + describe(left));
    }
  }

  /// Nothing if it is gone.
  static Result<> adopt(sys::Workspace& workspace, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    Result<std::optional<sys::Workspace>> found =
        sys::Workspace::adopt(slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1));
    if (!found && (found.error().sys_errno == ENOENT || found.error().sys_errno == ENOTDIR)) return {};
    if (!found) return fail(std::move(found).error());
    if (*found) workspace = **std::move(found);
    return {};
  }

  /// One that no record of ours speaks of.
  void sweep_workspace(const std::string& parent, const std::string& name) {
    Result<std::optional<sys::Workspace>> dead = sys::Workspace::adopt(parent, name);
    if (!dead || !*dead) {  // Not ours, or not dead.
      if (asks_by_name(name)) ++swept_.left;
      return;
    }
    if (is_of_elsewhere(**dead)) {
      (*dead)->abandon();
      return leave_to_others(name);
    }
    const std::string path = (*dead)->path();
    remove_files({.workspace = **std::move(dead), .record = {}}, path);
  }

  // An agent of before kept its record in the workspace, and one of another namespace needs it there. It is believed in
  // this alone: who lies with it keeps a directory.
  static bool is_of_elsewhere(const sys::Workspace& workspace) {
    const Result<sys::UniqueFd> file = sys::open_own_file(workspace.fd(), kRecordOfBefore, O_RDONLY);
    const Result<std::string> text = file ? sys::read_whole(file->get(), kRecordBytesMax) : Result<std::string>("");
    const std::optional<SessionRecord> record = text ? parse_record_of_before(*text) : std::nullopt;
    return record && whereabouts(*record) == Whereabouts::kElsewhere;
  }

  /// All that may be done on the word of a folder that others share. A process that says that it is of this session is
  /// no reason to end it, but one to leave what it may need.
  void remove_files(SessionFiles files, const std::string& path) {
    std::vector<LeftLine> left;
    const sys::Seen marked = sys::marked_processes(std::string(sys::kWorkspaceVariable) + "=" + path);
    for (const pid_t pid : marked.pids) left.push_back({"process", std::to_string(pid)});
    if (!marked.blind.empty()) add_unknown(left, marked.blind);
    const Result<> closed = close_files(files, left);
    if (!closed) {
      files.workspace.abandon();
      return leave(path, closed.error().what);
    }
    if (!left.empty()) return leave(path, "no record of ours speaks of it, so it is not ended: " + describe(left));
    remove_empty_cgroup(path.substr(path.rfind('/') + 1));
    ++swept_.removed;
    note(path + ": its files were removed; no record says what else it had");
  }

  // No more than a file, where nobody lives in it.
  static void remove_empty_cgroup(const std::string& name) {
    const Result<std::string> path = sys::Cgroup::path_for(name);
    Result<sys::Cgroup> cgroup = path ? sys::Cgroup::open(*path) : Result<sys::Cgroup>(fail(path.error()));
    if (cgroup) (void)cgroup->remove();
  }

  std::optional<std::string_view> asked_after_;
  std::optional<RecordFolder> folder_;
  std::vector<std::string> names_;
  Swept swept_;
};

}  // namespace

bool dead_sessions_exist() {
  if (const std::optional<RecordFolder> folder = record_folder()) {
    for (const std::string& name : folder->names()) {
      const Result<RecordFile> file = RecordFile::open(*folder, name);
      const Result<bool> locked = file ? file->lock() : Result<bool>(false);
      if (locked && *locked) return true;
    }
  }
  bool found = false;
  for_each_workspace([&](const std::string& parent, const std::string& name) {
    if (found) return;
    Result<std::optional<sys::Workspace>> dead = sys::Workspace::adopt(parent, name);
    if (!dead || !*dead) return;
    (*dead)->abandon();
    found = true;
  });
  return found;
}

Swept sweep_dead_sessions(std::optional<std::string_view> asked_after) { return Sweep(asked_after).run(); }

}  // namespace stapsh::agent
