// SPDX-License-Identifier: Apache-2.0
#include "client/answers/systemtap_blocks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "client/answers/tapset_line.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kTitleBytesMax = 200;
constexpr std::size_t kLineBytesMax = 4'096;  // Of a histogram or the tapset; HIST_WIDTH and MAXSTRINGLEN can be set.
constexpr std::size_t kRowsMax = 10'000;

}  // namespace

void SystemtapBlocks::on_bytes(std::string_view bytes, SystemtapTaker& taker) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line_passed_) {
      pass(piece, taker);
      line_.append(piece.substr(0, kTitleBytesMax - std::min(kTitleBytesMax, line_.size())));
    } else {
      line_.append(piece);
    }
    if (end != std::string_view::npos) {
      if (line_passed_) {
        pass("\n", taker);
        set_title(std::exchange(line_, {}));
        line_passed_ = false;
      } else {
        take_line(std::exchange(line_, {}), taker);
      }
    } else if (!line_passed_) {
      const bool may_be_ours = !block_.empty() || may_become_systemtap_header(line_) || may_become_tapset_line(line_);
      if (may_be_ours && line_.size() <= kLineBytesMax) continue;
      release(taker);
      pass(line_, taker);
      line_.resize(std::min(line_.size(), kTitleBytesMax));
      line_passed_ = true;
    }
  }
}

// A whole line, of which nothing was passed on.
void SystemtapBlocks::take_line(std::string_view line, SystemtapTaker& taker) {
  if (!block_.empty()) return take_row(line, taker);
  if (line.size() <= kLineBytesMax && is_systemtap_header(line)) {
    block_.assign(line).push_back('\n');
    return;
  }
  if (is_tapset_line(line) && line.size() <= kLineBytesMax) return tapset_.on_line(line, taker);
  pass(line, taker);
  pass("\n", taker);
  set_title(line);
}

void SystemtapBlocks::set_title(std::string_view line) {
  line = line.substr(0, kTitleBytesMax);
  // Blank lines stand between a title and what it is of.
  if (line.find_first_not_of(" \t") == std::string_view::npos) return;
  title_ = line;
  behind_title_ = 0;
}

void SystemtapBlocks::take_row(std::string_view line, SystemtapTaker& taker) {
  if (line.empty()) {
    const std::optional<SystemtapHistogram> histogram = read_systemtap_rows(rows_, tapset_.awaited());
    if (histogram) {
      if (tapset_.awaited()) {
        tapset_.on_histogram(histogram->histogram, taker);
      } else {
        ++behind_title_;
        taker.on_histogram(name(), *histogram);
      }
      block_.clear();
      rows_.clear();
      return;
    }
  } else if (const std::optional<SystemtapRow> row = parse_systemtap_row(line);
             row && rows_.size() < kRowsMax && line.size() <= kLineBytesMax) {
    rows_.push_back(*row);
    block_.append(line).push_back('\n');
    return;
  }
  release(taker);
  take_line(line, taker);
}

void SystemtapBlocks::on_end(SystemtapTaker& taker) {
  release(taker);
  if (!line_passed_) pass(line_, taker);
  line_.clear();
  line_passed_ = false;
  tapset_.on_end(taker);
}

void SystemtapBlocks::pass(std::string_view text, SystemtapTaker& taker) {
  if (text.empty()) return;
  tapset_.on_text(taker);
  taker.on_text(text);
}

// It was none.
void SystemtapBlocks::release(SystemtapTaker& taker) {
  pass(block_, taker);
  block_.clear();
  rows_.clear();
}

std::string SystemtapBlocks::name() const {
  const std::string title = title_.empty() ? "histogram" : title_;
  return behind_title_ == 1 ? title : title + " (" + std::to_string(behind_title_) + ")";
}

}  // namespace stapsh::client
