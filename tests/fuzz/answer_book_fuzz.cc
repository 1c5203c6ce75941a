// SPDX-License-Identifier: Apache-2.0
// Three hosts, whatever they say and whenever they end. A line of the input is an operation: its first letter says
// which, the rest is what a host prints. Answers keep the rules that views rely on, and last values come once, at the
// end.
#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "client/answers/answer_book.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::client;

namespace {

constexpr std::size_t kTargets = 3;
constexpr std::string_view kProgram =
    "k:f { @c[comm] = count(); @h = hist(1); @s = stats(1); @a = avg(1); @m[1] = min(1); @o = 1; print(@c, 3); }";

class Rules {
 public:
  void check(const Answer& answer) {
    STAPSH_ASSERT(answer.targets == kTargets);
    STAPSH_ASSERT(answer.sums.size() == answer.keys.size());
    STAPSH_ASSERT(!answer.hosts.empty());
    std::set<KeyIndex> used;
    for (std::size_t i = 0; i < answer.hosts.size(); ++i) {
      const HostValues& host = answer.hosts[i];
      STAPSH_ASSERT(host.target() < kTargets);
      STAPSH_ASSERT(i == 0 || answer.hosts[i - 1].target() < host.target());
      for (std::size_t at = 0; at < host.size(); ++at) {
        STAPSH_ASSERT(host.keys()[at] < answer.keys.size());
        STAPSH_ASSERT(at == 0 || host.keys()[at - 1] < host.keys()[at]);
        STAPSH_ASSERT(host.find(host.keys()[at]) == host.value(at));
        used.insert(host.keys()[at]);
      }
    }
    STAPSH_ASSERT(used.size() == answer.keys.size());
    if (answer.ordinal) {
      STAPSH_ASSERT(!finished_);
      STAPSH_ASSERT(given_.insert(answer.map + std::to_string(*answer.ordinal)).second);
    } else {
      finished_ = true;
      STAPSH_ASSERT(last_.insert(answer.map).second);
    }
  }

 private:
  bool finished_ = false;
  std::set<std::string> given_, last_;
};

void drain(AnswerBook& book, Rules& rules) {
  while (const std::optional<AnswerItem> item = book.next()) {
    if (const auto* answer = std::get_if<Answer>(&*item)) rules.check(*answer);
    if (const auto* text = std::get_if<AnswerText>(&*item)) STAPSH_ASSERT(!text->bytes.empty());
    if (const auto* notice = std::get_if<AnswerNotice>(&*item)) STAPSH_ASSERT(!notice->text.empty());
  }
}

void perform(AnswerBook& book, std::string_view line, WallTime& now) {
  const auto letter = static_cast<unsigned char>(line.front());
  const std::size_t target = letter % kTargets;
  const std::string_view rest = line.substr(1);
  switch (letter / kTargets % 8) {
    case 0:
      return book.on_ended(target, rest.substr(0, 10), now);
    case 1:
      now += std::chrono::milliseconds(250);
      return book.on_time(now);
    case 2:
      return book.on_started(target, now);
    case 3:
      if (rest == "stop") return book.on_stop(now);
      if (rest == "end") return book.on_run_ended(now);
      if (rest == "loose") return book.match_keys_loosely();
      return book.on_output(target, rest, now);  // Without its end.
    default:
      book.on_output(target, rest, now);
      return book.on_output(target, "\n", now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text = fuzz::as_text(data + 1, size - 1);
  AnswerOptions options;
  options.line_bytes_max = 2'000;
  options.keys_per_map_max = 20;
  options.keys_max = 40;
  options.unknown_maps_max = 3;
  options.rounds_max = 3;
  std::optional<AnswerBook> book;
  if (data[0] % 2 == 0) {
    book.emplace(ProgramMaps(kProgram), kTargets, options);
  } else {
    book.emplace(AnswerBook::Systemtap{}, kTargets, options);
  }
  Rules rules;
  WallTime now = std::chrono::seconds(1);
  while (!text.empty()) {
    const std::string_view line = fuzz::take_line(text);
    if (!line.empty()) perform(*book, line, now);
    drain(*book, rules);
    // All that is due was given out.
    const std::optional<WallTime> deadline = book->next_deadline();
    STAPSH_ASSERT(!deadline || *deadline > now);
  }
  book->on_run_ended(now);
  drain(*book, rules);
  STAPSH_ASSERT(!book->next_deadline());
  return 0;
}
