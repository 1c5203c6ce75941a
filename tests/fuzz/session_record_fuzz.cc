// SPDX-License-Identifier: Apache-2.0
// Any bytes may lie where a record is looked for; what is taken for one is formatted and means the same.
#include "agent/session_record.h"
#include "fuzz_target.h"

using namespace stapsh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  (void)agent::parse_record_of_before(text);
  const std::optional<agent::SessionRecord> record = agent::parse_record(text);
  if (!record) return 0;
  STAPSH_ASSERT(record->workspace.starts_with('/'));
  STAPSH_ASSERT(record->runner == -1 || record->runner > 0);
  STAPSH_ASSERT(record->stop_signal >= 1 && record->stop_signal <= 64);
  STAPSH_ASSERT(record->grace >= Duration::zero());
  const std::string again = agent::format_record(*record);
  // Its end is nowhere else in it: on the leash one follows the other.
  STAPSH_ASSERT(again.find(agent::kRecordEnd) + agent::kRecordEnd.size() == again.size());
  STAPSH_ASSERT(agent::parse_record(again) == record);
  return 0;
}
