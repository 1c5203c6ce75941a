// SPDX-License-Identifier: Apache-2.0
#include "protocol/command.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/parse_int.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "protocol/quoted.h"
#include "protocol/session_id.h"
#include "protocol/words.h"

namespace stapsh {
namespace {

Command parse_option(const std::vector<std::string_view>& words) {
  if (words.size() != 2) return BadCommand{"option: needs one word, its name"};
  const std::size_t equals = words[1].find('=');
  if (equals == std::string_view::npos) return OptionCommand{std::string(words[1]), std::nullopt};
  return OptionCommand{std::string(words[1].substr(0, equals)), std::string(words[1].substr(equals + 1))};
}

// A size that can't be trusted ends the session: what follows would be read as commands.
std::optional<BadCommand> check_size(std::string_view what, const Result<std::uint64_t>& size, std::uint64_t max,
                                     std::string_view limit_name) {
  if (!size) return BadCommand{std::string(what) + ": size " + printable(size.error().what), true};
  if (*size > max) {
    return BadCommand{std::string(what) + ": " + std::to_string(*size) + " bytes, over " + std::string(limit_name) +
                          " (" + std::to_string(max) + "); start stapsh with a higher --" + std::string(limit_name),
                      true};
  }
  return std::nullopt;
}

Command parse_file(const std::vector<std::string_view>& words, const Limits& limits) {
  if (words.size() < 2) return BadCommand{"file: needs a size and a name", true};
  const auto size = parse_int<std::uint64_t>(words[1], 0, UINT64_MAX);
  const std::string what = words.size() > 2 ? "file " + printable(words[2]) : "file";
  if (auto bad = check_size(what, size, limits.file_bytes_max, "file-bytes-max")) return *std::move(bad);
  // With another count of words the size still stands: the DATA is consumed, the name refused.
  if (words.size() == 4 && is_sha256_hex(words[3])) {
    return FileCommand{*size, std::string(words[2]), std::string(words[3])};
  }
  return FileCommand{*size, words.size() == 3 ? std::string(words[2]) : std::string()};
}

Command parse_have(const std::vector<std::string_view>& words) {
  if (words.size() != 3 || !is_sha256_hex(words[1])) return BadCommand{"have: needs a SHA256 and a name"};
  return HaveCommand{std::string(words[1]), std::string(words[2])};
}

Command parse_arg(const std::vector<std::string_view>& words, const Limits& limits) {
  if (words.size() != 2) return BadCommand{"arg: needs one word, its size", true};
  const auto size = parse_int<std::uint64_t>(words[1], 0, UINT64_MAX);
  if (auto bad = check_size("arg", size, limits.args_bytes_max, "args-bytes-max")) return *std::move(bad);
  return ArgCommand{*size};
}

// A SIZE of what has a fixed limit; the session ends where it can't be trusted, as above.
std::optional<BadCommand> check_fixed_size(std::string_view what, const Result<std::uint64_t>& size,
                                           std::uint64_t max) {
  if (!size) return BadCommand{std::string(what) + ": size " + printable(size.error().what), true};
  if (*size <= max) return std::nullopt;
  return BadCommand{std::string(what) + ": " + std::to_string(*size) + " bytes; it has at most " + std::to_string(max),
                    true};
}

Command parse_signature(const std::vector<std::string_view>& words) {
  if (words.size() < 2) return BadCommand{"signature: needs a size and a name", true};
  const auto size = parse_int<std::uint64_t>(words[1], 0, UINT64_MAX);
  if (auto bad = check_fixed_size("signature", size, kSignatureBytesMax)) return *std::move(bad);
  return SignatureCommand{*size, words.size() == 3 ? std::string(words[2]) : std::string()};
}

Command parse_manifest_command(const std::vector<std::string_view>& words) {
  if (words.size() != 2) return BadCommand{"manifest: needs one word, its size", true};
  const auto size = parse_int<std::uint64_t>(words[1], 0, UINT64_MAX);
  if (auto bad = check_fixed_size("manifest", size, kManifestBytesMax)) return *std::move(bad);
  return ManifestCommand{*size};
}

Result<std::vector<std::string>> unquote_all(std::span<const std::string_view> words) {
  std::vector<std::string> args;
  for (const std::string_view word : words) args.push_back(TRY(unquote(word)));
  return args;
}

Command parse_run(std::span<const std::string_view> words) {
  Result<std::vector<std::string>> args = unquote_all(words.subspan(1));
  if (!args) return BadCommand{"run: " + printable(args.error().what)};
  return RunCommand{*std::move(args)};
}

// NAME:DIGEST
std::optional<CheckCommand::File> parse_checked_file(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !check_file_name(text.substr(0, colon))) return std::nullopt;
  const std::string_view digest = text.substr(colon + 1);
  if (!is_sha256_hex(digest)) return std::nullopt;
  return CheckCommand::File{std::string(text.substr(0, colon)), std::string(digest)};
}

Command parse_check(std::span<const std::string_view> words) {
  CheckCommand check;
  std::string_view files = words.size() > 1 ? words[1] : std::string_view();
  while (true) {
    const std::size_t comma = files.find(',');
    std::optional<CheckCommand::File> file = parse_checked_file(files.substr(0, comma));
    if (!file) return BadCommand{"check: needs its files, each as NAME:SHA256, with commas between them"};
    check.files.push_back(*std::move(file));
    if (comma == std::string_view::npos) break;
    files.remove_prefix(comma + 1);
  }
  Result<std::vector<std::string>> args = unquote_all(words.subspan(2));
  if (!args) return BadCommand{"check: " + printable(args.error().what)};
  check.args = *std::move(args);
  return check;
}

std::string quoted_words(const std::vector<std::string>& args) {
  std::string words;
  for (const std::string& arg : args) words += " " + quote(arg);
  return words;
}

Command parse_signal(const std::vector<std::string_view>& words) {
  if (words.size() != 2) return BadCommand{"signal: needs one word, its number"};
  const Result<int> signo = parse_int(words[1], 1, 64);
  if (!signo) return BadCommand{"signal: " + printable(signo.error().what)};
  return SignalCommand{*signo};
}

Command parse_sweep(const std::vector<std::string_view>& words) {
  if (words.size() == 1) return SweepCommand{};
  if (words.size() == 2 && is_session_id(words[1])) return SweepCommand{std::string(words[1])};
  return BadCommand{"sweep: takes at most one word, a session's id of ten letters or digits"};
}

}  // namespace

