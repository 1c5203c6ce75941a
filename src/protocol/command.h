// SPDX-License-Identifier: Apache-2.0
// What a client says: one struct for each command, parsed from a line and formatted to one.
// The wire: docs/protocol.md. DATA follows `file` and `arg`; it is no part of the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "protocol/limits.h"

namespace stapsh {

struct HelloCommand {
  std::string version;  ///< Empty: it says none.
};
struct OptionCommand {
  std::string name;
  std::optional<std::string> value;  ///< Of `option NAME=VALUE`.
};
struct FileCommand {
  std::uint64_t size = 0;  ///< Bytes of DATA.
  std::string name;        ///< As sent: check_file_name() decides whether it may be used.
  std::string digest{};    ///< SHA-256, 64 lower-case hexadecimal digits; empty: none was said.
};
/// A file that the target has from before.
struct HaveCommand {
  std::string digest;  ///< SHA-256, 64 lower-case hexadecimal digits.
  std::string name;    ///< As in FileCommand.
};
struct ArgCommand {
  std::uint64_t size = 0;  ///< Bytes of DATA.
};
struct RunCommand {
  std::vector<std::string> args;
};
struct SignalCommand {
  int signo = 0;
};
struct QuitCommand {};
struct PingCommand {};
struct SweepCommand {
  std::string session{};  ///< Also asks after this one; empty: after none.
};
/// Whether a run would be allowed there: these files, the first of which says the runner, and these arguments.
struct CheckCommand {
  struct File {
    std::string name;
    std::string digest;  ///< SHA-256, 64 lower-case hexadecimal digits.
    bool operator==(const File&) const = default;
  };
  std::vector<File> files;  ///< At least one.
  std::vector<std::string> args;
};
/// A signature of the file NAME, by `ssh-keygen -Y sign -n stapsh-program`. It follows as DATA.
struct SignatureCommand {
  std::uint64_t size = 0;  ///< Bytes of DATA.
  std::string name;        ///< As sent, as FileCommand's.
};
/// A manifest of this run (policy/manifest.h) and its signature. They follow as DATA.
struct ManifestCommand {
  std::uint64_t size = 0;  ///< Bytes of DATA.
};
/// What `option nonce` is granted where the policy asks for signatures: the session's nonce stands behind it.
inline constexpr std::string_view kNonceAnswer = "nonce=";
/// What `option policy` is granted where the owner of the machine has one: it may be asked by `check`. Behind it, what
/// each run is held to: ",tasks=64,memory=100000000".
inline constexpr std::string_view kPolicyAnswer = "policy=yes";
/// What `option keep` is granted, and behind it the folder, a quoted-printable word.
inline constexpr std::string_view kKeptAnswer = "kept=";
/// A line that is no command. After `data_size_unknown` nothing that follows can be read.
struct BadCommand {
  std::string reason;
  bool data_size_unknown = false;
  bool is_unknown = false;  ///< The reason quotes all of the line, which may be anything.
};

using Command =
    std::variant<HelloCommand, OptionCommand, FileCommand, HaveCommand, ArgCommand, RunCommand, SignalCommand,
                 QuitCommand, PingCommand, SweepCommand, CheckCommand, SignatureCommand, ManifestCommand, BadCommand>;

/// Total: every line gives a command, if only a BadCommand.
Command parse_command(std::string_view line, const Limits& limits);

/// The line of a command, with its '\n'.
std::string format_command(const HelloCommand& command);
std::string format_command(const OptionCommand& command);
std::string format_command(const FileCommand& command);
std::string format_command(const HaveCommand& command);
std::string format_command(const ArgCommand& command);
std::string format_command(const RunCommand& command);
std::string format_command(const SignalCommand& command);
std::string format_command(const QuitCommand& command);
std::string format_command(const PingCommand& command);
std::string format_command(const SweepCommand& command);
std::string format_command(const CheckCommand& command);
std::string format_command(const SignatureCommand& command);
std::string format_command(const ManifestCommand& command);

/// Whether a file of that name may be made in a workspace: a basename of letters, digits and "._+-"
/// that begins with a letter, a digit or '_', at most 255 bytes. kPeer otherwise.
Result<> check_file_name(std::string_view name);

/// Text from a peer, safe to show on a terminal and not longer than kQuotedTextMax: control characters, and bytes that
/// are no UTF-8, are question marks.
std::string printable(std::string_view text);

}  // namespace stapsh
