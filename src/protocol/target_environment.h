// SPDX-License-Identifier: Apache-2.0
// What a machine offers to runners, and its user to the agent, as `option environment` tells it: docs/protocol.md.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh {

struct TargetEnvironment {
  enum class Fact { kUnknown, kNo, kYes };
  enum class Policy { kUnknown, kNone, kThere, kBroken };
  /// Where files of a session would go.
  struct Folder {
    std::string path;  ///< Empty: unknown.
    Fact writable = Fact::kUnknown;
    Fact executes = Fact::kUnknown;           ///< Not mounted `noexec`.
    std::optional<std::uint64_t> room_bytes;  ///< For this user; 0 as well where no file can be made any more.
    bool operator==(const Folder&) const = default;
  };

  Fact tracefs = Fact::kUnknown;  ///< Mounted at one of its two places.
  Fact btf = Fact::kUnknown;      ///< The kernel's types: /sys/kernel/btf/vmlinux.
  Fact kprobes = Fact::kUnknown;  ///< The kernel has them, and nobody turned them off.
  std::string lockdown;           ///< "none", "integrity", "confidentiality"; empty: unknown.
  std::optional<std::uint32_t> uid;
  std::vector<std::string> groups;                       ///< Those of kSystemtapGroups that the user is in.
  std::optional<std::vector<std::string>> capabilities;  ///< Those of kTracingCapabilities that are effective.
  Policy policy = Policy::kUnknown;
  Folder folder;
  bool operator==(const TargetEnvironment&) const = default;
};

/// Of systemtap, who may load which modules.
inline constexpr std::string_view kSystemtapGroups[] = {"stapdev", "stapsys", "stapusr"};

/// What runners need, as capabilities(7) names and linux/capability.h numbers them.
struct TracingCapability {
  std::string_view name;
  unsigned bit;
};
inline constexpr TracingCapability kTracingCapabilities[] = {
    {"bpf", 39}, {"perfmon", 38}, {"sys_admin", 21}, {"sys_module", 16}};

/// What stands before the word in the answer to `option environment`.
inline constexpr std::string_view kEnvironmentAnswer = "environment=";

/// One word: "tracefs:yes,btf:no,…,folder:/tmp". What is unknown is left out.
std::string format_environment(const TargetEnvironment& environment);
/// Total: a name that is not known is passed over, a value that is none is unknown.
TargetEnvironment parse_environment(std::string_view word);

}  // namespace stapsh
