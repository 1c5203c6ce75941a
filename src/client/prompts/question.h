// SPDX-License-Identifier: Apache-2.0
// What ssh asks a person, as it says it to an SSH_ASKPASS program: one text, of which the beginning tells what it is
// about. Pure. Source: OpenSSH's ssh(1), "SSH_ASKPASS", and the texts of 8.4 to 10.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stapsh::client {

struct Question {
  std::string target;  ///< For whom: its name.
  std::string text;    ///< Lines, and the beginning of one that the answer ends.
  int asker = 0;       ///< The pid of the ssh: who asks twice was not content with the answer.

  bool operator==(const Question&) const = default;
};

/// One packet, and back; none: it is no question.
std::string format_question(const Question& question);
std::optional<Question> parse_question(std::string_view packet);

/// Behind a question that ssh wants nothing but an agreement to (SSH_ASKPASS_PROMPT=confirm).
inline constexpr std::string_view kYesOrNo = " (yes/no) ";

/// Whether what is typed may be seen: a yes or no. All else may be a secret.
bool is_shown(std::string_view text);

/// Whether whoever asks the very same may have the same answer: the pass phrase of a key, whether a host is known by a
/// key. Never a password: two machines behind one address (ports of a tunnel) are asked for in the same words. Never
/// what a server worded, which may be good once (a token), and never a question that does not say about whom it is
/// ("Please type 'yes', 'no' or the fingerprint").
bool may_share(std::string_view text, std::string_view answer);

/// As a person sees it: each line behind "rstap: TARGET: ", without control characters.
std::string shown_question(const Question& question);

}  // namespace stapsh::client
