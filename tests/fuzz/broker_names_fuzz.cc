// SPDX-License-Identifier: Apache-2.0
// Any text may come as a question or an answer of who is there, as a selector, a label or a subject. What is taken for
// one means the same when it is written and read again; and no name makes a subject that is another session's, or a
// pattern.
#include <algorithm>

#include "broker/selector.h"
#include "broker/subjects.h"
#include "broker/who.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::broker;

namespace {

void check_same(const Selector& selector, const Selector& again) {
  static const Labels kHosts[] = {
      {}, {{"role", "db"}}, {{"role", "web"}, {"dc", "fra"}}, {{"role", ""}}, {{"a", "b"}, {"a", "c"}}};
  STAPSH_ASSERT(selector.text() == again.text());
  for (const Labels& labels : kHosts) STAPSH_ASSERT(selector.matches(labels) == again.matches(labels));
}

void check_selector(std::string_view text) {
  const Result<Selector> selector = Selector::parse(text);
  if (!selector) {
    STAPSH_ASSERT(selector.error().code == Errc::kUsage);
    return;
  }
  const Result<Selector> again = Selector::parse(selector->text());
  STAPSH_ASSERT(again.has_value());
  check_same(*selector, *again);
}

void check_question(std::string_view text) {
  const Result<WhoQuestion> question = parse_who_question(text);
  if (!question) {
    STAPSH_ASSERT(question.error().code == Errc::kPeer);
    return;
  }
  STAPSH_ASSERT(question->spread_ms <= kSpreadMsMax);
  const std::string written = format_who(*question);
  const Result<WhoQuestion> again = parse_who_question(written);
  // What it is written with may make it too long.
  STAPSH_ASSERT(again.has_value() || written.size() > kWhoBytesMax);
  if (!again) return;
  STAPSH_ASSERT(again->spread_ms == question->spread_ms);
  check_same(question->selector, again->selector);
}

void check_answer(std::string_view text) {
  const Result<WhoAnswer> answer = parse_who_answer(text);
  if (!answer) {
    STAPSH_ASSERT(answer.error().code == Errc::kPeer);
    return;
  }
  STAPSH_ASSERT(is_host(answer->host));
  const std::string written = format_who(*answer);
  const Result<WhoAnswer> again = parse_who_answer(written);
  STAPSH_ASSERT(again.has_value() || written.size() > kWhoBytesMax);
  if (again) STAPSH_ASSERT(*again == *answer);
}

void check_label(std::string_view text) {
  const auto label = parse_label(text);
  if (label) STAPSH_ASSERT(label->first + "=" + label->second == text);
}

// One subject for one session.
void check_subject(std::string_view text) {
  const Subjects subjects("fra");
  const auto down = subjects.session_of_down(text);
  const auto up = subjects.session_of_up(text);
  STAPSH_ASSERT(!down || !up);
  if (down) STAPSH_ASSERT(subjects.down(*down) == text);
  if (up) STAPSH_ASSERT(subjects.up(*up) == text);
}

// HOST CLIENT RUN, as a person or a broker may have given them.
void check_names(std::string_view text) {
  SessionName name;
  for (std::string* part : {&name.host, &name.client, &name.run}) {
    const std::string_view word = text.substr(0, text.find(' '));
    *part = word;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  if (!is_host(name.host) || !is_name(name.client) || !is_name(name.run)) return;
  const Subjects subjects("fra");
  const std::string down = subjects.down(name), up = subjects.up(name);
  for (const std::string& subject : {down, up}) STAPSH_ASSERT(subject.find_first_of("*> \t\r\n") == std::string::npos);
  STAPSH_ASSERT(subjects.session_of_down(down) == name);
  STAPSH_ASSERT(subjects.session_of_up(up) == name);
  const std::string all_down = subjects.all_down(name.host), all_up = subjects.all_up(name.client, name.run);
  STAPSH_ASSERT(down.starts_with(all_down.substr(0, all_down.size() - 1)));
  STAPSH_ASSERT(up.starts_with(all_up.substr(0, all_up.size() - 1)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  for (const auto check : {check_selector, check_question, check_answer, check_label, check_subject, check_names}) {
    check(text);
  }
  return 0;
}
