// SPDX-License-Identifier: Apache-2.0
#include "protocol/agent_line.h"

#include <algorithm>
#include <vector>

#include "base/parse_int.h"
#include "protocol/wall_time.h"
#include "protocol/words.h"

namespace stapsh {
namespace {

AgentLine parse_data(const std::vector<std::string_view>& words) {
  if (words.size() != 3 && words.size() != 4) return UnknownLine{};
  DataLine data;
  if (words[1] == "stderr") {
    data.stream = Stream::kStderr;
  } else if (words[1] != "stdout") {
    return UnknownLine{};
  }
  const auto size = parse_int<std::uint64_t>(words[2], 0, UINT64_MAX);
  if (!size) return UnknownLine{};
  data.size = *size;
  if (words.size() == 4) {
    data.time = parse_wall_time(words[3]);
    if (!data.time) return UnknownLine{};
  }
  return data;
}

AgentLine parse_exit(const std::vector<std::string_view>& words) {
  if (words.size() != 2 && words.size() != 4) return UnknownLine{};
  const Result<int> code = parse_int(words[1], 0, 255);
  if (!code) return UnknownLine{};
  if (words.size() == 2) return ExitLine{*code, std::nullopt};
  const Result<int> signal = parse_int(words[3], 1, kSignalMax);
  if (words[2] != "signal" || !signal || *code != kSignalCodeBase + *signal) return UnknownLine{};
  return ExitLine{*code, *signal};
}

// "removed=N left=M"
AgentLine parse_swept(const std::vector<std::string_view>& words) {
  static constexpr std::string_view kRemoved = "removed=";
  static constexpr std::string_view kLeft = "left=";
  if (words.size() != 3 || !words[1].starts_with(kRemoved) || !words[2].starts_with(kLeft)) return UnknownLine{};
  const auto removed = parse_int<std::uint64_t>(words[1].substr(kRemoved.size()), 0, UINT64_MAX);
  const auto left = parse_int<std::uint64_t>(words[2].substr(kLeft.size()), 0, UINT64_MAX);
  if (!removed || !left) return UnknownLine{};
  return SweptLine{*removed, *left};
}

// `OK NAME=VALUE`
AgentLine parse_granted(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == 0 || equals == std::string_view::npos) return UnknownLine{};
  return OkLine{std::string(word)};
}

// `working NAME` or `working NAME LEFT TOTAL`
AgentLine parse_working(const std::vector<std::string_view>& words) {
  if (words.size() != 2 && words.size() != 4) return UnknownLine{};
  WorkingLine line{std::string(words[1]), std::nullopt};
  if (words.size() == 2) return line;
  const auto left = parse_int<std::uint64_t>(words[2], 0, UINT64_MAX);
  const auto total = parse_int<std::uint64_t>(words[3], 0, UINT64_MAX);
  if (!left || !total || *left > *total) return UnknownLine{};
  line.probes = {*left, *total};
  return line;
}

// The text behind `word`; none if the line begins otherwise, or has no text.
std::optional<std::string> text_behind(std::string_view word, std::string_view line) {
  if (!line.starts_with(word) || line.size() == word.size()) return std::nullopt;
  return std::string(line.substr(word.size()));
}

// Free text may quote anything.
std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string as_one_word(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }, '?');
  return text;
}

}  // namespace

