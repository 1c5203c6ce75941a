// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_reader.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/parse_int.h"
#include "base/parse_seconds.h"
#include "base/shown_text.h"
#include "policy/policy_text.h"

namespace stapsh::policy {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::uint32_t kIdMax = 0xffff'fffe;  // The one above stands for nobody, and for every CID.
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 40;
constexpr std::uint64_t kSessionsMax = 65'536;
constexpr std::uint64_t kTasksMax = 4'194'304;   // The kernel's own.
constexpr std::uint64_t kMemoryMin = 1'000'000;  // With less, no program comes as far as main().
constexpr std::uint64_t kOutputMin = 1'000;      // With less, output would not get on within any grace time.

struct Word {
  std::string_view text;
  std::size_t column;  // From 1.
};

// Up to a `#` that begins a word.
std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos && line[begin] != '#';) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back({line.substr(begin, end - begin), begin + 1});
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

// A line, as far as it has been read.
struct Draft {
  Statement statement;
  Bounds bounds;
  std::vector<std::string_view> keys;  // That it has.

  [[nodiscard]] bool has(std::string_view key) const { return std::ranges::find(keys, key) != keys.end(); }
};

// Each of a list with commas.
template <typename T, typename Parse>
Result<> add_each(std::vector<T>& values, std::string_view list, Parse parse) {
  while (true) {
    const std::size_t end = list.find(',');
    values.push_back(TRY(parse(list.substr(0, end))));
    if (end == std::string_view::npos) return {};
    list.remove_prefix(end + 1);
  }
}

Result<std::uint32_t> parse_id(std::string_view text) { return parse_int<std::uint32_t>(text, 0, kIdMax); }

Result<std::string> parse_name(std::string_view text) {
  if (is_peer_name(text)) return std::string(text);
  return fail(Errc::kUsage, "'" + shown_text(text, 40) + "' is no name: letters, digits and ._- are, at most 64");
}

Result<RunnerKind> parse_runner(std::string_view text) {
  for (const RunnerEntry& entry : kRunnerTable) {
    if (entry.program == text) return entry.kind;
  }
  return fail(Errc::kUsage, "'" + shown_text(text, 40) + "' is no runner; say staprun, stapbpf, stapdyn or bpftrace");
}

Result<std::string> parse_digest_file(std::string_view text) {
  if (text.starts_with("@/")) return std::string(text.substr(1));
  return fail(Errc::kUsage, "say @FILE, an absolute path of what sha256sum printed");
}

Result<std::string> parse_principal(std::string_view text) {
  if (is_principal(text)) return std::string(text);
  return fail(Errc::kUsage,
              "'" + shown_text(text, 40) + "' is no principal: letters, digits and ._-@+ are, at most 64");
}

// As clients call it: a word of any letters.
Result<std::string> parse_target(std::string_view text) {
  if (!text.empty()) return std::string(text);
  return fail(Errc::kUsage, "say what clients call this machine");
}

template <std::optional<Duration> Bounds::*kBound>
Result<> set_seconds(Draft& draft, std::string_view value) {
  draft.bounds.*kBound = TRY(parse_seconds(value));
  return {};
}

template <std::optional<std::uint64_t> Bounds::*kBound, std::uint64_t kMax, std::uint64_t kMin = 1>
Result<> set_count(Draft& draft, std::string_view value) {
  draft.bounds.*kBound = TRY(parse_int<std::uint64_t>(value, kMin, kMax));
  return {};
}

enum class Verb { kAllow, kDeny, kLimit };
struct VerbEntry {
  Verb verb;
  std::string_view name;
};
constexpr std::array kVerbs{VerbEntry{Verb::kAllow, "allow"}, VerbEntry{Verb::kDeny, "deny"},
                            VerbEntry{Verb::kLimit, "limit"}};

struct KeyEntry {
  std::string_view name;
  bool allow, deny, limit;  // Which statements take it.
  Result<> (*set)(Draft& draft, std::string_view value);

  [[nodiscard]] bool is_for(Verb verb) const {
    return verb == Verb::kAllow ? allow : verb == Verb::kDeny ? deny : limit;
  }
};