Command parse_command(std::string_view line, const Limits& limits) {
  const std::vector<std::string_view> words = split_words(line);
  if (words.empty()) return BadCommand{"empty line"};
  const std::string_view name = words[0];
  if (name == "stap") {
    // Released agents look at none of its words.
    return HelloCommand{words.size() > 1 ? std::string(words[1]) : std::string()};
  }
  if (name == "option") return parse_option(words);
  if (name == "file") return parse_file(words, limits);
  if (name == "have") return parse_have(words);
  if (name == "arg") return parse_arg(words, limits);
  if (name == "run") return parse_run(words);
  if (name == "signal") return parse_signal(words);
  if (name == "quit" && words.size() == 1) return QuitCommand{};
  if (name == "ping" && words.size() == 1) return PingCommand{};
  if (name == "sweep") return parse_sweep(words);
  if (name == "check") return parse_check(words);
  if (name == "signature") return parse_signature(words);
  if (name == "manifest") return parse_manifest_command(words);
  return BadCommand{.reason = "unknown command: " + printable(line), .is_unknown = true};
}

std::string format_command(const HelloCommand& command) {
  return "stap" + (command.version.empty() ? "" : " " + command.version) + "\n";
}

std::string format_command(const OptionCommand& command) {
  return "option " + command.name + (command.value ? "=" + *command.value : std::string()) + "\n";
}

std::string format_command(const FileCommand& command) {
  return "file " + std::to_string(command.size) + " " + command.name +
         (command.digest.empty() ? "" : " " + command.digest) + "\n";
}

std::string format_command(const HaveCommand& command) { return "have " + command.digest + " " + command.name + "\n"; }

std::string format_command(const ArgCommand& command) { return "arg " + std::to_string(command.size) + "\n"; }

std::string format_command(const RunCommand& command) { return "run" + quoted_words(command.args) + "\n"; }

std::string format_command(const SignalCommand& command) { return "signal " + std::to_string(command.signo) + "\n"; }

std::string format_command(const QuitCommand&) { return "quit\n"; }

std::string format_command(const PingCommand&) { return "ping\n"; }

std::string format_command(const SweepCommand& command) {
  return "sweep" + (command.session.empty() ? "" : " " + command.session) + "\n";
}

std::string format_command(const CheckCommand& command) {
  std::string line = "check ";
  for (const CheckCommand::File& file : command.files) {
    line += (&file == &command.files.front() ? "" : ",") + file.name + ":" + file.digest;
  }
  return line + quoted_words(command.args) + "\n";
}

std::string format_command(const SignatureCommand& command) {
  return "signature " + std::to_string(command.size) + " " + command.name + "\n";
}

std::string format_command(const ManifestCommand& command) { return "manifest " + std::to_string(command.size) + "\n"; }

Result<> check_file_name(std::string_view name) {
  static constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  static constexpr std::string_view kOther = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
  if (name.empty()) return fail(Errc::kPeer, "file: needs a size and a name");
  if (name.size() > 255) return fail(Errc::kPeer, "file: name of " + std::to_string(name.size()) + " bytes, over 255");
  if (kFirst.find(name[0]) == std::string_view::npos || name.find_first_not_of(kOther) != std::string_view::npos) {
    return fail(Errc::kPeer, "file: bad name '" + printable(name) +
                                 "': a plain file name of letters, digits and ._+- is needed, without a folder");
  }
  return {};
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    const bool shown = character.kind == Utf8Character::Kind::kWhole && !is_control(character.code);
    const std::size_t size = shown ? character.bytes : 1;
    if (out.size() + size > kQuotedTextMax) return out + "...";
    shown ? out.append(text, 0, size) : out.append(1, '?');
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace stapsh
