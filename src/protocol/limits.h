// SPDX-License-Identifier: Apache-2.0
// Every limit of both ends: its name, its default, its unit. The command lines of both programs offer
// each of them as --NAME; an error that a limit causes says that name. No default is below what
// systemtap's agent takes (32,000,000 bytes a file, 256 arguments, 4,096 bytes a line).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace stapsh {

struct Limits {
  std::uint64_t line_bytes_max = 65'536;
  std::uint64_t file_bytes_max = 64'000'000;
  std::uint64_t files_bytes_max = 256'000'000;
  std::uint64_t files_max = 64;
  std::uint64_t args_max = 1'024;
  std::uint64_t args_bytes_max = 1'000'000;
};

struct LimitEntry {
  std::string_view name;
  std::uint64_t Limits::*value;
  std::string_view meaning;
};

inline constexpr std::array kLimitTable{
    LimitEntry{"line-bytes-max", &Limits::line_bytes_max, "bytes of one protocol line"},
    LimitEntry{"file-bytes-max", &Limits::file_bytes_max, "bytes of one file"},
    LimitEntry{"files-bytes-max", &Limits::files_bytes_max, "bytes of all files of a session"},
    LimitEntry{"files-max", &Limits::files_max, "files of a session"},
    LimitEntry{"args-max", &Limits::args_max, "arguments of the runner"},
    LimitEntry{"args-bytes-max", &Limits::args_bytes_max, "bytes of all arguments of the runner"},
};

/// The longest line that every released agent takes, its newline not counted.
inline constexpr std::uint64_t kReleasedLineBytesMax = 4'094;

/// The most `run` arguments that every released agent takes.
inline constexpr std::uint64_t kReleasedArgsMax = 254;

/// What a client reads of text before the hello (a login shell's greeting) before it gives up.
inline constexpr std::uint64_t kNoiseBytesMax = 65'536;

/// The most bytes of a frame that a client believes. Agents make one of what their runner's pipe holds: 1 MiB at most,
/// where nobody changed pipe-max-size.
inline constexpr std::uint64_t kFrameBytesMax = 16'777'216;

/// One signature of ssh-keygen's: an RSA certificate of 16,384 bits has 10,000 bytes.
inline constexpr std::uint64_t kSignatureBytesMax = 16'384;
/// A manifest: three times the default of args-bytes-max, as quoting may make them, and some files.
inline constexpr std::uint64_t kManifestBytesMax = 4'000'000;

/// Text that a peer sent, as it appears in a message: longer texts are cut.
inline constexpr std::size_t kQuotedTextMax = 200;

}  // namespace stapsh
