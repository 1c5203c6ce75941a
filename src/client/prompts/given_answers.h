// SPDX-License-Identifier: Apache-2.0
// What was typed for one target, kept out of what is said there: whoever got it may quote it, in a message or in the
// next question. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/prompts/typed_answer.h"

namespace stapsh::client {

class GivenAnswers {
 public:
  /// `mask` stands for it where it is quoted, as "(the password)". `question`: lines that were said before it was
  /// typed, so what they have in common with it is chance.
  void add(TypedAnswer::Line line, std::string_view mask, std::string_view question);
  [[nodiscard]] bool empty() const { return given_.empty(); }

  /// `text`, lines, without them. A short one, a PIN, may stand in any line by chance, and a mask there would tell it:
  /// all of that line is left out.
  [[nodiscard]] std::string conceal(std::string_view text) const;

 private:
  struct Given {
    TypedAnswer::Line line;
    std::string mask;
    std::string question;  // Each of its lines between two ends.
    [[nodiscard]] std::string_view text() const;
  };

  [[nodiscard]] std::string conceal_line(std::string_view line) const;

  std::vector<Given> given_;
};

}  // namespace stapsh::client