constexpr std::array kKeys{
    KeyEntry{"uid", true, true, true,
             [](Draft& d, std::string_view value) { return add_each(d.statement.who.uids, value, parse_id); }},
    KeyEntry{"cid", true, true, true,
             [](Draft& d, std::string_view value) { return add_each(d.statement.who.cids, value, parse_id); }},
    KeyEntry{"as", true, true, true,
             [](Draft& d, std::string_view value) { return add_each(d.statement.who.names, value, parse_name); }},
    KeyEntry{"runner", true, true, false,
             [](Draft& d, std::string_view value) { return add_each(d.statement.runners, value, parse_runner); }},
    KeyEntry{"sha256", true, false, false,
             [](Draft& d, std::string_view value) -> Result<> {
               d.statement.digest_file = TRY(parse_digest_file(value));
               return {};
             }},
    KeyEntry{"signed", true, false, false,
             [](Draft& d, std::string_view value) { return add_each(d.statement.signers, value, parse_principal); }},
    KeyEntry{"operator", true, false, false,
             [](Draft& d, std::string_view value) { return add_each(d.statement.operators, value, parse_principal); }},
    KeyEntry{"target", true, false, false,
             [](Draft& d, std::string_view value) { return add_each(d.statement.targets, value, parse_target); }},
    KeyEntry{"args", true, false, false,
             [](Draft& d, std::string_view value) -> Result<> {
               if (value != "safe" && value != "any") return fail(Errc::kUsage, "say safe or any");
               d.statement.only_safe = value == "safe";
               return {};
             }},
    KeyEntry{"command", true, false, false,
             [](Draft& d, std::string_view value) -> Result<> {
               if (value != "yes") return fail(Errc::kUsage, "say yes, or leave it out");
               d.statement.with_command = true;
               return {};
             }},
    KeyEntry{"user", true, false, false,
             [](Draft& d, std::string_view value) -> Result<> {
               d.statement.run_as.user = TRY(parse_user(value));
               return {};
             }},
    KeyEntry{"caps", true, false, false,
             [](Draft& d, std::string_view value) -> Result<> {
               std::vector<Capabilities> each;
               TRY(add_each(each, value, capability_of_name));
               for (const Capabilities one : each) d.statement.run_as.capabilities |= one;
               return {};
             }},
    KeyEntry{"run", false, false, true, set_seconds<&Bounds::run>},
    KeyEntry{"stop", false, false, true, set_seconds<&Bounds::stop>},
    KeyEntry{"grace", false, false, true, set_seconds<&Bounds::grace>},
    KeyEntry{"idle", false, false, true, set_seconds<&Bounds::idle>},
    KeyEntry{"workspace", false, false, true, set_count<&Bounds::workspace, kBytesMax>},
    KeyEntry{"output", false, false, true, set_count<&Bounds::output, kBytesMax, kOutputMin>},
    KeyEntry{"tasks", false, false, true, set_count<&Bounds::tasks, kTasksMax>},
    KeyEntry{"memory", false, false, true, set_count<&Bounds::memory, kBytesMax, kMemoryMin>},
    KeyEntry{"sessions", false, false, true, set_count<&Bounds::sessions, kSessionsMax>},
    KeyEntry{"per-peer", false, false, true, set_count<&Bounds::per_peer, kSessionsMax>},
};

std::string keys_of(Verb verb) {
  std::string text;
  for (const KeyEntry& key : kKeys) {
    if (key.is_for(verb)) text += (text.empty() ? "" : " ") + std::string(key.name) + "=";
  }
  return text;
}

Result<> read_key(Draft& draft, const VerbEntry& verb, unsigned line, const Word& word) {
  const std::size_t equals = word.text.find('=');
  const std::string_view name = word.text.substr(0, equals);
  const KeyEntry* const key = std::ranges::find(kKeys, name, &KeyEntry::name);
  if (equals == std::string_view::npos || key == kKeys.end() || !key->is_for(verb.verb)) {
    return fail_at(line, word.column,
                   "'" + shown_text(word.text, 40) + "' is unknown here; " + std::string(verb.name) + " takes " +
                       keys_of(verb.verb));
  }
  if (draft.has(name)) {
    return fail_at(line, word.column, std::string(name) + "= twice; give several values with commas between them");
  }
  draft.keys.push_back(name);
  const Result<> set = key->set(draft, word.text.substr(equals + 1));
  if (!set) return fail_at(line, word.column + equals + 1, std::string(name) + "=: " + set.error().what);
  return {};
}

