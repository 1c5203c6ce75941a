// SPDX-License-Identifier: Apache-2.0
#include "client/answers/program_maps.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "client/answers/program_text.h"

namespace stapsh::client {
namespace {

using Kind = ProgramWord::Kind;

constexpr std::array<std::pair<std::string_view, MapKind>, 8> kAggregations{{{"count", MapKind::kCount},
                                                                             {"sum", MapKind::kSum},
                                                                             {"min", MapKind::kMin},
                                                                             {"max", MapKind::kMax},
                                                                             {"avg", MapKind::kAvg},
                                                                             {"stats", MapKind::kStats},
                                                                             {"hist", MapKind::kHist},
                                                                             {"lhist", MapKind::kLhist}}};

// Who may be given a whole map and does not assign to it. Anything else could be a macro that does.
constexpr std::string_view kOnlyRead[] = {
    "print",  "clear",    "zero",        "delete",   "len",      "has_key",     "printf",    "errorf", "warnf",
    "debugf", "cat",      "system",      "time",     "strftime", "str",         "buf",       "kstr",   "ntop",
    "pton",   "macaddr",  "hist",        "lhist",    "tseries",  "count",       "sum",       "min",    "max",
    "avg",    "stats",    "kstack",      "ustack",   "ksym",     "usym",        "kaddr",     "uaddr",  "reg",
    "join",   "exit",     "signal",      "bswap",    "strncmp",  "strcontains", "strlen",    "path",   "kptr",
    "uptr",   "cgroupid", "cgroup_path", "override", "strerror", "nsecs",       "skboutput", "sizeof", "offsetof",
    "if",     "while",    "for",         "unroll",   "return",   "assert"};

class Reader {
 public:
  explicit Reader(std::string_view program) : words_(words_of(program)) { find_definitions(); }

  std::vector<ProgramMap> read();
  // After read().
  [[nodiscard]] bool makes(std::string_view map) const { return made_.contains(map); }
  // Where `avg` is assigned to a map and stats() can stand in its place.
  std::vector<std::string_view> averages();

 private:
  void find_definitions();
  void note_directive(std::string_view directive);
  void begin_macro(std::size_t at);
  void read_map(std::size_t at);
  void mark_all(std::string_view text);
  void use(std::string_view name, std::optional<MapKind> kind);
  void note_print(std::size_t at, ProgramMap& map);
  void note_forgetting(std::size_t at, std::size_t behind, ProgramMap& map);
  ProgramMap& map(std::string_view name);

  [[nodiscard]] bool is(std::size_t at, std::string_view sign) const {
    return at < words_.size() && words_[at].is(sign);
  }
  [[nodiscard]] bool is_name(std::size_t at, std::string_view name) const {
    return at < words_.size() && words_[at].kind == Kind::kName && words_[at].text == name;
  }
  [[nodiscard]] bool is_assigned(std::size_t behind) const;
  [[nodiscard]] MapKind assigned(std::size_t at) const;
  [[nodiscard]] bool is_changed(std::size_t at, std::size_t behind) const;
  [[nodiscard]] bool is_given_away(std::size_t at, std::size_t behind) const;
  [[nodiscard]] std::size_t behind_key(std::size_t at) const {
    return is(at + 1, "[") ? behind_bracket(words_, at + 1) : at + 1;
  }

  std::vector<ProgramWord> words_;
  std::set<std::string_view> redefined_;  // Aggregations that the program calls otherwise.
  bool imports_ = false;
  std::vector<std::size_t> calls_;         // Open brackets: their words.
  std::set<std::string_view> macro_maps_;  // Parameters of the macro that is being read: names of others.
  std::size_t macro_end_ = 0;

  std::vector<ProgramMap> maps_;
  std::set<std::string_view> made_;  // Some assignment was seen.
};

void Reader::find_definitions() {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i].kind == Kind::kDirective) note_directive(words_[i].text);
    if (is_name(i, "import") && i + 1 < words_.size() && words_[i + 1].kind == Kind::kText) imports_ = true;
    const bool defines = is_name(i, "macro") || is_name(i, "fn");
    if (defines && i + 1 < words_.size() && words_[i + 1].kind == Kind::kName && is(i + 2, "(")) {
      redefined_.insert(words_[i + 1].text);
    }
  }
}

