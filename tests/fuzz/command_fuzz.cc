// SPDX-License-Identifier: Apache-2.0
// Any line is a command, if only a bad one; one that is understood is formatted and understood again.
#include "base/overloaded.h"
#include "fuzz_target.h"
#include "protocol/command.h"

using namespace stapsh;

namespace {

void check(std::string_view line) {
  const Limits limits;
  const Command command = parse_command(line, limits);
  const auto format = [](const auto& c) { return format_command(c); };
  std::visit(Overloaded{
                 [](const BadCommand& bad) {
                   STAPSH_ASSERT(!bad.reason.empty());
                   STAPSH_ASSERT(bad.reason.size() < 2 * kQuotedTextMax + 200);
                 },
                 [&](const auto& good) {
                   std::string text = format(good);
                   STAPSH_ASSERT(text.ends_with('\n'));
                   text.pop_back();
                   STAPSH_ASSERT(text.find('\n') == std::string::npos);
                   const Command again = parse_command(text, limits);
                   using Kind = std::decay_t<decltype(good)>;
                   STAPSH_ASSERT(std::holds_alternative<Kind>(again));
                   STAPSH_ASSERT(format(std::get<Kind>(again)) == text + "\n");
                 },
             },
             command);
  if (const auto* file = std::get_if<FileCommand>(&command)) STAPSH_ASSERT(file->size <= limits.file_bytes_max);
  if (const auto* arg = std::get_if<ArgCommand>(&command)) STAPSH_ASSERT(arg->size <= limits.args_bytes_max);
  if (const auto* signal = std::get_if<SignalCommand>(&command)) {
    STAPSH_ASSERT(signal->signo > 0);
    STAPSH_ASSERT(signal->signo <= 64);
  }
  if (check_file_name(line)) {
    STAPSH_ASSERT(line.find('/') == std::string_view::npos);
    STAPSH_ASSERT(!line.starts_with('.'));
  }
  for (const char c : printable(line)) STAPSH_ASSERT(static_cast<unsigned char>(c) >= 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  do {
    check(fuzz::take_line(text));
  } while (!text.empty());
  return 0;
}
