// SPDX-License-Identifier: Apache-2.0
#include "client/answers/asked_prints.h"

#include <vector>

#include "client/answers/program_maps.h"
#include "client/answers/program_text.h"

namespace stapsh::client {
namespace {

using Kind = ProgramWord::Kind;

// Whether all that it makes is there whatever becomes of it, and it runs on with no more than it has.
bool can_be_extended(const std::vector<ProgramWord>& words) {
  int depth = 0;
  bool runs_on = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const ProgramWord& word = words[i];
    if (word.is("(") || word.is("[") || word.is("{")) ++depth;
    if (word.is(")") || word.is("]") || word.is("}")) --depth;
    if (depth < 0) return false;
    // A map in a branch or a macro that is not compiled does not exist, and to print it is an error.
    if (word.kind == Kind::kName && (word.text == "comptime" || word.text == "macro")) return false;
    if (word.kind == Kind::kDirective && word.text.find('@') != std::string_view::npos) return false;
    const bool is_probe = depth == 0 && word.kind == Kind::kName && i + 1 < words.size() &&
                          words[i + 1].kind == Kind::kSign && words[i + 1].text.starts_with(':');
    if (is_probe && word.text == "self") return false;
    // With BEGIN and END alone, which have no colon, 0.24 and later end by themselves.
    runs_on = runs_on || is_probe;
  }
  return depth == 0 && runs_on;
}

}  // namespace

std::optional<std::string> with_asked_prints(std::string_view program) {
  const std::vector<std::string> maps = ProgramMaps(program).made();
  const std::optional<std::vector<ProgramWord>> words = closed_words_of(program);
  if (maps.empty() || !words || !can_be_extended(*words)) return std::nullopt;
  std::string text(program);
  if (!text.ends_with('\n')) text += '\n';
  text += "self:signal:SIGUSR1 {";
  for (const std::string& map : maps) text += " print(" + map + ");";
  return text += " }\n";
}

}  // namespace stapsh::client
