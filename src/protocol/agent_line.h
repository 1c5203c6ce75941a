// SPDX-License-Identifier: Apache-2.0
// What an agent says: one struct for each line, parsed and formatted. Frames: `data STREAM SIZE` is
// a line; its DATA is not. The wire: docs/protocol.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"

namespace stapsh {

enum class Stream { kStdout, kStderr };

/// An exit code above it can stand for a signal.
inline constexpr int kSignalCodeBase = 128;
inline constexpr int kSignalMax = 64;

struct HelloLine {
  std::string version, machine, release;
};
struct OkLine {
  std::string granted{};  ///< `NAME=VALUE`: less than what the `option` asked for, or what it asked after; else empty.
};
struct ErrorLine {
  std::string text;
};
struct DataLine {
  Stream stream = Stream::kStdout;
  std::uint64_t size = 0;        ///< Bytes of DATA.
  std::optional<WallTime> time;  ///< With `option time`: when the agent read the first byte.
};
struct ExitLine {
  int code = 0;               ///< 0..255; 128 + N if signal N killed the runner.
  std::optional<int> signal;  ///< That signal, where it is told (`option signal`): then the code is 128 + it.
};
/// With `option reason`: why the agent ended what its client did not ask it to end.
struct StoppedLine {
  std::string reason;
};
/// With `option progress`: its runner is not silent, but at work, while it is stopped.
struct WorkingLine {
  struct Probes {
    std::uint64_t left, total;
    bool operator==(const Probes&) const = default;
  };
  std::string name;              ///< Of the program.
  std::optional<Probes> probes;  ///< That are attached still, where that can be known.
  bool operator==(const WorkingLine&) const = default;
};
/// With `option progress`: the runner was killed, and why.
struct KilledLine {
  std::string reason;
};
struct QuitLine {};
struct PingLine {};
/// With `option proof`: a thing of the session that is still there after its end, or why that is unknown.
struct LeftLine {
  std::string kind;  ///< "process", "module", "cgroup", "directory"; "unknown".
  std::string name;  ///< Of "unknown" it is the reason: words.
  bool operator==(const LeftLine&) const = default;
};
/// Of a LeftLine: it could not be looked.
inline constexpr std::string_view kUnknownKind = "unknown";
/// With `option proof`: the agent looked, and nothing is left.
struct CleanLine {};
/// The answer to `sweep`: `OK removed=N left=M`.
struct SweptLine {
  std::uint64_t removed = 0;
  std::uint64_t left = 0;
};
/// The agent's own debug text, without its "stapsh:".
struct DebugLine {
  std::string text;
};
struct UnknownLine {};

using AgentLine = std::variant<HelloLine, OkLine, ErrorLine, DataLine, ExitLine, QuitLine, PingLine, LeftLine,
                               CleanLine, StoppedLine, WorkingLine, KilledLine, SweptLine, DebugLine, UnknownLine>;

/// Total: every line gives a value, if only an UnknownLine.
AgentLine parse_agent_line(std::string_view line);

/// The hello that `line` ends with, whatever stands before it; its VERSION is a number. Empty: it ends otherwise.
std::string_view agent_hello_at_end(std::string_view line);

/// Each line with its '\n'.
std::string format_agent_line(const HelloLine& line);
std::string format_agent_line(const OkLine& line);
std::string format_agent_line(const ErrorLine& line);
std::string format_agent_line(const DataLine& line);
std::string format_agent_line(const ExitLine& line);
std::string format_agent_line(const QuitLine& line);
std::string format_agent_line(const PingLine& line);
std::string format_agent_line(const LeftLine& line);
std::string format_agent_line(const CleanLine& line);
std::string format_agent_line(const StoppedLine& line);
std::string format_agent_line(const WorkingLine& line);
std::string format_agent_line(const KilledLine& line);
std::string format_agent_line(const SweptLine& line);
std::string format_agent_line(const DebugLine& line);

std::string_view stream_name(Stream stream);

}  // namespace stapsh