AgentLine parse_agent_line(std::string_view line) {
  // Debug text, errors and reasons are free text; all else is words.
  static constexpr std::string_view kDebug = "stapsh:";
  if (line.starts_with(kDebug)) return DebugLine{std::string(line.substr(kDebug.size()))};
  static constexpr std::string_view kError = "ERROR:";
  if (line.starts_with(kError)) {
    std::string_view text = line.substr(kError.size());
    if (text.starts_with(' ')) text.remove_prefix(1);
    return ErrorLine{std::string(text)};
  }
  if (std::optional<std::string> text = text_behind("stopped ", line)) return StoppedLine{*std::move(text)};
  if (std::optional<std::string> text = text_behind("killed ", line)) return KilledLine{*std::move(text)};
  const std::vector<std::string_view> words = split_words(line);
  if (words.empty()) return UnknownLine{};
  if (words[0] == "data") return parse_data(words);
  if (words[0] == "exit") return parse_exit(words);
  if (words[0] == "stapsh" && words.size() == 4) {
    return HelloLine{std::string(words[1]), std::string(words[2]), std::string(words[3])};
  }
  if (words[0] == "left" && words.size() > 2 && words[1] == kUnknownKind) {
    return LeftLine{std::string(kUnknownKind),
                    std::string(line.substr(static_cast<std::size_t>(words[2].data() - line.data())))};
  }
  if (words[0] == "left" && words.size() == 3) return LeftLine{std::string(words[1]), std::string(words[2])};
  if (words[0] == "working") return parse_working(words);
  if (words[0] == "OK" && words.size() == 2) return parse_granted(words[1]);
  if (words[0] == "OK" && words.size() > 2) return parse_swept(words);
  if (words.size() != 1) return UnknownLine{};
  if (words[0] == "clean") return CleanLine{};
  if (words[0] == "OK") return OkLine{};
  if (words[0] == "quit") return QuitLine{};
  if (words[0] == "ping") return PingLine{};
  return UnknownLine{};
}

std::string_view stream_name(Stream stream) { return stream == Stream::kStdout ? "stdout" : "stderr"; }

std::string_view agent_hello_at_end(std::string_view line) {
  static constexpr std::string_view kWord = "stapsh ";
  const std::size_t at = line.rfind(kWord);
  if (at == std::string_view::npos) return {};
  const std::string_view hello = line.substr(at);
  const bool numbered = hello.size() > kWord.size() && hello[kWord.size()] >= '0' && hello[kWord.size()] <= '9';
  return numbered && std::holds_alternative<HelloLine>(parse_agent_line(hello)) ? hello : std::string_view();
}

std::string format_agent_line(const HelloLine& line) {
  return "stapsh " + line.version + " " + line.machine + " " + line.release + "\n";
}

std::string format_agent_line(const OkLine& line) {
  return line.granted.empty() ? "OK\n" : "OK " + line.granted + "\n";
}

std::string format_agent_line(const ErrorLine& line) { return "ERROR: " + on_one_line(line.text) + "\n"; }

std::string format_agent_line(const DataLine& line) {
  std::string text = "data ";
  text += stream_name(line.stream);
  text += ' ';
  text += std::to_string(line.size);
  if (line.time) text += ' ' + format_wall_time(*line.time);
  text += '\n';
  return text;
}

std::string format_agent_line(const ExitLine& line) {
  std::string text = "exit " + std::to_string(line.code);
  if (line.signal) text += " signal " + std::to_string(*line.signal);
  return text + "\n";
}

std::string format_agent_line(const QuitLine&) { return "quit\n"; }

std::string format_agent_line(const PingLine&) { return "ping\n"; }

std::string format_agent_line(const LeftLine& line) {
  if (line.kind == kUnknownKind) return "left unknown " + on_one_line(line.name) + "\n";
  return "left " + line.kind + " " + as_one_word(line.name) + "\n";  // A path of $TMPDIR may have blanks.
}

std::string format_agent_line(const CleanLine&) { return "clean\n"; }

std::string format_agent_line(const SweptLine& line) {
  return "OK removed=" + std::to_string(line.removed) + " left=" + std::to_string(line.left) + "\n";
}

std::string format_agent_line(const StoppedLine& line) { return "stopped " + on_one_line(line.reason) + "\n"; }

std::string format_agent_line(const WorkingLine& line) {
  std::string text = "working " + as_one_word(line.name);
  if (line.probes) text += " " + std::to_string(line.probes->left) + " " + std::to_string(line.probes->total);
  return text + "\n";
}

std::string format_agent_line(const KilledLine& line) { return "killed " + on_one_line(line.reason) + "\n"; }

std::string format_agent_line(const DebugLine& line) { return "stapsh: " + on_one_line(line.text) + "\n"; }

}  // namespace stapsh
