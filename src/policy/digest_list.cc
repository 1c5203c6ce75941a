// SPDX-License-Identifier: Apache-2.0
#include "policy/digest_list.h"

#include <string>

#include "base/sha256.h"
#include "policy/policy_text.h"

namespace stapsh::policy {
namespace {

Result<std::string> digest_of_line(const Line& line) {
  std::string_view text = line.text;
  const std::size_t escaped = text.starts_with('\\') ? 1 : 0;
  text.remove_prefix(escaped);
  std::size_t digits = text.find_first_not_of("0123456789abcdefABCDEF");
  if (digits == std::string_view::npos) digits = text.size();
  if (digits != kSha256Digits) {
    return fail_at(line.number, escaped + std::min(digits, kSha256Digits) + 1,
                   "a line of sha256sum begins with 64 hexadecimal digits");
  }
  const std::string_view behind = text.substr(digits);
  if (behind.size() < 3 || behind[0] != ' ' || (behind[1] != ' ' && behind[1] != '*')) {
    return fail_at(line.number, escaped + digits + 1,
                   "behind the digits stand two blanks, or a blank and '*', and a name");
  }
  std::string digest(text.substr(0, digits));
  for (char& c : digest) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return digest;
}

}  // namespace

Result<Digests> parse_digest_list(std::string_view text) {
  Digests digests;
  for (const Line& line : TRY(whole_lines(text))) {
    if (line.text.empty() || line.text.starts_with('#')) continue;
    digests.insert(TRY(digest_of_line(line)));
  }
  return digests;
}

}  // namespace stapsh::policy
