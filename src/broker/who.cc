// SPDX-License-Identifier: Apache-2.0
#include "broker/who.h"

#include <algorithm>
#include <functional>

#include "base/parse_int.h"
#include "base/shown_text.h"
#include "broker/subjects.h"

namespace stapsh::broker {
namespace {

// `take` has each line's first word and the rest of the line.
Result<> for_each_line(std::string_view text, const std::function<Result<>(std::string_view, std::string_view)>& take) {
  if (text.size() > kWhoBytesMax) return fail(Errc::kPeer, "it is too long");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    const std::size_t blank = std::min(line.find(' '), line.size());
    TRY(take(line.substr(0, blank), line.substr(std::min(line.size(), blank + 1))));
  }
  return {};
}

Result<> as_peers(const Error& error) { return fail(Errc::kPeer, error.what); }

// machine and release are shown to people, and a line each.
bool is_shown_as_it_is(std::string_view text) { return shown_text(text) == text && text.size() <= 256; }

}  // namespace

std::string format_who(const WhoQuestion& question) {
  std::string text = "who 1\nspread " + std::to_string(question.spread_ms) + "\n";
  const std::string selector = question.selector.text();
  return selector.empty() ? text : text + "select " + selector + "\n";
}

std::string format_who(const WhoAnswer& answer) {
  std::string text = "host " + answer.host + "\nmachine " + answer.machine + "\nrelease " + answer.release + "\n";
  for (const auto& [name, value] : answer.labels) text.append("label ").append(name).append("=").append(value) += '\n';
  return text;
}

Result<WhoQuestion> parse_who_question(std::string_view text) {
  WhoQuestion question;
  if (!text.starts_with("who 1\n")) return fail(Errc::kPeer, "it is no question of who is there");
  TRY(for_each_line(text, [&](std::string_view word, std::string_view rest) -> Result<> {
    if (word == "spread") {
      const Result<std::uint32_t> spread = parse_int<std::uint32_t>(rest, 0, kSpreadMsMax);
      if (!spread) return as_peers(spread.error());
      question.spread_ms = *spread;
    } else if (word == "select") {
      Result<Selector> selector = Selector::parse(rest);
      if (!selector) return as_peers(selector.error());
      question.selector = *std::move(selector);
    }
    return {};
  }));
  return question;
}

Result<WhoAnswer> parse_who_answer(std::string_view text) {
  WhoAnswer answer;
  TRY(for_each_line(text, [&](std::string_view word, std::string_view rest) -> Result<> {
    if (word == "host") {
      answer.host = rest;
    } else if (word == "machine" || word == "release") {
      if (!is_shown_as_it_is(rest)) return fail(Errc::kPeer, "a " + std::string(word) + " that is none");
      (word == "machine" ? answer.machine : answer.release) = rest;
    } else if (word == "label") {
      Result<std::pair<std::string, std::string>> label = parse_label(rest);
      if (!label) return as_peers(label.error());
      answer.labels.push_back(*std::move(label));
    }
    return {};
  }));
  if (!is_host(answer.host)) return fail(Errc::kPeer, "an answer without a host");
  return answer;
}

}  // namespace stapsh::broker
