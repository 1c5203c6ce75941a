// SPDX-License-Identifier: Apache-2.0
// The one table of runners: which program runs which module, and which signal ends it well.
#pragma once

#include <array>
#include <csignal>
#include <optional>
#include <string_view>

namespace stapsh {

enum class RunnerKind { kStaprun, kStapbpf, kStapdyn, kBpftrace };

struct RunnerEntry {
  RunnerKind kind;
  std::string_view extension;  ///< Of the module, with its dot.
  std::string_view program;
  std::string_view option;   ///< The protocol option that chooses it without a file; empty if none does.
  int stop_signal;           ///< After it the end probes run and their output comes.
  std::string_view package;  ///< What to install where it is missing, as distributions call it.
};

// stapbpf and bpftrace die of SIGHUP at once: no end probe runs, no map is printed.
inline constexpr std::array kRunnerTable{
    RunnerEntry{RunnerKind::kStaprun, ".ko", "staprun", "", SIGHUP, "systemtap-runtime"},
    RunnerEntry{RunnerKind::kStapbpf, ".bo", "stapbpf", "bpf", SIGINT, "systemtap"},
    RunnerEntry{RunnerKind::kStapdyn, ".so", "stapdyn", "dyninst", SIGHUP, "systemtap with dyninst"},
    RunnerEntry{RunnerKind::kBpftrace, ".bt", "bpftrace", "", SIGINT, "bpftrace"},
};

const RunnerEntry& runner_entry(RunnerKind kind);
std::string_view runner_name(RunnerKind kind);
/// For a person whose user may not execute it: what to do.
std::string_view denied_advice(RunnerKind kind);

/// By the file's extension; none if no runner takes it.
std::optional<RunnerKind> runner_kind_for_module(std::string_view file_name);

/// By a protocol option ("bpf", "dyninst"); none if it is not about runners.
std::optional<RunnerKind> runner_kind_for_option(std::string_view option);

}  // namespace stapsh
