// SPDX-License-Identifier: Apache-2.0
#include "client/build/module.h"

#include <cerrno>
#include <utility>

#include "client/answers/program_maps.h"
#include "client/build/name_on_target.h"
#include "client/build/program_headers.h"
#include "client/build/script_source.h"
#include "protocol/command.h"
#include "protocol/found_runners.h"
#include "protocol/limits.h"

namespace stapsh::client {
namespace {

std::shared_ptr<const std::string> shared(std::string content) {
  return std::make_shared<const std::string>(std::move(content));
}

// The kernel's own mark in a module: "vermagic=RELEASE SMP preempt …".
std::string vermagic_release(const std::string& content) {
  static constexpr std::string_view kMark = "vermagic=";
  const std::size_t at = content.find(kMark);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kMark.size();
  const std::size_t end = content.find_first_of(std::string_view(" \0", 2), begin);
  return end == std::string::npos ? std::string() : content.substr(begin, end - begin);
}

// What a module says of its builder when it is loaded: systemtap's release and elfutils', "4.8/0.188", a string of its
// own. Empty where a script has another one that looks so.
std::string builder_release(std::string_view content) {
  static constexpr std::string_view kBetween = "/0.", kDigits = "0123456789";
  static constexpr std::size_t kBytesMax = 16;
  std::string_view found;
  for (std::size_t at = content.find(kBetween); at != std::string_view::npos; at = content.find(kBetween, at + 1)) {
    const std::size_t before = content.rfind('\0', at);
    const std::size_t end = content.find_first_not_of(kDigits, at + kBetween.size());
    if (before == std::string_view::npos || at - before > kBytesMax || end == std::string_view::npos) continue;
    const std::string_view release = content.substr(before + 1, at - before - 1);
    const bool is_release = is_runner_version(release) && release.find('.') != std::string_view::npos;
    if (!is_release || content[end] != '\0' || end == at + kBetween.size()) continue;
    if (!found.empty() && found != release) return {};
    found = release;
  }
  return std::string(found);
}

// staprun looks for a module under its file's name, so one whose name does not fit goes under the one that it has
// itself.
Result<std::string> sent_name(const std::string& name, RunnerKind kind, const std::string& content,
                              const std::string& title) {
  if (kind != RunnerKind::kStaprun || check_file_name(name)) return name_on_target(name, kind);
  const std::optional<std::string> own = kernel_module_name(content);
  if (!own) return fail(Errc::kUsage, title + ": does not say its module's name; give the file that name, with .ko");
  return *own + ".ko";
}

Result<Module> module_of(std::string content, const std::string& name, RunnerKind kind, const std::string& title) {
  if (content.empty()) return fail(Errc::kUsage, title + ": empty");
  Module module;
  module.kind = kind;
  module.title = title;
  if (kind == RunnerKind::kStaprun) {
    module.release = vermagic_release(content);
    module.built_by = builder_release(content);
  }
  std::string sent = TRY(sent_name(name, kind, content, title));
  module.files.push_back({std::move(sent), shared(std::move(content))});
  return module;
}

}  // namespace

Result<std::string> signature_beside(const std::string& path, const std::string& title) {
  Result<std::string> signature = read_source(path + ".sig", title + ".sig");
  if (!signature && signature.error().sys_errno == ENOENT) return std::string();
  if (signature && signature->size() > kSignatureBytesMax) {
    return fail(Errc::kUsage, title + ".sig: too large for a signature; make it by rstap sign");
  }
  return signature;
}

Result<Module> load_module(const std::string& path, const std::string& title) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::optional<RunnerKind> kind = runner_kind_for_module(name);
  if (!kind) return fail(Errc::kUsage, title + ": no module; a name that ends in .ko, .bo, .so or .bt is needed");
  std::string content = TRY(read_source(path, title));
  Module module = TRY(module_of(std::move(content), name, *kind, title));
  module.files.front().signature = TRY(signature_beside(path, title));
  Result<std::string> signature = read_source(path + ".sgn", title + ".sgn");
  if (signature) {
    module.files.push_back({module.name() + ".sgn", shared(*std::move(signature))});
  } else if (signature.error().sys_errno != ENOENT) {
    return fail(signature.error());
  }
  return module;
}

namespace {

Result<Module> module_as_written(const JobOptions& job) {
  const std::string title = job.script_name();
  if (job.script_kind == ScriptKind::kReadyModule) return load_module(job.script, title);
  constexpr RunnerKind kKind = RunnerKind::kBpftrace;
  // Its runner is told to list, and looks at no program; but an agent knows the runner by a file.
  if (job.lists()) return module_of("// " + job.script + "\n", "list", kKind, title);
  // bpftrace's messages name the file; these texts have no other name.
  const std::string name =
      job.script_kind == ScriptKind::kFile ? job.script.substr(job.script.rfind('/') + 1) : "program";
  if (job.script_kind == ScriptKind::kText) return module_of(job.script, name, kKind, title);
  std::string text =
      TRY(job.script_kind == ScriptKind::kStdin ? read_standard_input() : read_source(job.script, title));
  Module module = TRY(module_of(std::move(text), name, kKind, title));
  if (job.script_kind == ScriptKind::kFile && TRY(can_be_opened_by_others(job.script, title))) {
    module.files.front().signature = TRY(signature_beside(job.script, title));
  }
  return module;
}

}  // namespace

Result<Module> ready_module(const JobOptions& job) {
  Module module = TRY(module_as_written(job));
  if (job.exact_avg && module.kind == RunnerKind::kBpftrace) {
    ModuleFile& program = module.files.front();
    program.content = shared(with_exact_avg(*program.content));
  }
  if (module.kind == RunnerKind::kBpftrace) TRY(add_headers(module, job));
  return module;
}

}  // namespace stapsh::client
