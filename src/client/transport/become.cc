// SPDX-License-Identifier: Apache-2.0
#include "client/transport/become.h"

#include <algorithm>

#include "client/transport/ssh.h"

namespace stapsh::client {
namespace {

// $2 is the user, $1 and $3 are halves of sudo's prompt or empty: no question. What follows is what sudo starts, or
// `agent PATH`. -k: the password holds for this one command. Between single quotes as the stage is
// (bootstrap_stage.sh). Whoever shows our command on standard error must not seem to be sudo, which asks: a forced
// command that refuses it, a shell that traces (bash as sh too, where the environment has SHELLOPTS), ssh's LogLevel.
// So the prompt is whole behind `set +xv` alone, and its halves don't touch even where the blanks get lost. Not sudo's
// -p: then all that PAM asks would have this one prompt (passprompt_override), a code as well. The halves in the other
// order are the mark that the last command before sudo says: what comes before it nobody asks (SudoStart).
constexpr std::string_view kScript =
    "set +xv; u=$2; p=$1$3; m=$3$1; shift 3; "
    "command -v sudo > /dev/null || { echo \"sudo: there is none on the target\" >&2; exit 1; }; "
    "if test \"$1\" = agent; then s=$2; "
    "if test -z \"$s\"; then for s in \"`command -v stapsh`\" /usr/lib/systemtap/stapsh /usr/libexec/systemtap/stapsh "
    "/usr/local/bin/stapsh /usr/bin/stapsh; do test -x \"$s\" && break; done; "
    "test -x \"$s\" || { echo \"stapsh: not found\" >&2; exit 127; }; fi; "
    "if test -z \"$p\"; then set -- \"$s\"; else "
    "case `\"$s\" --help 2> /dev/null < /dev/null` in *--say-started*) set -- \"$s\" --say-started ;; "
    "*) set -- /bin/sh -c \"printf \\\"\\nstapsh-stage found %s\\n\\\" \\\"\\$0\\\"; exec \\\"\\$0\\\"\" \"$s\" ;; "
    "esac; "
    "fi; fi; "
    "if test -n \"$p\"; then SUDO_PROMPT=$p; export SUDO_PROMPT; echo \"$m\" >&2; exec sudo -k -S -u \"$u\" -- \"$@\"; "
    "fi; "
    "exec sudo -n -u \"$u\" -- \"$@\"";

constexpr std::size_t kQuestionBytesMax = 2'048;  // A list to choose from, and what ssh said before.

// All of `kept` but what may be the beginning of `mark`; that stays in it.
std::string take_settled(std::string& kept, std::string_view mark) {
  std::size_t begun = std::min(mark.size(), kept.size());
  while (begun > 0 && !kept.ends_with(mark.substr(0, begun))) --begun;
  std::string settled = kept.substr(0, kept.size() - begun);
  kept.erase(0, settled.size());
  return settled;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

std::string become_command(const ReachOptions& options, std::string_view words) {
  const std::string_view prompt = options.become_prompt;
  const std::size_t half = prompt.size() / 2;
  return "exec /bin/sh -c '" + std::string(kScript) + "' sh " + single_quoted(prompt.substr(0, half)) + " " +
         single_quoted(*options.become) + " " + single_quoted(prompt.substr(half)) + " " + std::string(words);
}

std::string agent_words(const std::optional<std::string>& program) {
  return "agent " + single_quoted(program.value_or(std::string()));
}

std::string sudo_reason(std::string_view errors, bool asks) {
  std::string_view reason;
  while (!errors.empty()) {
    std::string_view line = errors.substr(0, errors.find('\n'));
    errors.remove_prefix(std::min(line.size() + 1, errors.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);  // As ssh ends its own.
    if (!line.empty() && !line.starts_with("This incident ")) reason = line;
  }
  std::string text(reason);
  if (!asks && (has(reason, "password is required") || has(reason, "authentication is required"))) {
    text += "; give --ask-become-pass, or let sudo need none there (NOPASSWD)";
  } else if (has(reason, "must have a tty")) {
    text += "; rstap has no terminal there: take requiretty from this user in its sudoers";
  }
  return text;
}

SudoStart::SudoStart(std::string_view prompt)
    : mark_(std::string(prompt.substr(prompt.size() / 2)).append(prompt.substr(0, prompt.size() / 2)) + '\n') {}

std::string SudoStart::on_bytes(std::string_view& bytes) {
  if (found_) return {};
  kept_ += bytes;
  bytes = {};
  const std::size_t at = kept_.find(mark_);
  if (at == std::string::npos) return take_settled(kept_, mark_);
  found_ = true;
  std::string before = kept_.substr(0, at);
  kept_.erase(0, at + mark_.size());
  bytes = kept_;
  return before;
}

std::string PromptWatch::on_bytes(std::string_view bytes) {
  kept_ += bytes;
  std::string rest;
  for (std::size_t at = kept_.find(prompt_); at != std::string::npos; at = kept_.find(prompt_)) {
    ++count_;
    rest.append(kept_, 0, at);
    kept_.erase(0, at + prompt_.size());
  }
  return rest + take_settled(kept_, prompt_);
}

void QuestionWatch::on_bytes(std::string_view bytes) {
  said_ += bytes;
  if (said_.size() > kQuestionBytesMax) said_.erase(0, said_.size() - kQuestionBytesMax);
}

std::string QuestionWatch::question() const {
  const std::size_t line = said_.rfind('\n') + 1;  // 0 without one.
  if (said_.find_first_not_of(" \t\r", line) == std::string::npos) return {};
  return said_.substr(said_.find_first_not_of("\r\n"));
}

}  // namespace stapsh::client
