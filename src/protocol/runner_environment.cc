// SPDX-License-Identifier: Apache-2.0
// staprun and stapbpf have none: SYSTEMTAP_STAPRUN and its kin name programs and folders, and staprun drops the rest.
#include "protocol/runner_environment.h"

#include <algorithm>
#include <array>

#include "protocol/command.h"

namespace stapsh {
namespace {

// What bpftrace 0.17 to 0.24 document, but for BPFTRACE_BTF, BPFTRACE_VMLINUX, BPFTRACE_KERNEL_BUILD and
// BPFTRACE_KERNEL_SOURCE, which name files. One that a bpftrace does not know has no effect there.
constexpr std::array<std::string_view, 23> kBpftraceVariables{
    "BPFTRACE_CACHE_USER_SYMBOLS", "BPFTRACE_CAT_BYTES_MAX",   "BPFTRACE_COLOR",
    "BPFTRACE_CPP_DEMANGLE",       "BPFTRACE_DEBUG_OUTPUT",    "BPFTRACE_LAZY_SYMBOLICATION",
    "BPFTRACE_LOG_SIZE",           "BPFTRACE_MAP_KEYS_MAX",    "BPFTRACE_MAX_AST_NODES",
    "BPFTRACE_MAX_BPF_PROGS",      "BPFTRACE_MAX_CAT_BYTES",   "BPFTRACE_MAX_MAP_KEYS",
    "BPFTRACE_MAX_PROBES",         "BPFTRACE_MAX_STRLEN",      "BPFTRACE_MAX_TYPE_RES_ITERATIONS",
    "BPFTRACE_NODE_MAX",           "BPFTRACE_NO_CPP_DEMANGLE", "BPFTRACE_NO_USER_SYMBOLS",
    "BPFTRACE_PERF_RB_PAGES",      "BPFTRACE_STACK_MODE",      "BPFTRACE_STRLEN",
    "BPFTRACE_STR_TRUNC_TRAILER",  "BPFTRACE_VERIFY_LLVM_IR",
};

bool takes(RunnerKind kind, std::string_view name) {
  const std::span<const std::string_view> names = runner_variables(kind);
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::span<const std::string_view> runner_variables(RunnerKind kind) {
  if (kind == RunnerKind::kBpftrace) return kBpftraceVariables;
  return {};
}

Result<> check_runner_variable(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return fail(Errc::kUsage, "'" + printable(text) + "' is not NAME=VALUE");
  }
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  const bool known = std::ranges::any_of(kRunnerTable, [&](const RunnerEntry& each) { return takes(each.kind, name); });
  if (!known) {
    return fail(Errc::kUsage,
                printable(name) + ": no runner is given it; those that bpftrace is given are in rstap(1)");
  }
  if (value.size() > kRunnerVariableBytesMax) {
    return fail(Errc::kUsage, std::string(name) + ": a value of " + std::to_string(value.size()) + " bytes, over " +
                                  std::to_string(kRunnerVariableBytesMax));
  }
  const auto is_control = [](unsigned char each) { return each < 32 || each == 127; };
  if (std::ranges::any_of(value, is_control)) {
    return fail(Errc::kUsage, std::string(name) + ": a control character in its value");
  }
  return {};
}

Result<> check_runner_variable(std::string_view text, RunnerKind kind) {
  TRY(check_runner_variable(text));
  const std::string_view name = text.substr(0, text.find('='));
  if (takes(kind, name)) return {};
  return fail(Errc::kUsage, std::string(name) + ": " + std::string(runner_name(kind)) + " is not given it");
}

}  // namespace stapsh