void Reader::note_directive(std::string_view directive) {
  const std::vector<ProgramWord> words = words_of(directive.substr(1));
  if (words.size() < 2 || words[0].text != "define") return;
  redefined_.insert(words[1].text);
}

std::vector<ProgramMap> Reader::read() {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const ProgramWord& word = words_[i];
    if (i >= macro_end_) macro_maps_.clear();
    if (word.is("(") || word.is("[")) calls_.push_back(i);
    if ((word.is(")") || word.is("]")) && !calls_.empty()) calls_.pop_back();
    if (word.is("{") || word.is("}")) calls_.clear();
    if (is_name(i, "macro")) begin_macro(i);
    // What is hidden in a definition may stand anywhere.
    if (word.kind == Kind::kDirective) mark_all(word.text.substr(1));
    if (word.kind == Kind::kMap && !macro_maps_.contains(word.text)) read_map(i);
  }
  // Never assigned: it has no values, or gets them in a way that we don't know.
  for (ProgramMap& map : maps_) {
    if (!made_.contains(map.name)) map.kind = MapKind::kOther;
    map.forgets = map.forgets || imports_;
  }
  return std::move(maps_);
}

// macro NAME(@map, $variable) { … }: the map is the caller's, whatever it is called in there.
void Reader::begin_macro(std::size_t at) {
  if (at + 1 >= words_.size() || words_[at + 1].kind != Kind::kName || !is(at + 2, "(")) return;
  const std::size_t body = behind_bracket(words_, at + 2);
  if (!is(body, "{")) return;
  macro_end_ = behind_bracket(words_, body);
  for (std::size_t i = at + 2; i < body; ++i) {
    if (words_[i].kind == Kind::kMap) macro_maps_.insert(words_[i].text);
  }
}

void Reader::mark_all(std::string_view text) {
  for (const ProgramWord& word : words_of(text)) {
    if (word.kind == Kind::kMap) use(word.text, MapKind::kOther);
  }
}

void Reader::read_map(std::size_t at) {
  const std::size_t behind = behind_key(at);
  const bool is_let = at > 0 && is_name(at - 1, "let");  // let @a = percpuhash(100): where it is kept, not what.
  if (is_assigned(behind) && !is_let) {
    use(words_[at].text, assigned(behind + 1));
  } else if (!is_assigned(behind) && (is_changed(at, behind) || is_given_away(at, behind))) {
    use(words_[at].text, MapKind::kOther);
  } else {
    use(words_[at].text, std::nullopt);
  }
  if (!calls_.empty() && calls_.back() + 1 == at && at >= 2 && is_name(at - 2, "print") && behind == at + 1) {
    note_print(behind, map(words_[at].text));
  }
  note_forgetting(at, behind, map(words_[at].text));
}

bool Reader::is_assigned(std::size_t behind) const { return is(behind, "="); }

// What stands behind the "=", up to the end of the statement.
MapKind Reader::assigned(std::size_t at) const {
  if (at >= words_.size() || words_[at].kind != Kind::kName || !is(at + 1, "(")) return MapKind::kOther;
  const std::size_t end = behind_bracket(words_, at + 1);
  if (end < words_.size() && !is(end, ";") && !is(end, "}")) return MapKind::kOther;
  if (redefined_.contains(words_[at].text)) return MapKind::kOther;
  for (const auto& [name, kind] : kAggregations) {
    if (words_[at].text == name) return kind;
  }
  return MapKind::kOther;
}

bool Reader::is_changed(std::size_t at, std::size_t behind) const {
  if (at > 0 && (is(at - 1, "++") || is(at - 1, "--"))) return true;
  if (behind >= words_.size() || words_[behind].kind != Kind::kSign) return false;
  constexpr std::string_view kChanges[] = {"++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="};
  return std::find(std::begin(kChanges), std::end(kChanges), words_[behind].text) != std::end(kChanges);
}

// As a whole, to somebody who may be a macro.
bool Reader::is_given_away(std::size_t at, std::size_t behind) const {
  if (calls_.empty() || behind != at + 1 || at == 0) return false;
  const std::size_t open = calls_.back();
  if (!words_[open].is("(") || open == 0 || words_[open - 1].kind != Kind::kName) return false;
  if (!is(at - 1, "(") && !is(at - 1, ",")) return false;
  if (!is(behind, ")") && !is(behind, ",")) return false;
  const std::string_view callee = words_[open - 1].text;
  if (redefined_.contains(callee)) return true;
  return std::find(std::begin(kOnlyRead), std::end(kOnlyRead), callee) == std::end(kOnlyRead);
}

