// SPDX-License-Identifier: Apache-2.0
// The module for each kernel among the targets: built once, by `stap -p4`, several at the same time,
// whoever asks first. stap's own cache saves what it can from one run to the next. With --build-on another machine does
// it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/build/build_arguments.h"
#include "client/build/build_folder.h"
#include "client/build/build_host_call.h"
#include "client/build/module.h"
#include "client/events/event.h"
#include "client/options/rstap_options.h"
#include "client/targets/remote_uri.h"
#include "sys/workspace.h"

namespace stapsh::client {

class BuildHostOutput;

/// Of the questions of an ssh to the build host. Without functions nobody is asked by us.
struct HostQuestions {
  std::function<std::vector<std::string>()> environment;  ///< For that ssh: NAME=VALUE.
  LastAsked last_asked;
};

class BuildCache {
 public:
  /// All lent, for as long as it lives. `targets`: so many the run has.
  BuildCache(asio::io_context& io, const RstapOptions& options, EventSink& events, std::size_t targets);

  /// Before any build; lent as well.
  void set_host_questions(HostQuestions questions) { host_questions_ = std::move(questions); }

  /// Reads what must be there before any target is asked: a ready module, a script on standard input,
  /// the kernel folders.
  Result<> prepare();

  /// After prepare(): the SHA-256 of the script or of what is ready, 64 hexadecimal digits. Empty: it can't be read.
  std::string script_digest() const;
  /// After prepare(): the text of a bpftrace program. Empty: it is none.
  [[nodiscard]] std::string_view program() const;
  /// Whether that has maps of which --sum makes one of all hosts.
  [[nodiscard]] bool has_maps_to_sum() const;

  /// After prepare(): whether the script wants what is typed, which no runner gets.
  [[nodiscard]] bool wants_input() const;

  /// The module for `kernel`, which `target` runs; waits for its build. The error says why there is none; what stap
  /// printed about it was shown, once for all kernels of which it is the same. `prints_maps_by_probe`: so its bpftrace
  /// does, and has to be given one to be asked by --live.
  Awaitable<Result<std::shared_ptr<const Module>>> module_for(KernelId kernel, std::string target,
                                                              bool prints_maps_by_probe = false);

  /// Ends what is being built, and kills it after the grace time or when this is called again; no build starts any
  /// more.
  void stop();

 private:
  struct Entry {
    explicit Entry(asio::io_context& io) : done(io) {}
    std::optional<Result<std::shared_ptr<const Module>>> module;
    std::vector<std::string> targets;  ///< Who has asked.
    Condition done;
  };

  Awaitable<Result<std::shared_ptr<const Module>>> build(KernelId kernel);
  Awaitable<Result<std::shared_ptr<const Module>>> build_in_folder(const KernelId& kernel);
  struct Printed {
    std::string text;
    int exit_code;
  };
  Awaitable<Result<Printed>> run_stap(const KernelId& kernel, const BuildFolder& folder);
  // In build_cache_host.cc; the module is put into `folder`.
  [[nodiscard]] Result<> check_host() const;
  Awaitable<Result<Printed>> run_stap_there(const KernelId& kernel, const BuildFolder& folder);
  Result<Printed> take_output(BuildHostOutput& output, const KernelId& kernel, const BuildFolder& folder);
  void make_askable();
  Result<std::shared_ptr<const Module>> ready_module_for(const KernelId& kernel, bool prints_maps_by_probe) const;
  [[nodiscard]] std::optional<std::string> script_text() const;
  [[nodiscard]] std::string task_for(const KernelId& kernel) const;
  void warn_of_nothing(const KernelId& kernel);
  void emit(Event::What what);
  [[nodiscard]] std::string headers_advice() const;
  [[nodiscard]] std::string why_not_built() const;
  void show(std::string text, const KernelId& kernel, const std::string& folder);
  void note_build_ended();
  void kill_builders();

  asio::io_context& io_;
  const RstapOptions& options_;
  JobOptions job_;  // As it was asked for, but for a script that can be read only once, and with our tapset.
  EventSink& events_;
  std::size_t targets_;
  KernelId local_;
  std::vector<KernelDirectory> kernel_directories_;
  std::shared_ptr<const Module> ready_;
  std::shared_ptr<const Module> askable_;  // Of a bpftrace program: with a probe that prints its maps; or none.
  std::string stdin_script_;
  sys::Workspace workspace_;
  std::map<KernelId, std::unique_ptr<Entry>> entries_;
  std::map<std::string, std::string> shown_;  // What stap said, and of which build first.
  unsigned builds_running_ = 0;
  unsigned builds_begun_ = 0;
  Condition build_ended_;
  bool stopped_ = false;
  asio::steady_timer kill_timer_;        // Of stop().
  std::optional<TimePoint> give_up_at_;  // Of what SIGKILL does not end.
  std::set<pid_t> builders_;
  std::optional<RemoteUri> host_;  // Who builds; none: we.
  HostQuestions host_questions_;
  std::set<BuildHostCall*> calls_;
};

}  // namespace stapsh::client
