// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/given_answers.h"

#include <utility>

namespace stapsh::client {
namespace {

constexpr std::size_t kMaskedBytesMin = 4;
constexpr std::string_view kHiddenLine = "(not shown: it may quote what was typed)";
constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

// A shell that reads it leaves out the blanks around it.
std::string_view GivenAnswers::Given::text() const {
  const std::string_view all = line->text();
  const std::size_t begin = all.find_first_not_of(kBlanks);
  return begin == std::string_view::npos ? "" : all.substr(begin, all.find_last_not_of(kBlanks) + 1 - begin);
}

void GivenAnswers::add(TypedAnswer::Line line, std::string_view mask, std::string_view question) {
  given_.push_back({std::move(line), std::string(mask), "\n" + std::string(question) + "\n"});
}

std::string GivenAnswers::conceal(std::string_view text) const {
  std::string shown;
  while (true) {
    const std::size_t end = text.find('\n');
    shown += conceal_line(text.substr(0, end));
    if (end == std::string_view::npos) return shown;
    shown += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string GivenAnswers::conceal_line(std::string_view line) const {
  const std::string whole = "\n" + std::string(line) + "\n";
  std::vector<const Given*> possible;
  for (const Given& each : given_) {
    if (!each.text().empty() && each.question.find(whole) == std::string::npos) possible.push_back(&each);
  }
  std::string shown;
  while (!line.empty()) {
    const Given* found = nullptr;
    for (const Given* each : possible) {
      const bool is_longer = found == nullptr || each->text().size() > found->text().size();
      if (is_longer && line.starts_with(each->text())) found = each;
    }
    if (found == nullptr) {
      shown += line.front();
      line.remove_prefix(1);
      continue;
    }
    if (found->text().size() < kMaskedBytesMin) return std::string(kHiddenLine);
    shown += found->mask;
    line.remove_prefix(found->text().size());
  }
  return shown;
}

}  // namespace stapsh::client
