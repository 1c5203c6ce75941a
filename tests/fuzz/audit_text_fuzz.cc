// SPDX-License-Identifier: Apache-2.0
// Whatever a client says, a record is one record: what journald reads of it are the fields that were written, and what
// syslog gets is one line of printable text. Lines: who, peer, session, runner, reason; then a name of a file and an
// argument by turns; `\n` in them stands for a newline.
#include <cstdint>
#include <utility>
#include <vector>

#include "fuzz_target.h"
#include "policy/audit_text.h"
#include "session/effect_text.h"

using namespace stapsh;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// As journald reads a datagram: NAME=VALUE up to a newline, or NAME, a newline, eight bytes of a little-endian size,
// and so many bytes, and a newline.
Fields read_entry(std::string_view bytes) {
  Fields fields;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("=\n");
    STAPSH_ASSERT(end != std::string_view::npos);
    const std::string name(bytes.substr(0, end));
    const bool counted = bytes[end] == '\n';
    bytes.remove_prefix(end + 1);
    std::uint64_t size = 0;
    if (counted) {
      STAPSH_ASSERT(bytes.size() >= 8);
      for (unsigned i = 0; i < 8; ++i) size |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
      bytes.remove_prefix(8);
    } else {
      size = bytes.find('\n');
    }
    STAPSH_ASSERT(size < bytes.size());
    STAPSH_ASSERT(bytes[size] == '\n');
    fields.emplace_back(name, bytes.substr(0, size));
    bytes.remove_prefix(size + 1);
  }
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::as_text(data, size);
  policy::AuditRecord record;
  record.event = static_cast<policy::AuditRecord::Event>(size % 4);
  for (std::string* const field : {&record.who, &record.from, &record.session, &record.runner, &record.reason}) {
    *field = unescape(fuzz::take_line(rest));
  }
  if (!rest.empty()) record.args.emplace();
  while (!rest.empty()) {
    record.files.push_back({unescape(fuzz::take_line(rest)), std::string(64, 'a')});
    if (!rest.empty()) record.args->push_back(unescape(fuzz::take_line(rest)));
  }
  record.line = static_cast<unsigned>(size);

  const Fields read = read_entry(policy::journal_entry(record));
  const policy::AuditFields wrote = policy::audit_fields(record);
  constexpr std::size_t kOwnFields =
      6;  // MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER, the event.
  STAPSH_ASSERT(read.size() == wrote.size() + kOwnFields);
  for (std::size_t i = 0; i < wrote.size(); ++i) {
    STAPSH_ASSERT(read[i + kOwnFields].first.starts_with("STAPSH_"));
    STAPSH_ASSERT(read[i + kOwnFields].second == wrote[i].second);
  }
  STAPSH_ASSERT(read[0].first == "MESSAGE");
  STAPSH_ASSERT(read[0].second == policy::audit_message(record));

  const std::string line = policy::syslog_line(record, "Nov  7 15:04:05", 1);
  STAPSH_ASSERT(line.size() <= policy::kAuditMessageBytesMax + 64);
  for (const char c : line) STAPSH_ASSERT(c >= ' ' && c <= '~');
  return 0;
}
