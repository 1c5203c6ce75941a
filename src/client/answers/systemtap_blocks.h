// SPDX-License-Identifier: Apache-2.0
// Finds in what one host's systemtap prints the histograms of print(@hist_log(x)) and print(@hist_linear(x, …)), and
// the lines of our tapset. All else passes as it is, byte for byte, and at once: only what may be a part of these is
// held.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/answers/systemtap_rows.h"
#include "client/answers/tapset_prints.h"

namespace stapsh::client {

/// Where the text, the histograms and the tapset's prints of a host go, in their order.
class SystemtapTaker : public TapsetTaker {
 public:
  virtual void on_text(std::string_view bytes) = 0;
  /// `name`: the last line before it; "LINE (2)" of the second one behind the same line. Behind a line of the
  /// tapset it belongs to that.
  virtual void on_histogram(const std::string& name, const SystemtapHistogram& histogram) = 0;
};

class SystemtapBlocks {
 public:
  void on_bytes(std::string_view bytes, SystemtapTaker& taker);
  /// Nothing more comes.
  void on_end(SystemtapTaker& taker);

 private:
  void take_line(std::string_view line, SystemtapTaker& taker);
  void take_row(std::string_view line, SystemtapTaker& taker);
  void set_title(std::string_view line);
  void pass(std::string_view text, SystemtapTaker& taker);
  void release(SystemtapTaker& taker);
  [[nodiscard]] std::string name() const;

  std::string line_;  // That has no end yet, or, if it was passed on, its beginning, for the title.
  bool line_passed_ = false;
  std::string block_;  // Lines of what may become a histogram.
  std::vector<SystemtapRow> rows_;
  std::string title_;
  std::size_t behind_title_ = 0;  // Histograms.
  TapsetPrints tapset_;
};

}  // namespace stapsh::client
