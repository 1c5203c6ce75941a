// SPDX-License-Identifier: Apache-2.0
#include "transcript.h"

#include <optional>

#include "base/parse_int.h"
#include "session/effect_text.h"

namespace stapsh::transcripts {
namespace {

// "<DATA 5 bytes…>" alone is filler, with text behind it that text.
Result<std::string> parse_payload(std::string_view text) {
  static constexpr std::string_view kData = "<DATA ";
  if (!text.starts_with(kData)) return unescape(text);
  const std::string_view rest = text.substr(kData.size());
  const auto size = TRY(parse_int<std::size_t>(rest.substr(0, rest.find(' ')), 0, 64'000'000));
  const std::size_t close = text.find('>');
  if (close == std::string_view::npos) return fail(Errc::kUsage, "<DATA without its >");
  if (close + 2 >= text.size()) return filler(size);
  std::string body = unescape(text.substr(close + 2));
  if (body.size() != size) return fail(Errc::kUsage, "a body of another size than it says");
  return body;
}

// What stands behind "[  12.3 ms] " or the blanks of a continuation.
std::string_view without_time(std::string_view line) {
  const std::size_t begin = line.starts_with('[') ? line.find(']') + 1 : 0;
  return line.substr(std::min(line.find_first_not_of(' ', begin), line.size()));
}

Result<> parse_event(std::string_view entry, Transcript& transcript) {
  Connection& connection = transcript.connections.back();
  if (entry.starts_with("Q: exit ")) {
    connection.exit_code = TRY(parse_int(entry.substr(8), 0, 255));
    return {};
  }
  const bool speaks = entry.size() > 2 && (entry[1] == '>' || entry[1] == '|') && entry[2] == ' ';
  if (!speaks || entry[0] == 'E') return {};
  Event event{entry[0] == 'C' ? Event::Who::kClient : Event::Who::kAgent, {}, entry.substr(3) == "<EOF>"};
  if (!event.end) event.bytes = TRY(parse_payload(entry.substr(3)));
  connection.events.push_back(std::move(event));
  return {};
}

}  // namespace

std::string filler(std::size_t size) {
  static constexpr std::string_view kHarm = "quit\nfile 9 x\nsignal 9\n\r\n";
  std::string bytes;
  while (bytes.size() < size) bytes += kHarm.substr(0, size - bytes.size());
  return bytes;
}

Result<Transcript> parse_transcript(std::string_view text) {
  Transcript transcript;
  std::string_view section;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("-- ")) {
      section = line.substr(3);
      if (section.starts_with("connection ")) transcript.connections.emplace_back();
    } else if (section == "stap stdout") {
      transcript.stap_stdout.push_back(unescape(without_time(line)));
      if (transcript.stap_stdout.back().ends_with('\n')) transcript.stap_stdout.back().pop_back();
    } else if (section != "stap stderr" && (line.starts_with('[') || line.starts_with(' '))) {
      if (transcript.connections.empty()) transcript.connections.emplace_back();
      const Result<> parsed = parse_event(without_time(line), transcript);
      if (!parsed) return add_context("line " + std::to_string(number), parsed.error());
    }
  }
  if (transcript.connections.empty()) return fail(Errc::kUsage, "no session in it");
  return transcript;
}

}  // namespace stapsh::transcripts