void Reader::use(std::string_view name, std::optional<MapKind> kind) {
  ProgramMap& used = map(name);
  if (!kind) return;
  const bool first = made_.insert(name).second;
  used.kind = first || used.kind == *kind ? *kind : MapKind::kOther;
}

// `at` is behind the map of "print(@map".
void Reader::note_print(std::size_t at, ProgramMap& map) {
  if (!is(at, ",")) return;
  const bool all = is_name(at + 1, "0") && (is(at + 2, ",") || is(at + 2, ")"));
  if (!all) map.printed_in_part = true;
  const std::size_t end = behind_bracket(words_, calls_.back());
  for (std::size_t i = at + 1; i < end; ++i) {
    if (is(i, ",")) map.printed_divided = true;
    if (is(i, "(") || is(i, "[")) i = behind_bracket(words_, i) - 1;
  }
}

void Reader::note_forgetting(std::size_t at, std::size_t behind, ProgramMap& map) {
  constexpr std::string_view kTaking[] = {"clear", "zero", "delete"};
  const auto is_taking = [&](std::string_view callee) {
    return std::find(std::begin(kTaking), std::end(kTaking), callee) != std::end(kTaking);
  };
  const std::size_t open = calls_.empty() ? 0 : calls_.back();
  const bool is_taken_from =
      open > 0 && words_[open].is("(") && words_[open - 1].kind == Kind::kName && is_taking(words_[open - 1].text);
  // let @a = lruhash(100): what was not used for long makes room for others.
  const bool makes_room = at > 0 && is_name(at - 1, "let") && is(behind, "=") && behind + 1 < words_.size() &&
                          words_[behind + 1].text.find("lru") != std::string_view::npos;
  if (is_taken_from || makes_room) map.forgets = true;
}

ProgramMap& Reader::map(std::string_view name) {
  const auto found = std::find_if(maps_.begin(), maps_.end(), [&](const ProgramMap& one) { return one.name == name; });
  if (found != maps_.end()) return *found;
  return maps_.emplace_back(ProgramMap{std::string(name), MapKind::kOther});
}

std::vector<std::string_view> Reader::averages() {
  std::vector<std::string_view> found;
  if (redefined_.contains("stats")) return found;  // It would be the program's own.
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i].kind != Kind::kMap) continue;
    const std::size_t behind = behind_key(i);
    if (is_assigned(behind) && assigned(behind + 1) == MapKind::kAvg) found.push_back(words_[behind + 1].text);
  }
  // In the order of the text: a key may hold an assignment as well, which is no program, but may be given as one.
  std::sort(found.begin(), found.end(), [](std::string_view a, std::string_view b) { return a.data() < b.data(); });
  return found;
}

}  // namespace

ProgramMaps::ProgramMaps(std::string_view program) {
  Reader reader(program);
  maps_ = reader.read();
  for (const ProgramMap& map : maps_) {
    if (reader.makes(map.name)) made_.push_back(map.name);
  }
}

std::vector<std::string> ProgramMaps::names() const {
  std::vector<std::string> names;
  names.reserve(maps_.size());
  for (const ProgramMap& map : maps_) names.push_back(map.name);
  return names;
}

const ProgramMap* ProgramMaps::find(std::string_view name) const {
  const auto found = std::find_if(maps_.begin(), maps_.end(), [&](const ProgramMap& map) { return map.name == name; });
  return found == maps_.end() ? nullptr : &*found;
}

MapKind ProgramMaps::kind(std::string_view name) const {
  const ProgramMap* map = find(name);
  return map == nullptr ? MapKind::kOther : map->kind;
}

std::string with_exact_avg(std::string_view program) {
  std::string text;
  std::size_t at = 0;
  for (const std::string_view average : Reader(program).averages()) {
    const auto begin = static_cast<std::size_t>(average.data() - program.data());
    text.append(program.substr(at, begin - at)).append("stats");
    at = begin + average.size();
  }
  return text.append(program.substr(at));
}

}  // namespace stapsh::client
