// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/question.h"

#include <limits>

#include "base/parse_int.h"
#include "base/shown_text.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kTextBytesMax = 8'192;

// What is before the next NUL; `packet` loses it.
std::string_view take_field(std::string_view& packet) {
  const std::size_t end = packet.find('\0');
  const std::string_view field = packet.substr(0, end);
  packet.remove_prefix(end == std::string_view::npos ? packet.size() : end + 1);
  return field;
}

bool asks_for_host_key(std::string_view text) { return text.starts_with("The authenticity of host '"); }

// What a server asks begins with "(user@host) ", since OpenSSH 8.5.
bool is_of_server(std::string_view text) { return text.starts_with('('); }

}  // namespace

std::string format_question(const Question& question) {
  std::string packet = std::to_string(question.asker);
  packet += '\0';
  packet += question.target;
  packet += '\0';
  return packet.append(question.text, 0, kTextBytesMax);
}

std::optional<Question> parse_question(std::string_view packet) {
  const Result<int> asker = parse_int(take_field(packet), 1, std::numeric_limits<int>::max());
  if (!asker) return std::nullopt;
  Question question;
  question.asker = *asker;
  question.target = take_field(packet);
  question.text = packet;
  return question;
}

bool is_shown(std::string_view text) {
  return asks_for_host_key(text) || text.starts_with("Please type 'yes', 'no'") ||
         (!is_of_server(text) && text.ends_with(kYesOrNo));
}

bool may_share(std::string_view text, std::string_view answer) {
  // Whatever else is typed there, ssh asks again, and does not say about whom.
  if (asks_for_host_key(text)) return answer == "yes" || answer == "no";
  // The second is ssh-keygen's, when it signs: rstap starts it for one key alone. What a server worded has
  // "(user@host) " in front.
  return text.starts_with("Enter passphrase for ") || text == "Enter passphrase: ";
}

std::string shown_question(const Question& question) {
  const std::string label = "rstap: " + shown_text(question.target) + ": ";
  std::string_view rest = question.text;
  std::string shown;
  while (true) {
    const std::size_t end = rest.find('\n');
    shown += label + shown_text(rest.substr(0, end));
    if (end == std::string_view::npos) return shown;
    shown += '\n';
    rest.remove_prefix(end + 1);
  }
}

}  // namespace stapsh::client
