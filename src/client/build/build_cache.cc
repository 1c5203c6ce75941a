// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_cache.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/sha256.h"
#include "client/answers/asked_prints.h"
#include "client/answers/program_maps.h"
#include "client/async/child_output.h"
#include "client/async/kill_tree.h"
#include "client/build/build_folder.h"
#include "client/build/input_probes.h"
#include "client/build/replace_all.h"
#include "client/build/script_source.h"
#include "client/build/tapset.h"
#include "client/events/fold_names.h"
#include "client/options/bpftrace_text.h"
#include "client/options/option_table.h"
#include "sys/clock.h"
#include "sys/pipe.h"
#include "sys/process_tree.h"
#include "sys/uname.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kBuildTextBytesMax = std::size_t{1} << 20;
// All probes of a kernel with their variables are some 30 MiB.
constexpr std::size_t kListBytesMax = std::size_t{256} << 20;
constexpr int kSignalCodeBase = 128;
constexpr Duration kDeathTime = std::chrono::seconds(2);

std::string name_of(const KernelId& kernel) { return kernel.release + " " + kernel.machine; }

}  // namespace

BuildCache::BuildCache(asio::io_context& io, const RstapOptions& options, EventSink& events, std::size_t targets)
    : io_(io),
      options_(options),
      job_(options.job),
      events_(events),
      targets_(targets),
      build_ended_(io),
      kill_timer_(io) {
  const sys::Uname kernel = sys::kernel_uname();
  local_ = {kernel.release, kernel.machine};
}

