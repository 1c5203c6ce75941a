// SPDX-License-Identifier: Apache-2.0
// An answer as text: in the words of bpftrace, for all hosts at once. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/answers/answer.h"
#include "client/answers/unlike_hosts.h"

namespace stapsh::client {

/// `names` by target, safe to show (shown_names.h). All else is made so here. `top`: only so many keys, the largest.
std::vector<std::string> answer_lines(const Answer& answer, std::span<const std::string> names,
                                      std::optional<unsigned> top = std::nullopt);

/// The same, where unlike_hosts(answer) is known.
std::vector<std::string> answer_lines(const Answer& answer, std::span<const std::string> names,
                                      std::span<const UnlikeHost> unlike, std::optional<unsigned> top);

/// "sum of 38 of 40 hosts", "largest of 40 hosts".
std::string coverage_text(const Answer& answer);

/// Who is missing, and why: a line for each reason.
std::vector<std::string> missing_lines(const Answer& answer, std::span<const std::string> names);

/// Which hosts differ most from the others, and in what; none, if none stands out.
std::vector<std::string> unlike_lines(const Answer& answer, std::span<const std::string> names,
                                      std::span<const UnlikeHost> unlike);

/// A key in one line: a stack by its first frame. Empty, if the key is, or has no frames.
std::string key_text(const std::string& key);

}  // namespace stapsh::client
