// SPDX-License-Identifier: Apache-2.0
// What one tracing job is: a script or a ready module, and the stap options that say how it is built and run.
// Values are checked when they are parsed (command_line.h); option_table.h says which of them goes where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/options/option_id.h"

namespace stapsh::client {

enum class Runtime {
  kKernel,
  kBpf,
  kDyninst,
  kBpftrace,  ///< The script is a bpftrace program, however it is named: nothing is built.
};

enum class ScriptKind {
  kFile,         ///< JobOptions::script is a path: of a file, or of what can be read but once, as `<(…)` is.
  kText,         ///< -e: `script` is the text.
  kStdin,        ///< `-`: the text comes on standard input; each build needs a copy of it.
  kReadyModule,  ///< `script` is the path of a .ko, .bo, .so or .bt: nothing is built.
  kPattern,      ///< -l, -L: nothing runs; the probes that `script` matches are listed.
};

/// One that means something to stap or the runner alone: it is handed on as it was given.
struct PassedOption {
  OptionId id;
  std::string value;  ///< Empty: it takes none, or none was given.
};

struct JobOptions {
  ScriptKind script_kind = ScriptKind::kFile;
  std::string script;
  std::vector<std::string> script_arguments;

  unsigned verbosity = 0;          ///< How many -v.
  bool suppress_warnings = false;  ///< -w
  bool bulk = false;               ///< -b
  bool guru = false;               ///< -g
  Runtime runtime = Runtime::kKernel;
  bool runtime_given = false;                     ///< Not by default.
  bool lists_variables = false;                   ///< -L: with what each probe has to offer.
  std::optional<std::string> command;             ///< -c
  std::optional<std::uint32_t> target_pid;        ///< -x
  std::optional<std::string> output_file;         ///< -o, on each target
  std::optional<std::uint32_t> buffer_megabytes;  ///< -s, 1..4095
  std::optional<std::string> output_size;         ///< -S SIZE[,N], as given
  std::optional<std::string> color;               ///< -C: never, always or auto
  std::optional<std::string> timeout_seconds;     ///< -T, as given: stap takes fractions
  std::optional<std::string> module_name;         ///< -m, without its .ko
  std::optional<std::string> runtime_directory;   ///< -R
  std::vector<std::string> globals;               ///< -G NAME=VALUE
  std::vector<std::string> defines;               ///< -D NAME[=VALUE]
  std::vector<std::string> tapset_directories;    ///< -I; of a bpftrace program: folders of headers
  std::vector<std::string> symbol_objects;        ///< -d
  std::vector<std::string> kernel_directories;    ///< -r
  std::vector<PassedOption> passed;               ///< All that have no member here.
  std::optional<std::string> attach_pid;          ///< -p: bpftrace's, as all that follow
  std::optional<std::string> runner_format;       ///< -f
  bool unsafe = false;                            ///< --unsafe
  std::vector<std::string> include_files;         ///< --include
  std::vector<std::string> build_words;           ///< --stap-arg, untouched
  std::vector<std::string> runner_words;          ///< --runner-arg, untouched

  /// For AnswerRequest: bpftrace says as JSON what it measured, systemtap's scripts are built with our tapset.
  bool answers_wanted = false;
  bool exact_avg = false;  ///< stats() in place of avg().

  std::vector<std::string> runner_environment;  ///< --env NAME=VALUE, no name twice

  /// As messages name the script.
  [[nodiscard]] std::string script_name() const {
    if (lists()) return lists_variables ? "-L" : "-l";
    return script_kind == ScriptKind::kText ? "-e" : script;
  }
  /// The script and its arguments in one line, as a shell would read them.
  [[nodiscard]] std::string command_line() const;
  [[nodiscard]] bool lists() const { return script_kind == ScriptKind::kPattern; }
  /// Also of what stap lists: like a build it is done here, for each kernel.
  [[nodiscard]] bool needs_build() const {
    return script_kind != ScriptKind::kReadyModule && runtime != Runtime::kBpftrace;
  }
};

}  // namespace stapsh::client
