// SPDX-License-Identifier: Apache-2.0
// What is quoted comes back; what can be unquoted has a spelling that means the same.
#include <algorithm>

#include "fuzz_target.h"
#include "protocol/quoted.h"

using namespace stapsh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const std::string word = quote(text);
  STAPSH_ASSERT(std::all_of(word.begin(), word.end(), [](char c) { return c >= 33 && c <= 126; }));
  const Result<std::string> back = unquote(word);
  const bool has_nul = text.find('\0') != std::string_view::npos;
  STAPSH_ASSERT(back.has_value() == !has_nul);
  if (back) STAPSH_ASSERT(*back == text);

  const Result<std::string> meant = unquote(text);
  if (!meant) return 0;
  STAPSH_ASSERT(meant->find('\0') == std::string::npos);
  STAPSH_ASSERT(unquote(quote(*meant)) == *meant);
  return 0;
}
