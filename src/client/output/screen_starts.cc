// SPDX-License-Identifier: Apache-2.0
// Source of the sequences: ECMA-48 (CUP, HVP, ED) and console_codes(4) (RIS).
#include "client/output/screen_starts.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {
namespace {

struct Sequence {
  std::string_view bytes;
  bool starts;  // Else it only follows one that does.
};
constexpr Sequence kSequences[] = {
    {"\033[H", true}, {"\033[;H", true}, {"\033[1H", true},   {"\033[1;1H", true}, {"\033[0;0H", true},
    {"\033[f", true}, {"\033[;f", true}, {"\033[1;1f", true}, {"\033[2J", true},   {"\033[3J", true},
    {"\033c", true},  {"\033[J", false}, {"\033[0J", false},
};

struct Found {
  const Sequence* sequence = nullptr;
  bool unfinished = false;
};

Found sequence_at(std::string_view text) {
  Found found;
  for (const Sequence& sequence : kSequences) {
    if (text.starts_with(sequence.bytes)) return {&sequence, false};
    found.unfinished = found.unfinished || sequence.bytes.starts_with(text);
  }
  return found;
}

}  // namespace

void ScreenStarts::add(std::string_view bytes) {
  rest_ = bytes;
  if (waiting_.empty()) return;
  joined_ = std::exchange(waiting_, {}).append(bytes);
  rest_ = joined_;
}

std::optional<ScreenStarts::Piece> ScreenStarts::next() {
  for (std::size_t at = 0; at < rest_.size();) {
    const Found found = rest_[at] == kEscape ? sequence_at(rest_.substr(at)) : Found{};
    const bool wanted = found.sequence != nullptr && (found.sequence->starts || (at == 0 && started_));
    if (at > 0 && (wanted || found.unfinished)) return Piece{false, take(at)};
    if (found.unfinished) {
      waiting_ = rest_;
      break;
    }
    if (wanted) {
      rest_.remove_prefix(found.sequence->bytes.size());
      if (!std::exchange(started_, true)) return Piece{true, {}};
      continue;
    }
    at = std::min(rest_.find(kEscape, at + 1), rest_.size());
    if (at == rest_.size()) return Piece{false, take(at)};
  }
  rest_ = {};
  joined_ = std::string();
  return std::nullopt;
}

std::string_view ScreenStarts::take(std::size_t size) {
  started_ = false;
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

std::string ScreenStarts::finish() {
  started_ = false;
  return std::exchange(waiting_, {});
}

}  // namespace stapsh::client