Result<> BuildCache::prepare() {
  if (!options_.has_program()) return {};
  for (const std::string& directory : options_.job.kernel_directories) {
    kernel_directories_.push_back(read_kernel_directory(directory));
  }
  if (!job_.needs_build()) {
    ready_ = std::make_shared<const Module>(TRY(ready_module(job_)));
    if (options_.output.answers.live) make_askable();
    return {};
  }
  if (options_.build_on) {
    host_ = TRY(parse_remote_uri(*options_.build_on));
    TRY(check_host());
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
  if (job_.script_kind == ScriptKind::kStdin && says_bpftrace(stdin_script_)) {
    return fail(Errc::kUsage, job_.script_name() +
                                  " is a bpftrace program, by its #! line; what can be read but once is known too late "
                                  "by that: say --bpftrace");
  }
  std::string text = script_text().value_or("");
  for (const std::string& added : option_values(job_, OptionId::kAddedScript)) text += "\n" + added;
  const std::string tapset = tapset_for(job_, text, tapset_places());
  if (!tapset.empty()) job_.tapset_directories.push_back(tapset);
  workspace_ = TRY(sys::Workspace::create());
  return {};
}

void BuildCache::make_askable() {
  const std::optional<std::string> text = with_asked_prints(program());
  if (!text) return;
  Module module = *ready_;
  module.files.front().content = std::make_shared<const std::string>(*text);
  module.files.front().digest_.clear();
  module.prints_when_asked = true;
  askable_ = std::make_shared<const Module>(std::move(module));
}

std::optional<std::string> BuildCache::script_text() const {
  if (job_.script_kind == ScriptKind::kText || job_.lists()) return job_.script;
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
  if (!options_.has_program()) return {};
  if (ready_) return sha256_hex(*ready_->files.front().content);
  const std::optional<std::string> text = script_text();
  return text ? sha256_hex(*text) : std::string();
}

bool BuildCache::wants_input() const {
  if (!options_.has_program() || ready_) return false;
  return names_input_probe(script_text().value_or(""));
}

Result<std::shared_ptr<const Module>> BuildCache::ready_module_for(const KernelId& kernel,
                                                                   bool prints_maps_by_probe) const {
  if (!ready_->release.empty() && ready_->release != kernel.release) {
    return fail(Errc::kUsage, "module " + ready_->title + " was built for kernel " + ready_->release +
                                  ", the target runs " + kernel.release +
                                  "; build it for that kernel, or give the script");
  }
  return prints_maps_by_probe && askable_ ? askable_ : ready_;
}

Awaitable<Result<std::shared_ptr<const Module>>> BuildCache::module_for(KernelId kernel, std::string target,
                                                                        bool prints_maps_by_probe) {
  if (ready_) co_return ready_module_for(kernel, prints_maps_by_probe);
  std::unique_ptr<Entry>& entry = entries_[kernel];
  if (!entry) {
    entry = std::make_unique<Entry>(io_);
    Entry& mine = *entry;
    mine.targets.push_back(std::move(target));
    mine.module = co_await build(kernel);
    mine.done.announce();
    co_return *mine.module;
  }
  Entry& theirs = *entry;
  theirs.targets.push_back(std::move(target));
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
  // Others wait for this one.
  Result<std::shared_ptr<const Module>> module = fail(Errc::kSystem, "internal error");
  try {
    module = co_await build_in_folder(kernel);
  } catch (const std::exception& e) {
    module = fail(Errc::kSystem, std::string("internal error: ") + e.what());
  }
  --builds_running_;
  build_ended_.announce();
  if (!module) {
    const Error& error = module.error();
    co_return fail(error.code, task_for(kernel) + ": " + error.what, error.sys_errno);
  }
  if (!job_.lists()) emit(event::Built{kernel.release, kernel.machine, sys::now() - begun});
  co_return module;
}

Awaitable<Result<std::shared_ptr<const Module>>> BuildCache::build_in_folder(const KernelId& kernel) {
  Result<BuildFolder> folder = BuildFolder::create(workspace_, std::to_string(builds_begun_++), keeps_files(job_));
  if (!folder) co_return fail(folder.error());
  if (keeps_files(job_)) {
    emit(event::Note{event::Note::Kind::kInfo,
                     "the files of the " + task_for(kernel) + " are kept in " + folder->path()});
  }
  // g++ 12 takes no conditional expression here.
  Result<Printed> printed = fail(Errc::kSystem, "not run");
  if (host_) {
    printed = co_await run_stap_there(kernel, *folder);
  } else {
    printed = co_await run_stap(kernel, *folder);
  }
  if (!printed) co_return fail(printed.error());
  if (job_.lists()) {
    Module listed;
    listed.listing = Listing{std::move(printed->text), printed->exit_code};
    co_return std::make_shared<const Module>(std::move(listed));
  }
  const Result<std::string> file = module_from_build_output(printed->text);
  if (!file) co_return fail(file.error());
  const std::string name = file->substr(file->rfind('/') + 1);
  // Also one from the cache, or for it, where it may come only later.
  std::string path = folder->path() + "/" + name;
  if (file->starts_with('/') && ::access(path.c_str(), F_OK) != 0) path = *file;
  Result<Module> module = load_module(path, name);
  if (!module) co_return fail(module.error());
  if (host_ && !module->built_by.empty()) module->built_by += " on " + host_->text;
  co_return std::make_shared<const Module>(*std::move(module));
}

// stap runs where the person is, so that it finds what a script, its arguments and options name as stap alone would.
//
// It makes a module in --tmpdir, prints its name, and, of one that is not for its cache, leaves a copy in the working
// directory: under a name that may be taken there, or that another kernel's build uses as well. No option sends it
// elsewhere (-m takes no folder, -o is the script's output, the cache has none of BPF). But who is interrupted makes
// no copy. So the pipe that it prints the name into has it interrupted: before its write returns, and also if we are
// killed, since a pipe without a reader interrupts a writer as well. That is done to every build: what is not for the
// cache is known to stap alone, by ~/.systemtap/rc for example, and one that is for it is put there all the same. The
// client of a compile server makes its copy before: where there may be one, stap runs in the folder of the build.
Awaitable<Result<BuildCache::Printed>> BuildCache::run_stap(const KernelId& kernel, const BuildFolder& folder) {
  Result<sys::Pipe> out = sys::make_pipe({.nonblocking_read = true});
  Result<sys::Pipe> err = sys::make_pipe({.nonblocking_read = true});
  if (!out || !err) co_return fail(out ? err.error() : out.error());
  sys::UniqueFd script;
  if (job_.script_kind == ScriptKind::kStdin) {
    Result<sys::UniqueFd> file = folder.script_file(stdin_script_);
    if (!file) co_return fail(file.error());
    script = *std::move(file);
  }
  sys::SpawnOptions spawn;
  spawn.program = options_.stap_program;
  spawn.search_path = true;
  spawn.argv = build_arguments(job_, kernel, local_, kernel_directories_, folder.path(), options_.stap_program);
  spawn.stdin_fd = script.valid() ? script.get() : sys::kDevNull;
  spawn.stdout_fd = out->write_end.get();
  spawn.stderr_fd = err->write_end.get();
  // What its compiler makes goes with our files, also if it must be killed.
  spawn.extra_env = {"TMPDIR=" + folder.path()};
  spawn.parent_death_signal = SIGTERM;
  spawn.new_session = true;  // A ctrl-C is ours to hand on: with SIGTERM, after which stap removes its files.
  const bool served = uses_server(job_);
  if (served) {
    spawn.working_directory_fd = folder.fd();
    if (spawn.program.find('/') != std::string::npos) spawn.program = absolute_path(spawn.program);
  }
  const bool interrupted = may_leave_copy(job_);
  if (interrupted) {
    // Its whole group: a newer stap prints from a child of its own.
    spawn.before_exec = [&](pid_t pid) { return sys::signal_group_on_write(out->read_end.get(), pid, SIGTERM); };
  }
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
  const auto goes_on = [&] { return stopped_ && !give_up() && !sys::session_members(stap->pid()).pids.empty(); };
  ChildResult built = co_await collect(io_, *stap, std::move(out->read_end), std::move(err->read_end),
                                       job_.lists() ? kListBytesMax : kBuildTextBytesMax, give_up, goes_on);
  builders_.erase(stap->pid());
  note_build_ended();
  const Result<std::string> file = module_from_build_output(built.out);
  if (stopped_) {
    if (!built.exit_code) {
      emit(event::Note{event::Note::Kind::kWarning, "the build, process " + std::to_string(stap->pid()) +
                                                        ", cannot be killed; see its state in ps"});
    }
    co_return fail(Errc::kTimeout, "stopped before it was built");
  }
  Printed printed{std::move(built.out), built.exit_code.value_or(1)};
  if (job_.lists()) {
    show(built.errors, kernel, folder.path());
    if (printed.text.size() == kListBytesMax) {
      co_return fail(Errc::kLimit, "stap lists more than 256 MiB; give a narrower pattern");
    }
    if (printed.text.empty()) warn_of_nothing(kernel);
    co_return printed;
  }
  show(built.errors, kernel, folder.path());
  // Who was interrupted has an exit code that says so. It names a module only if all went well.
  if (built.exit_code == 0 || (interrupted && file)) co_return printed;
  if (interrupted && !printed.text.empty()) {
    co_return fail(
        Errc::kUsage,
        "stap prints something else than the module's name, and was stopped for it; give -v to rstap itself, "
        "not in --stap-arg or ~/.systemtap/rc");
  }
  if (built.exit_code.value_or(0) > kSignalCodeBase && built.errors.empty()) {
    co_return fail(Errc::kUsage, "stap was ended by signal " + std::to_string(*built.exit_code - kSignalCodeBase) +
                                     " and said nothing; is there room in $TMPDIR (/tmp)?");
  }
  co_return fail(Errc::kUsage, why_not_built());
}

std::string BuildCache::headers_advice() const {
  return host_ ? "install the headers on " + host_->text + ", or give -r DIR, a folder there"
               : "install the headers or give -r DIR";
}

std::string BuildCache::why_not_built() const {
  const std::string where = host_ ? " on " + host_->text : "";
  const std::string not_built = "stap does not build the script" + where + ", its message is above; ";
  if (looks_like_bpftrace(script_text().value_or(""))) {
    return not_built +
           "it looks like a bpftrace program: say --bpftrace, name it .bt, or begin it with #!/usr/bin/env bpftrace";
  }
  return not_built + "if it misses the kernel's build folder, " + headers_advice();
}

std::string BuildCache::task_for(const KernelId& kernel) const {
  return (job_.lists() ? "list for " : "build for ") + name_of(kernel);
}

// stap ends alike when nothing matches and when it could not look.
void BuildCache::warn_of_nothing(const KernelId& kernel) {
  emit(event::Note{event::Note::Kind::kWarning, task_for(kernel) + ": stap finds no probe " + job_.script +
                                                    "; if it misses the kernel's build folder, " + headers_advice()});
}

void BuildCache::emit(Event::What what) {
  events_.on_event({sys::wall_now(), std::nullopt, std::move(what)});
  events_.on_pause();
}

// The same complaint about two kernels is one complaint. With one target there is no question whom it is about.
void BuildCache::show(std::string text, const KernelId& kernel, const std::string& folder) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return;
  std::string build = task_for(kernel);
  if (options_.output.labels == LabelMode::kName) build += " (" + fold_names(entries_.at(kernel)->targets) + ")";
  std::string same = replace_all(text, folder, "");  // But for where it was built.
  const auto [shown, is_first] = shown_.emplace(std::move(same), name_of(kernel));
  if (!is_first) {
    return emit(event::Note{event::Note::Kind::kWarning, build + ": stap says the same as for " + shown->second});
  }
  if (targets_ > 1) emit(event::Note{event::Note::Kind::kWarning, build + ": stap says:"});
  emit(event::Note{event::Note::Kind::kForeign, std::move(text)});
}

void BuildCache::stop() {
  if (std::exchange(stopped_, true)) return kill_builders();
  build_ended_.announce();
  if (builders_.empty() && calls_.empty()) return;
  for (const pid_t pid : builders_) signal_session(pid, SIGTERM);
  for (BuildHostCall* const call : calls_) call->stop();
  kill_timer_.expires_after(options_.stop_times().grace);
  kill_timer_.async_wait([this](asio::error_code error) {
    if (!error) kill_builders();
  });
}

void BuildCache::note_build_ended() {
  if (builders_.empty() && calls_.empty()) kill_timer_.cancel();
}

// Their files are in our workspace, or removed by who is there.
void BuildCache::kill_builders() {
  if (!give_up_at_) give_up_at_ = sys::now() + kDeathTime;
  for (const pid_t pid : builders_) kill_session(pid);
  for (BuildHostCall* const call : calls_) call->kill();
}

}  // namespace stapsh::client
