// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_cache.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/sha256.h"
#include "client/answers/program_maps.h"
#include "client/async/child_output.h"
#include "client/build/script_source.h"
#include "client/build/tapset.h"
#include "client/options/option_table.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/process_tree.h"
#include "sys/uname.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kBuildTextBytesMax = std::size_t{1} << 20;
constexpr Duration kDeathTime = std::chrono::seconds(2);

// A word of options for stap: -k, alone or among others that take no value.
bool keeps_files(std::string_view word) {
  if (!word.starts_with('-')) return false;
  const std::size_t other = word.find_first_not_of("vtwWbugqPFhVi", 1);
  return other != std::string_view::npos && word[other] == 'k';
}

std::string name_of(const KernelId& kernel) { return kernel.release + " " + kernel.machine; }

}  // namespace

BuildCache::BuildCache(asio::io_context& io, const RstapOptions& options, EventSink& events)
    : io_(io), options_(options), job_(options.job), events_(events), build_ended_(io), kill_timer_(io) {
  const sys::Uname kernel = sys::kernel_uname();
  local_ = {kernel.release, kernel.machine};
}

Result<> BuildCache::prepare() {
  if (options_.action == Action::kSweep) return {};
  for (const std::string& directory : options_.job.kernel_directories) {
    kernel_directories_.push_back(read_kernel_directory(directory));
  }
  if (!job_.needs_build()) {
    ready_ = std::make_shared<const Module>(TRY(ready_module(job_)));
    return {};
  }
  if (job_.script_kind == ScriptKind::kStdin) stdin_script_ = TRY(read_standard_input());
  if (job_.script_kind == ScriptKind::kFile) {
    const std::string title = "script " + job_.script_name();
    if (!TRY(can_be_opened_by_others(job_.script, title))) {
      // What can be read once is read here: each build gets a copy.
      stdin_script_ = TRY(read_source(job_.script, title));
      job_.script_kind = ScriptKind::kStdin;
    }
  }
  std::string text = script_text().value_or("");
  for (const std::string& added : option_values(job_, OptionId::kAddedScript)) text += "\n" + added;
  const std::string tapset = tapset_for(job_, text, tapset_places());
  if (!tapset.empty()) job_.tapset_directories.push_back(tapset);
  workspace_ = TRY(sys::Workspace::create());
  return {};
}

std::optional<std::string> BuildCache::script_text() const {
  if (job_.script_kind == ScriptKind::kText) return job_.script;
  if (job_.script_kind == ScriptKind::kStdin) return stdin_script_;
  const Result<std::string> text = read_source(job_.script, job_.script_name());
  return text ? std::optional(*text) : std::nullopt;  // stap will say what is wrong with it.
}

std::string_view BuildCache::program() const {
  if (!ready_ || ready_->kind != RunnerKind::kBpftrace) return {};
  return *ready_->files.front().content;
}

bool BuildCache::has_maps_to_sum() const {
  const ProgramMaps maps(program());
  return std::ranges::any_of(maps.maps(), [](const ProgramMap& map) { return map.kind != MapKind::kOther; });
}

std::string BuildCache::script_digest() const {
  if (options_.action == Action::kSweep) return {};
  if (ready_) return sha256_hex(*ready_->files.front().content);
  const std::optional<std::string> text = script_text();
  return text ? sha256_hex(*text) : std::string();
}

Result<std::shared_ptr<const Module>> BuildCache::ready_module_for(const KernelId& kernel) const {
  if (!ready_->release.empty() && ready_->release != kernel.release) {
    return fail(Errc::kUsage, "module " + ready_->title + " was built for kernel " + ready_->release +
                                  ", the target runs " + kernel.release +
                                  "; build it for that kernel, or give the script");
  }
  return ready_;
}

Awaitable<Result<std::shared_ptr<const Module>>> BuildCache::module_for(KernelId kernel) {
  if (ready_) co_return ready_module_for(kernel);
  std::unique_ptr<Entry>& entry = entries_[kernel];
  if (!entry) {
    entry = std::make_unique<Entry>(io_);
    Entry& mine = *entry;
    mine.module = co_await build(kernel);
    mine.done.announce();
    co_return *mine.module;
  }
  Entry& theirs = *entry;
  while (!theirs.module) co_await theirs.done.wait();
  co_return *theirs.module;
}

Awaitable<Result<std::shared_ptr<const Module>>> BuildCache::build(KernelId kernel) {
  while (builds_running_ >= std::max(2U, std::thread::hardware_concurrency()) && !stopped_) {
    co_await build_ended_.wait();
  }
  if (stopped_) co_return fail(Errc::kTimeout, "stopped before it was built");
  ++builds_running_;
  const TimePoint begun = sys::now();
  // A folder of its own: stap writes some modules into its working directory, under one name.
  const std::string name = std::to_string(builds_begun_++);
  Result<std::string> printed = fail(Errc::kSystem, "");
  if (::mkdirat(workspace_.fd(), name.c_str(), 0700) != 0) {
    printed = fail_errno(workspace_.path(), errno);
  } else if (Result<sys::UniqueFd> directory = sys::open_at(workspace_.fd(), name, O_RDONLY | O_DIRECTORY);
             !directory) {
    printed = fail(directory.error());
  } else {
    std::vector<std::string> argv = build_arguments(job_, kernel, local_, kernel_directories_, options_.stap_program);
    printed = co_await run_stap(std::move(argv), directory->get(), workspace_.path() + "/" + name);
  }
  --builds_running_;
  build_ended_.announce();
  if (!printed) {
    const Error& error = printed.error();
    co_return fail(error.code, "build for " + name_of(kernel) + ": " + error.what, error.sys_errno);
  }
  const Result<std::string> file = module_from_build_output(*printed);
  if (!file) co_return fail(file.error().code, "build for " + name_of(kernel) + ": " + file.error().what);
  const std::string path = file->starts_with('/') ? *file : workspace_.path() + "/" + name + "/" + *file;
  Result<Module> module = load_module(path, path.substr(path.rfind('/') + 1));
  if (!module) co_return fail(module.error());
  emit(event::Built{kernel.release, kernel.machine, sys::now() - begun});
  co_return std::make_shared<const Module>(*std::move(module));
}