// What is right word by word, and yet would not mean what it seems to.
std::string contradiction(const Draft& draft, Verb verb) {
  const Statement& statement = draft.statement;
  if (!statement.digest_file.empty() && !statement.only_safe) {
    return "sha256= needs args=safe: by other arguments a run names another program (-e, a path)";
  }
  if (!statement.signers.empty() && !statement.only_safe) {
    return "signed= needs args=safe: by other arguments a run names another program (-e, a path)";
  }
  if (!statement.targets.empty() && statement.operators.empty()) {
    return "target= needs operator=: only a run that is signed says what it is for";
  }
  if (statement.with_command && !statement.only_safe) {
    return "command=yes needs args=safe: without it every argument is allowed, -c too";
  }
  if (draft.has("caps") && !draft.has("user"))
    return "caps= needs user=: without it a runner has all that the agent has";
  if (std::string why = why_no_run_as(statement.run_as, statement.runners); !why.empty()) return why;
  const std::size_t about = (statement.who.uids.empty() ? 0U : 1U) + (statement.who.cids.empty() ? 0U : 1U) +
                            (statement.who.names.empty() ? 0U : 1U);
  if (about > 1) return "of uid=, cid= and as= nobody has two; write a line for each";
  if (verb != Verb::kLimit) return {};
  if (draft.keys.size() == about) return "limit needs something to limit: " + keys_of(Verb::kLimit);
  const bool of_listener = draft.bounds.sessions || draft.bounds.per_peer;
  if (of_listener && about > 0) return "sessions= and per-peer= hold for everybody; give them a line of their own";
  return {};
}

// `log auth`, `log auth required`.
Result<> read_log(Policy& policy, unsigned line, const std::vector<Word>& words) {
  if (policy.logging != Logging::kNone) return fail_at(line, words[0].column, "log twice; one line says it all");
  const bool required = words.size() == 3 && words[2].text == "required";
  if (words.size() < 2 || words[1].text != "auth" || (words.size() > 2 && !required)) {
    return fail_at(line, words[0].column, "say log auth, or log auth required");
  }
  policy.logging = required ? Logging::kRequired : Logging::kAuth;
  return {};
}

Result<> read_line(Policy& policy, const Line& line, const std::vector<Word>& words) {
  if (words[0].text == "log") return read_log(policy, line.number, words);
  const VerbEntry* const verb = std::ranges::find(kVerbs, words[0].text, &VerbEntry::name);
  if (verb == kVerbs.end()) {
    return fail_at(line.number, words[0].column,
                   "'" + shown_text(words[0].text, 40) + "' is no statement; say allow, deny, limit or log");
  }
  Draft draft;
  for (std::size_t i = 1; i < words.size(); ++i) TRY(read_key(draft, *verb, line.number, words[i]));
  if (const std::string why = contradiction(draft, verb->verb); !why.empty()) {
    return fail_at(line.number, words[0].column, why);
  }
  if (verb->verb == Verb::kLimit) {
    policy.limits.push_back({line.number, std::move(draft.statement.who), draft.bounds});
    return {};
  }
  Statement& statement = draft.statement;
  statement.line = line.number;
  statement.allows = verb->verb == Verb::kAllow;
  for (const Word& word : words) statement.text += (statement.text.empty() ? "" : " ") + std::string(word.text);
  if (!statement.digest_file.empty()) policy.digests[statement.digest_file];
  policy.statements.push_back(std::move(statement));
  return {};
}

}  // namespace

Result<Policy> parse_policy(std::string_view text) {
  Policy policy;
  for (const Line& line : TRY(whole_lines(text))) {
    const std::vector<Word> words = words_of(line.text);
    if (!words.empty()) TRY(read_line(policy, line, words));
  }
  return policy;
}

}  // namespace stapsh::policy
