// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/probe_needs.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "client/answers/program_text.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kByKprobes[] = {"kprobe", "k", "kretprobe", "kr"};
constexpr std::string_view kByTypes[] = {"kfunc", "kretfunc", "fentry", "fexit", "f", "fr", "iter", "it"};
constexpr std::string_view kSystemtapKprobes[] = {"kernel.function(", "kernel.statement(", "kprobe.function(",
                                                  "kprobe.statement(", "module("};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&words)[N]) {
  return std::ranges::find(words, word) != std::ranges::end(words);
}

// How much of `rest` says nothing: a comment, or a text in quotes; 0 if it begins with neither.
std::size_t silent(std::string_view rest) {
  const auto until = [&](std::string_view end, std::size_t from) {
    const std::size_t at = rest.find(end, from);
    return at == std::string_view::npos ? rest.size() : at + end.size();
  };
  if (rest.starts_with('#') || rest.starts_with("//")) return until("\n", 1);
  if (rest.starts_with("/*")) return until("*/", 2);
  if (!rest.starts_with('"')) return 0;
  std::size_t at = 1;
  while (at < rest.size() && rest[at] != '"') at += rest[at] == '\\' ? 2 : 1;
  return std::min(at + 1, rest.size());
}

}  // namespace

ProbeNeeds needs_of_bpftrace(std::string_view program) {
  ProbeNeeds needs;
  const std::vector<ProgramWord> words = words_of(program);
  int depth = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].is("{")) ++depth;
    if (words[i].is("}")) --depth;
    const ProgramWord& next = words[i + 1];
    if (depth != 0 || words[i].kind != ProgramWord::Kind::kName || !next.text.starts_with(':')) continue;
    needs.kprobes = needs.kprobes || is_one_of(words[i].text, kByKprobes);
    needs.btf = needs.btf || is_one_of(words[i].text, kByTypes);
  }
  return needs;
}

ProbeNeeds needs_of_systemtap(std::string_view script) {
  bool in_word = false;
  for (std::size_t at = 0; at < script.size();) {
    const std::string_view rest = script.substr(at);
    if (const std::size_t skip = silent(rest); skip > 0) {
      in_word = false;
      at += skip;
      continue;
    }
    const auto begins = [&](std::string_view probe) { return rest.starts_with(probe); };
    if (!in_word && std::ranges::any_of(kSystemtapKprobes, begins)) return {true, false};
    const char c = rest.front();
    in_word =
        c == '_' || c == '.' || c == '@' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    ++at;
  }
  return {};
}

}  // namespace stapsh::client