Awaitable<Result<std::string>> BuildCache::run_stap(std::vector<std::string> argv, int directory,
                                                    std::string temporary) {
  Result<sys::Pipe> out = sys::make_pipe({.nonblocking_read = true});
  Result<sys::Pipe> err = sys::make_pipe({.nonblocking_read = true});
  if (!out || !err) co_return fail(out ? err.error() : out.error());
  sys::UniqueFd script;
  if (job_.script_kind == ScriptKind::kStdin) {
    Result<sys::UniqueFd> file = sys::open_at(directory, "script.stp", O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!file) co_return fail(file.error());
    const Result<> wrote = sys::write_all(file->get(), stdin_script_, std::chrono::seconds(10));
    if (!wrote) co_return fail(wrote.error());
    (void)::lseek(file->get(), 0, SEEK_SET);
    script = *std::move(file);
  }
  sys::SpawnOptions spawn;
  spawn.program = argv.front();
  spawn.search_path = true;
  spawn.argv = std::move(argv);
  spawn.stdin_fd = script.valid() ? script.get() : sys::kDevNull;
  spawn.stdout_fd = out->write_end.get();
  spawn.stderr_fd = err->write_end.get();
  spawn.working_directory_fd = directory;
  // Its files go with ours, also if it must be killed; but -k, alone or among others, asks for them.
  const bool keep =
      !option_values(job_, OptionId::kKeepFiles).empty() || std::ranges::any_of(options_.job.build_words, keeps_files);
  if (!keep) spawn.extra_env = {"TMPDIR=" + std::move(temporary)};
  spawn.parent_death_signal = SIGTERM;
  spawn.new_session = true;  // A ctrl-C is ours to hand on: with SIGTERM, after which stap removes its files.
  Result<sys::Child> stap = sys::spawn(spawn);
  if (!stap) {
    const bool missing = stap.error().sys_errno == ENOENT || stap.error().sys_errno == EACCES;
    co_return fail(stap.error().code,
                   stap.error().what + (missing ? "; install systemtap, or give --stap PATH, or a ready module" : ""),
                   stap.error().sys_errno);
  }
  builders_.insert(stap->pid());
  out->write_end.reset();
  err->write_end.reset();
  const auto give_up = [this] { return give_up_at_ && sys::now() >= *give_up_at_; };
  // Of a build that is stopped, what a script around stap started may take its time to end, too.
  const auto goes_on = [&] {
    if (give_up_at_) signal_session(stap->pid(), SIGKILL);  // Again: one that was just forking had a child unseen.
    return stopped_ && !give_up() && !sys::session_members(stap->pid()).pids.empty();
  };
  const ChildResult built = co_await collect(io_, *stap, std::move(out->read_end), std::move(err->read_end),
                                             kBuildTextBytesMax, give_up, goes_on);
  builders_.erase(stap->pid());
  if (builders_.empty()) kill_timer_.cancel();
  if (stopped_) {
    if (!built.exit_code) {
      emit(event::Note{event::Note::Kind::kWarning, "the build, process " + std::to_string(stap->pid()) +
                                                        ", cannot be killed; see its state in ps"});
    }
    co_return fail(Errc::kTimeout, "stopped before it was built");
  }
  show(built.errors);
  if (built.exit_code != 0)
    co_return fail(
        Errc::kUsage,
        "stap does not build the script, its message is above; if it misses the kernel's build folder, install the "
        "headers or give -r DIR");
  co_return built.out;
}

void BuildCache::emit(Event::What what) {
  events_.on_event({sys::wall_now(), std::nullopt, std::move(what)});
  events_.on_pause();
}

// The same complaint about two kernels is one complaint.
void BuildCache::show(const std::string& text) {
  if (text.empty() || !shown_.insert(text).second) return;
  const std::string shown = text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
  emit(event::Note{event::Note::Kind::kForeign, shown});
}

void BuildCache::stop() {
  if (std::exchange(stopped_, true)) return kill_builders();
  build_ended_.announce();
  if (builders_.empty()) return;
  for (const pid_t pid : builders_) signal_session(pid, SIGTERM);
  kill_timer_.expires_after(options_.stop_times().grace);
  kill_timer_.async_wait([this](asio::error_code error) {
    if (!error) kill_builders();
  });
}

// Their files are in our workspace.
void BuildCache::kill_builders() {
  if (!give_up_at_) give_up_at_ = sys::now() + kDeathTime;
  for (const pid_t pid : builders_) signal_session(pid, SIGKILL);
}

}  // namespace stapsh::client
