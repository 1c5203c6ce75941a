// SPDX-License-Identifier: Apache-2.0
#include "sys/activity_meter.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

constexpr int kLooksPerGrace = 5;
constexpr Duration kPauseMin = std::chrono::milliseconds(50), kPauseMax = std::chrono::milliseconds(500);
// Of clock ticks (10 ms) in such a time: less is used by who only looks around now and then.
constexpr std::uint64_t kTicksOfWork = 2;
constexpr Duration kTicksTime = std::chrono::milliseconds(500);

struct State {
  char letter = 0;
  std::uint64_t ticks = 0;
};

std::string read_proc(pid_t pid, const char* name) {
  const auto file = open_at(AT_FDCWD, "/proc/" + std::to_string(pid) + "/" + name, O_RDONLY);
  std::array<char, 4'096> buffer;
  const auto got = file ? read_some(file->get(), buffer) : Result<IoResult>(IoResult{});
  return got ? std::string(buffer.data(), got->bytes) : std::string();
}

// The number behind `at`, and the blanks there.
std::uint64_t number_at(std::string_view text, std::size_t at) {
  at = std::min(text.find_first_not_of(" \t", at), text.size());
  std::uint64_t number = 0;
  (void)std::from_chars(text.data() + at, text.data() + text.size(), number);  // 0: it is not there.
  return number;
}

// Fields 3, 14 and 15; the name before them may hold anything. Source: proc(5).
std::optional<State> state_of(pid_t pid) {
  const std::string text = read_proc(pid, "stat");
  std::size_t at = text.rfind(')');
  if (at == std::string::npos || at + 2 >= text.size()) return std::nullopt;
  at += 2;
  State state{text[at], 0};
  for (int field = 3; field < 15 && at != std::string::npos; ++field) {
    if (field == 14) state.ticks += number_at(text, at);
    at = text.find(' ', at + 1);
  }
  if (at != std::string::npos) state.ticks += number_at(text, at);
  return state;
}

std::uint64_t voluntary_switches(pid_t pid) {
  static constexpr std::string_view kField = "\nvoluntary_ctxt_switches:";
  const std::string text = read_proc(pid, "status");
  const std::size_t at = text.find(kField);
  return at == std::string::npos ? 0 : number_at(text, at + kField.size());
}

bool is_probe(std::string_view target) {
  return target == "anon_inode:[perf_event]" || target == "anon_inode:bpf_link" || target == "anon_inode:bpf-link";
}

struct Descriptors {
  std::uint64_t all = 0;
  std::uint64_t probes = 0;
};

Descriptors descriptors_of(pid_t pid) {
  Descriptors result;
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) return result;
  std::array<char, 64> target;
  while (const dirent* entry = ::readdir(entries.get())) {
    const ssize_t size = ::readlinkat(::dirfd(entries.get()), entry->d_name, target.data(), target.size());
    if (size < 0) continue;  // "." and "..", or closed just now.
    ++result.all;
    if (is_probe({target.data(), static_cast<std::size_t>(size)})) ++result.probes;
  }
  return result;
}

}  // namespace

Duration ActivityMeter::pause_within(Duration grace) {
  return std::clamp<Duration>(grace / kLooksPerGrace, kPauseMin, kPauseMax);
}

Activity ActivityMeter::look(std::span<const pid_t> pids, TimePoint now, std::string_view further) {
  std::unordered_map<pid_t, Seen> all;
  bool moved = further != further_;
  bool held = false;
  if (now - ticks_since_ > kTicksTime) {
    ticks_since_ = now;
    ticks_ = 0;
  }
  probes_.left = 0;
  for (const pid_t pid : pids) {
    const std::optional<State> state = state_of(pid);
    if (!state) continue;
    const auto before = seen_.find(pid);
    Seen seen = before == seen_.end() ? Seen{} : before->second;
    const Descriptors descriptors = descriptors_of(pid);
    probes_.left += descriptors.probes;
    if (before != seen_.end()) {
      ticks_ += state->ticks - std::min(seen.ticks, state->ticks);
      moved = moved || descriptors.all != seen.descriptors;
    }
    seen.ticks = state->ticks;
    seen.descriptors = descriptors.all;
    if (state->letter == 'D') {
      held = true;
      const std::uint64_t switches = voluntary_switches(pid);
      moved = moved || (before != seen_.end() && switches != seen.switches);
      seen.switches = switches;
    }
    all.emplace(pid, seen);
  }
  seen_ = std::move(all);
  further_ = further;
  probes_.most = std::max(probes_.most, probes_.left);
  if (std::exchange(first_, false)) return Activity::kNone;
  if (moved) return Activity::kWorks;
  if (ticks_ >= kTicksOfWork) {
    return probes_.most > 0 && probes_.left == probes_.most ? Activity::kTraces : Activity::kWorks;
  }
  return held ? Activity::kWaits : Activity::kNone;
}

std::optional<ActivityMeter::Probes> ActivityMeter::probes() const {
  if (probes_.most == 0) return std::nullopt;
  return probes_;
}

}  // namespace stapsh::sys
