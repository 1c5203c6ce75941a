// SPDX-License-Identifier: Apache-2.0
// Any text is a policy or an error with its place. What is a policy answers any run, and what args=safe allows of it
// has nothing that is not in the table: words from the second paragraph on are the runner's.
#include <vector>

#include "fuzz_target.h"
#include "policy/argument_table.h"
#include "policy/digest_list.h"
#include "policy/policy_decision.h"
#include "policy/policy_reader.h"
#include "policy/safe_arguments.h"

using namespace stapsh;

namespace {

const std::vector<std::string> kFiles{"a.bt", "a.ko", "a.bo", "a.so"};

void check_words(RunnerKind runner, const std::vector<std::string>& args) {
  if (!policy::why_not_safe(runner, args, kFiles, false).empty()) return;
  std::size_t programs = 0;
  for (const std::string& word : args) {
    // A value that looks like an option would be one to a runner that counts otherwise.
    if (word.starts_with('-')) {
      STAPSH_ASSERT(word.size() > 1 && word != "--");
      const bool is_long = word.starts_with("--");
      const policy::ArgumentEntry* const entry = is_long
                                                     ? policy::find_argument(runner, std::string_view(word).substr(2))
                                                     : policy::find_argument(runner, word[1]);
      STAPSH_ASSERT(entry != nullptr);
      STAPSH_ASSERT(entry->danger.empty());
    }
    if (word.starts_with("./")) ++programs;
    STAPSH_ASSERT(!word.starts_with('/'));
  }
  STAPSH_ASSERT(programs >= 1);
  STAPSH_ASSERT(policy::why_not_safe(runner, args, kFiles, true).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  if (const Result<policy::Digests> digests = policy::parse_digest_list(text)) {
    for (const std::string& digest : *digests) STAPSH_ASSERT(digest.size() == 64);
  }
  const std::size_t end = text.find("\n\n");
  std::string_view rest = end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
  std::vector<std::string> args;
  while (!rest.empty()) args.emplace_back(fuzz::take_line(rest));
  for (const RunnerEntry& runner : kRunnerTable) check_words(runner.kind, args);

  const Result<policy::Policy> policy =
      policy::parse_policy(text.substr(0, end == std::string_view::npos ? end : end + 1));
  if (!policy) {
    STAPSH_ASSERT(policy.error().what.starts_with("line "));
    return 0;
  }
  for (const policy::Peer& peer : {policy::Peer{0, {}, ""}, policy::Peer{{}, 2, ""}, policy::Peer{{}, {}, "oncall"}}) {
    (void)policy->bounds_for(peer);
    for (const RunnerEntry& runner : kRunnerTable) {
      const policy::RunRequest request{runner.kind, args, {{"a.bt", std::string(64, 'a')}}};
      const policy::Decision decision = policy::decide(*policy, peer, request);
      STAPSH_ASSERT(!decision.reason.empty());
      if (!decision.allowed) continue;
      STAPSH_ASSERT(decision.line > 0);
      // With less known, less is refused.
      STAPSH_ASSERT(policy::decide(*policy, peer, {runner.kind, {}, {{"a.bt", ""}}}).allowed);
    }
  }
  return 0;
}
