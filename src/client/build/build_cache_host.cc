// SPDX-License-Identifier: Apache-2.0
// Of BuildCache: a build that another machine does (--build-on).
#include <fcntl.h>

#include <chrono>

#include "base/shown_text.h"
#include "client/build/build_cache.h"
#include "client/build/build_host_files.h"
#include "client/build/build_host_stage.h"
#include "client/transport/ssh.h"
#include "sys/io.h"
#include "sys/random_name.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kNameCharacters = 22;  // 128 bits.
constexpr std::chrono::milliseconds kConnectLimit = std::chrono::seconds(30);
constexpr Duration kWriteLimit = std::chrono::seconds(10);
constexpr int kNotFound = 127;

// Folders are there: of what they serve we know nothing, and the person says it. A release finds its own.
std::vector<KernelDirectory> directories_there(const JobOptions& job, const KernelId& kernel) {
  std::vector<KernelDirectory> directories;
  bool has_folder = false;
  for (const std::string& value : job.kernel_directories) {
    const bool is_folder = value.find('/') != std::string::npos;
    directories.push_back({value, is_folder ? std::vector<std::string>{} : std::vector<std::string>{value}});
    has_folder |= is_folder;
  }
  if (!has_folder) directories.push_back({kernel.release, {kernel.release}});
  return directories;
}

Result<> write_file(int folder, const std::string& name, std::string_view content) {
  const sys::UniqueFd file = TRY(sys::open_at(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return sys::write_all(file.get(), content, kWriteLimit);
}

// The name is the host's word: no more than its last part is ours to use.
Result<std::string> keep_module(BuildHostOutput& output, const BuildFolder& folder) {
  std::string* const said = output.part("out");
  std::string* const module = output.part("module");
  const std::string path = TRY(module_from_build_output(said != nullptr ? *said : ""));
  const std::string name = path.substr(path.rfind('/') + 1);
  if (module == nullptr) return fail(Errc::kPeer, "it sends no module " + name);
  TRY(write_file(folder.fd(), name, *module));
  if (const std::string* const signature = output.part("signature")) {
    TRY(write_file(folder.fd(), name + ".sgn", *signature));
  }
  return folder.path() + "/" + name;
}

}  // namespace

Result<> BuildCache::check_host() const {
  if (!std::holds_alternative<SshUri>(host_->address)) {
    return fail(Errc::kUsage, "--build-on=" + host_->text +
                                  ": it is reached by ssh; give HOST, USER@HOST, HOST:PORT or ssh://USER@HOST:PORT");
  }
  if (!keeps_files(job_)) return {};
  return fail(Errc::kUsage,
              "-k keeps the build's files, and --build-on leaves none on " + host_->text + ": leave one of them out");
}

Awaitable<Result<BuildCache::Printed>> BuildCache::run_stap_there(const KernelId& kernel, const BuildFolder& folder) {
  const std::string& host = host_->text;
  emit(event::Note{event::Note::Kind::kDetail, task_for(kernel) + ": building on " + host});
  const Result<std::string> unique = sys::random_name(kNameCharacters);
  if (!unique) co_return fail(unique.error());
  const std::string there = build_host_name(*unique);
  JobOptions job = job_;
  const Result<BuildHostFiles> files = BuildHostFiles::collect(job, stdin_script_, there);
  if (!files) co_return fail(files.error());
  std::vector<std::string> words =
      build_arguments(job, kernel, kernel, directories_there(job, kernel), there + "/tmp", options_.stap_program);
  words.erase(words.begin());
  const std::string program =
      build_program(there, options_.stap_program, words, kernel.machine, job.script_kind == ScriptKind::kStdin);
  const std::string stream = files->stream(program);
  ReachOptions reach = options_.reach;
  if (host_questions_.environment) reach.environment = host_questions_.environment();
  Result<Connection> connection = open_ssh(std::get<SshUri>(host_->address), reach, stage_command(there), targets_);
  if (!connection) co_return fail(connection.error());
  BuildHostCall call(io_, *std::move(connection), there);
  calls_.insert(&call);
  Result<BuildHostOutput> output =
      co_await call.run(stream, options_.connect_timeout.value_or(kConnectLimit), host_questions_.last_asked);
  calls_.erase(&call);
  note_build_ended();
  if (stopped_) co_return fail(Errc::kTimeout, "stopped before it was built");
  if (!output) {
    const std::string why = "--build-on=" + host + ": " + output.error().what;
    co_return fail(output.error().code, why);
  }
  if (const std::string* const errors = output->part("errors")) {
    show(shown_lines(files->with_names_here(*errors, output->folder())), kernel, output->folder());
  }
  if (output->exit_code() == kNotFound && output->part("out") == nullptr) {
    co_return fail(Errc::kUsage, "there is no " + options_.stap_program + " on " + host +
                                     "; install systemtap there, or give --stap PATH, as it is there");
  }
  co_return take_output(*output, kernel, folder);
}

Result<BuildCache::Printed> BuildCache::take_output(BuildHostOutput& output, const KernelId& kernel,
                                                    const BuildFolder& folder) {
  if (job_.lists()) {
    std::string* const listed = output.part("out");
    if (listed == nullptr || listed->empty()) warn_of_nothing(kernel);
    return Printed{listed != nullptr ? std::move(*listed) : "", output.exit_code()};
  }
  if (output.exit_code() != 0) return fail(Errc::kUsage, why_not_built());
  return Printed{TRY(keep_module(output, folder)), 0};
}

}  // namespace stapsh::client
