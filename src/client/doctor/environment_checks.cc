// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/environment_checks.h"

#include <fmt/format.h>

#include <algorithm>

namespace stapsh::client {
namespace {

using State = Check::State;
using Fact = TargetEnvironment::Fact;

// A module of systemtap's has some hundred KiB.
constexpr std::uint64_t kRoomNeeded = std::uint64_t{1} << 20;

class Looks {
 public:
  Looks(const TargetEnvironment& machine, const std::vector<RunnerKind>& runners, std::optional<ProbeNeeds> needs)
      : machine_(machine), runners_(runners), needs_(needs) {}

  [[nodiscard]] Check tracefs() const {
    return fact("tracefs", machine_.tracefs, "mounted",
                {"tracefs", any_by_bpf() ? State::kFailure : State::kWarning,
                 "not mounted: bpftrace and stapbpf attach no probe of the kernel",
                 "there: mount -t tracefs tracefs /sys/kernel/tracing"});
  }
  [[nodiscard]] Check btf() const {
    return fact("btf", machine_.btf, "/sys/kernel/btf/vmlinux",
                {"btf", needs_ && needs_->btf ? State::kFailure : State::kWarning,
                 "no /sys/kernel/btf/vmlinux: bpftrace knows no types of the kernel, and has no kfunc probes",
                 "there: boot a kernel with CONFIG_DEBUG_INFO_BTF=y; or include headers: apt-get install "
                 "linux-headers-$(uname -r)"});
  }
  [[nodiscard]] Check kprobes() const {
    const std::string none = "the kernel has none, or they are off";
    if (machine_.kprobes == Fact::kNo && needs_ && !needs_->kprobes) {
      return {"kprobes", State::kOk, none + "; this script names no function of the kernel", {}};
    }
    return fact("kprobes", machine_.kprobes, "on",
                {"kprobes", needs_ ? State::kFailure : State::kWarning, none + ": no probe of its functions attaches",
                 "there: echo 1 > /sys/kernel/debug/kprobes/enabled; else boot a kernel with CONFIG_KPROBE_EVENTS=y"});
  }
  [[nodiscard]] Check lockdown() const {
    const std::string& mode = machine_.lockdown;
    Check check{"lockdown", State::kOk, mode, {}};
    if (mode.empty()) return {"lockdown", State::kUnknown, "not known (no /sys/kernel/security/lockdown)", {}};
    if (mode == "none") return check;
    check.state = State::kWarning;
    check.text += ": modules that are not signed are not loaded";
    if (mode == "confidentiality") {
      if (any_by_bpf()) check.state = State::kFailure;
      check.text += ", and BPF may not read the kernel's memory";
    }
    check.mend =
        "there: boot without Secure Boot and lockdown=; or sign modules (mokutil --import, stap --sign-module)";
    return check;
  }
  [[nodiscard]] Check rights() const;
  [[nodiscard]] Check folder() const;

 private:
  static Check fact(std::string_view name, Fact fact, std::string_view yes, Check no) {
    if (fact == Fact::kNo) return no;
    return {name,
            fact == Fact::kYes ? State::kOk : State::kUnknown,
            fact == Fact::kYes ? std::string(yes) : "not known",
            {}};
  }
  [[nodiscard]] bool has(RunnerKind kind) const { return std::ranges::find(runners_, kind) != runners_.end(); }
  [[nodiscard]] bool any_by_bpf() const { return has(RunnerKind::kBpftrace) || has(RunnerKind::kStapbpf); }
  [[nodiscard]] bool may(std::string_view capability) const {
    return !machine_.capabilities ||
           std::ranges::find(*machine_.capabilities, capability) != machine_.capabilities->end();
  }
  [[nodiscard]] bool in(std::string_view group) const {
    return std::ranges::find(machine_.groups, group) != machine_.groups.end();
  }

  const TargetEnvironment& machine_;
  const std::vector<RunnerKind>& runners_;
  std::optional<ProbeNeeds> needs_;
};

Check Looks::rights() const {
  if (!machine_.uid) return {"rights", State::kUnknown, "not known", {}};
  const bool root = *machine_.uid == 0;
  Check check{"rights", State::kOk, fmt::format("uid {}", *machine_.uid), {}};
  for (const std::string& group : machine_.groups) check.text += ", " + group;
  if (any_by_bpf() && !may("sys_admin") && !(may("bpf") && may("perfmon"))) {
    check.state = State::kFailure;
    check.text += root ? " without CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON (a container?): no BPF program is loaded"
                       : ": bpftrace and stapbpf need root, or CAP_BPF and CAP_PERFMON";
    check.mend = root ? "there: start the container with --privileged, or --cap-add=BPF,PERFMON,SYS_ADMIN"
                      : "here: connect as root: root@{host}; or there: let sudo start stapsh";
    return check;
  }
  if (!has(RunnerKind::kStaprun)) return check;
  if (root && !may("sys_module")) {
    check.state = has(RunnerKind::kBpftrace) ? State::kWarning : State::kFailure;
    check.text += " without CAP_SYS_MODULE (a container?): staprun loads no module";
    check.mend = "there: start the container with --cap-add=SYS_MODULE, or stapsh on its host";
  } else if (!root && !(in("stapusr") && (in("stapdev") || in("stapsys")))) {
    check.state = State::kFailure;
    check.text += ": staprun loads modules of any kind for members of stapusr and stapdev alone";
    check.mend = "there: usermod -a -G stapusr,stapdev USER; or here: connect as root: root@{host}";
  }
  return check;
}

Check Looks::folder() const {
  const TargetEnvironment::Folder& folder = machine_.folder;
  Check check{"folder", State::kOk, folder.path, {}};
  if (folder.path.empty()) return {"folder", State::kUnknown, "not known", {}};
  const std::string elsewhere = "; or start stapsh with another TMPDIR";
  if (folder.writable == Fact::kNo) {
    check.state = State::kFailure;
    check.text += ": its user may not write there";
    check.mend = "there: chmod 1777 " + folder.path + elsewhere;
  } else if (folder.room_bytes && *folder.room_bytes < kRoomNeeded) {
    check.state = State::kFailure;
    check.text += ": full (less than 1 MiB, or no file more)";
    check.mend = "there: df -h " + folder.path + "; df -i " + folder.path + "; make room" + elsewhere;
  } else if (folder.executes == Fact::kNo) {
    check.state = has(RunnerKind::kStapdyn) && runners_.size() == 1 ? State::kFailure : State::kWarning;
    check.text += ": noexec, where stapdyn can't load its modules";
    check.mend = "there: mount -o remount,exec " + folder.path + elsewhere;
  }
  return check;
}

}  // namespace

std::vector<Check> environment_checks(const std::optional<TargetEnvironment>& environment,
                                      const std::vector<RunnerKind>& runners, std::optional<ProbeNeeds> needs,
                                      std::string_view unsaid) {
  std::vector<Check> checks;
  if (!environment) {
    for (const char* name : {"tracefs", "btf", "kprobes", "lockdown", "rights", "folder"}) {
      checks.push_back({name, State::kUnknown, fmt::format("not known ({})", unsaid), {}});
    }
    return checks;
  }
  const Looks looks(*environment, runners, needs);
  return {looks.tracefs(), looks.btf(), looks.kprobes(), looks.lockdown(), looks.rights(), looks.folder()};
}

}  // namespace stapsh::client
