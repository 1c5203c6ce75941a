// SPDX-License-Identifier: Apache-2.0
// Keys of maps that are stacks, read: bpftrace joins frames by newlines, the innermost first, and stacks and other
// parts of a key by commas. Reads what 0.17 to 0.27 write, which is not the same: 0.23 writes \n as two characters, and
// since 0.24 blanks are dropped, in perf mode also the one between address and symbol. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/report/report.h"

namespace stapsh::client::report {

enum class FrameKind : std::uint8_t {
  kLabel,  ///< No frame, but what a key has beside its stacks: a process's name.
  kKernel,
  kUser,
  kUnresolved,  ///< An address, which means something on one host only: its name is "[MODULE]" or "[unknown]".
};

struct Frame {
  std::string name;    ///< Without offset and address, so that hosts' frames meet.
  std::string module;  ///< The file's name without its folder; empty: not said.
  FrameKind kind = FrameKind::kUser;
  bool operator==(const Frame&) const = default;
};

/// The outermost frame first, users' frames before the kernel's; a label, if there is one, before all.
using Stack = std::vector<Frame>;

/// Of one stack; more are left out, the outermost ones: runners don't make so many.
inline constexpr std::size_t kFramesMax = 2048;

/// None: `key` has no stack in it. `kinds` says of what its stacks are, as far as it goes; of others frames tell it.
std::optional<Stack> parse_stack_key(std::string_view key, std::span<const StackKind> kinds = {});

/// The same of a key in a map of stacks: one without a frame is its label, or "[no stack]".
Stack stack_of_key(std::string_view key, std::span<const StackKind> kinds = {});

/// Whether some key is a stack.
bool has_stacks(const Map& map);

}  // namespace stapsh::client::report
