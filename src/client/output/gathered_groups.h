// SPDX-License-Identifier: Apache-2.0
// Which targets said the same, in which order they are shown, and what stands above what they said. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/events/event.h"
#include "client/output/shared_texts.h"

namespace stapsh::client {

struct GatheredGroup {
  SharedTexts::Place text;
  std::vector<std::size_t> targets;  ///< In their order.
  int code = 0;                      ///< The lowest exit code among them.
  bool operator==(const GatheredGroup&) const = default;
};

/// Of a target without an exit code: it failed, or has not ended.
inline constexpr int kBehindAllCodes = 256;
/// What a target counts as when groups are put in order: its exit code, or kBehindAllCodes.
int order_code(const Outcome& outcome);

/// Collects targets that said the same.
class GroupCollector {
 public:
  /// In the order of the targets.
  void add(std::size_t target, const SharedTexts::Place& text, int code);
  /// As clush -b orders them: by exit code, then the larger first, then by the first target. (clush shows what is equal
  /// once for each exit code; here it stands once, by the lowest.)
  [[nodiscard]] std::vector<GatheredGroup> groups() const;

 private:
  std::map<SharedTexts::Place, GatheredGroup> groups_;
};

/// Looks for lines that a person sees as dashes alone, so that no text can hold what looks like a header: a rule is
/// longer than any of them. What is not seen (colours, characters of no width), blanks and specks, and what may look
/// like a dash don't tell such a line apart. Nor do controls, and what is before one: a terminal that is sent them may
/// write over it, or begin a line.
class RuleFinder {
 public:
  /// `added_dashes`: so many may be put before a line when it is shown, as diff does.
  explicit RuleFinder(std::size_t added_dashes = 0) : added_dashes_(added_dashes) {}

  /// The next bytes of a text, or of several, one after the other, each with a newline at its end.
  void add(std::string_view bytes);
  /// At least clush's 15 dashes. Where that would take thousands, it has a number that nobody can foresee instead.
  [[nodiscard]] std::string rule() const;

 private:
  void take(std::string_view seen);
  bool may_be_dash(std::string_view seen);
  void end_line();

  std::size_t added_dashes_;
  std::size_t longest_ = 0;
  std::size_t dashes_ = 0;
  bool only_dashes_ = true;  // In this line, so far.
  char32_t other_ = 0;       // That this line has for a dash; 0: none but known ones.
  enum class Escape { kNone, kBegun, kNumbers } escape_ = Escape::kNone;
  std::string unfinished_;  // A character, or a colour, that the last bytes ended in.
};

/// "web[01-38,40] (39)", or a name alone.
std::string group_title(const GatheredGroup& group, const std::vector<std::string>& names);
/// Three lines: the title between two rules.
std::string group_header(std::string_view rule, std::string_view title);

}  // namespace stapsh::client
