// SPDX-License-Identifier: Apache-2.0
#include "client/output/folder_sink.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client/output/target_file_name.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kPendingBytes = 65'536;

// In a folder that others write to, a name may be a link or a pipe of theirs.
constexpr int kFileFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

// A target needs up to four descriptors, and the run some; of the rest we take a part.
std::size_t files_beside(std::size_t targets, std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const std::size_t taken = targets * 4 + 64;
  const std::size_t room = limit.rlim_cur > taken ? (limit.rlim_cur - taken) / 4 : 0;
  return std::clamp<std::size_t>(room, 1, wanted);
}

Result<> check_writable(int folder, const std::string& name) {
  const sys::UniqueFd probe(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  const bool unsupported = !probe.valid() && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
  if (probe.valid() || (unsupported && ::faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) == 0)) return {};
  return fail_errno(name, errno);
}

}  // namespace

Result<std::unique_ptr<FolderSink>> FolderSink::create(Options options, Say say) {
  const auto open_folder = [&]() -> Result<sys::UniqueFd> {
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) return fail_errno(options.folder, error.value());
    sys::UniqueFd folder = TRY(sys::open_at(AT_FDCWD, options.folder, O_RDONLY | O_DIRECTORY));
    TRY(check_writable(folder.get(), options.folder));
    return folder;
  };
  Result<sys::UniqueFd> folder = open_folder();
  if (!folder) {
    return fail(Errc::kUsage, options.option + ": " + folder.error().what + "; name a folder that you can write to");
  }
  return std::unique_ptr<FolderSink>(new FolderSink(std::move(options), std::move(say), *std::move(folder)));
}

bool FolderSink::is_folder(const std::string& folder) const {
  struct stat own {};
  struct stat other {};
  if (::fstat(folder_.get(), &own) != 0 || ::stat(folder.c_str(), &other) != 0) return false;
  return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

Result<> FolderSink::check(const std::vector<event::RunStarted::Target>& targets, UsedFiles& used) const {
  TargetFileNames names;
  for (const event::RunStarted::Target& target : targets) {
    const std::string name = names.add(target.name);
    const std::string shown = options_.folder + "/" + name;
    TRY(used.check(options_.option, folder_.get(), name, shown));
    used.add_in(shown, folder_.get(), name);
  }
  return {};
}

void FolderSink::on_event(const Event& event) {
  if (const auto* output = std::get_if<event::Output>(&event.what)) {
    if (options_.streams[static_cast<std::size_t>(output->stream)]) on_output(*event.target, output->bytes);
  } else if (const auto* started = std::get_if<event::RunStarted>(&event.what)) {
    start(started->targets);
  } else if (std::holds_alternative<event::Ended>(event.what)) {
    flush(*event.target);
    close(*event.target);
  } else if (std::holds_alternative<event::RunEnded>(event.what)) {
    on_pause();
  }
}

// What is there from an earlier run is of that run: a target that says nothing has an empty file.
void FolderSink::start(const std::vector<event::RunStarted::Target>& targets) {
  files_.resize(targets.size());
  options_.open_files_max = files_beside(targets.size(), options_.open_files_max);
  TargetFileNames names;
  for (std::size_t target = 0; target < targets.size(); ++target) {
    files_[target].name = names.add(targets[target].name);
    if (const int error = open(target, kFileFlags | O_TRUNC)) fail_file(files_[target], error);
    close(target);
  }
}

void FolderSink::on_output(std::size_t target, std::string_view bytes) {
  File& file = files_[target];
  if (file.failed) return;
  if (file.pending.empty()) {
    if (bytes.size() >= kPendingBytes) return write(target, bytes);
    dirty_.push_back(target);
  }
  file.pending += bytes;
  if (file.pending.size() >= kPendingBytes) flush(target);
}

void FolderSink::on_pause() {
  for (const std::size_t target : std::exchange(dirty_, {})) flush(target);
}

void FolderSink::flush(std::size_t target) {
  File& file = files_[target];
  if (file.pending.empty()) return;
  write(target, file.pending);
  file.pending = {};  // Its memory as well: there may be many files.
}

void FolderSink::write(std::size_t target, std::string_view bytes) {
  File& file = files_[target];
  if (file.failed) return;
  if (const int error = open(target, kFileFlags)) return fail_file(file, error);
  while (!bytes.empty()) {
    const ssize_t size = ::write(file.fd.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_file(file, errno);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

// 0, or why not.
int FolderSink::open(std::size_t target, int flags) {
  File& file = files_[target];
  if (file.fd.valid()) {
    open_.splice(open_.begin(), open_, file.used);
    return 0;
  }
  if (open_.size() >= options_.open_files_max) close(open_.back());
  while (true) {
    file.fd = sys::UniqueFd(::openat(folder_.get(), file.name.c_str(), flags | O_CLOEXEC, 0666));
    if (file.fd.valid()) break;
    if ((errno != EMFILE && errno != ENFILE) || open_.empty()) return errno;
    close(open_.back());
  }
  open_.push_front(target);
  file.used = open_.begin();
  return 0;
}

// Some file systems tell only now that the disk was full.
void FolderSink::close(std::size_t target) {
  File& file = files_[target];
  if (!file.fd.valid()) return;
  open_.erase(file.used);
  if (const Result<> closed = sys::close_checked(std::move(file.fd), ""); !closed) {
    fail_file(file, closed.error().sys_errno);
  }
}

void FolderSink::fail_file(File& file, int error) {
  file.failed = true;
  file.pending = {};
  if (std::exchange(failed_, true)) return;
  say_(options_.option + ": " + options_.folder + "/" + file.name + ": " + std::strerror(error) +
       "; what is there stays, what comes is missing, in other files perhaps as well");
}

}  // namespace stapsh::client
