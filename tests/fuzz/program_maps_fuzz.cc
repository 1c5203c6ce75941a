// SPDX-License-Identifier: Apache-2.0
// Any text may be given as a bpftrace program. It has the same maps with and without exact averages, but for these;
// what is rewritten once stays. A stats() of the program's own leaves its averages.
#include <string>

#include "client/answers/program_maps.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::client;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view program = fuzz::as_text(data, size);
  const ProgramMaps maps(program);
  const std::string exact = with_exact_avg(program);
  STAPSH_ASSERT(with_exact_avg(exact) == exact);
  const ProgramMaps exact_maps(exact);
  STAPSH_ASSERT(exact_maps.names() == maps.names());
  const bool may_have_own = exact == program && program.find("stats") != std::string_view::npos;
  for (const ProgramMap& map : maps.maps()) {
    STAPSH_ASSERT(map.name.starts_with('@'));
    if (may_have_own) continue;
    STAPSH_ASSERT(exact_maps.kind(map.name) != MapKind::kAvg);
    const bool was_avg = map.kind == MapKind::kAvg;
    // Two ways that were different become the same: avg() here, stats() there.
    const bool is_stats = exact_maps.kind(map.name) == MapKind::kStats;
    STAPSH_ASSERT(is_stats || !was_avg);
    STAPSH_ASSERT(is_stats || exact_maps.kind(map.name) == map.kind);
  }
  return 0;
}
