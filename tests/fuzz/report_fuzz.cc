// SPDX-License-Identifier: Apache-2.0
// A report of texts that anybody may have said: its data is JSON without markup, keys are paths in a tree, folded
// stacks are lines with a count. The input's lines behind a NUL are keys, the first is the script.
#include <simdjson.h>

#include <string>

#include "client/report/folded.h"
#include "client/report/metrics.h"
#include "client/report/report_data.h"
#include "client/report/stack_order.h"
#include "client/report/stack_tree.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::client;
using namespace stapsh::client::report;

namespace {

Report report_of(std::string_view text) {
  Report report;
  report.script_text = text.substr(0, text.find('\0'));
  report.script = report.command = report.version = text;
  client::report::Target target;
  target.name = target.uri = target.release = target.agent = text;
  report.targets.push_back(target);
  Map map;
  map.name = "@s";
  map.stacks = stack_order(report.script_text, map.name);
  HostColumn host{0, {}};
  for (std::size_t at = text.find('\0'); at != std::string_view::npos; at = text.find('\0', at + 1)) {
    const std::size_t end = text.find('\0', at + 1);
    map.sums.emplace_back(Number{1});
    host.values.emplace_back(static_cast<KeyIndex>(map.keys.size()), Number{1});
    map.keys.emplace_back(text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
  }
  map.hosts.push_back(host);
  report.maps.push_back(map);
  return report;
}

void check_tree(const Map& map) {
  const StackTree tree = make_stack_tree(map);
  STAPSH_ASSERT(tree.leaves.size() == map.keys.size());
  std::uint32_t depth_max = 0;
  for (const StackTree::Node& node : tree.nodes) {
    STAPSH_ASSERT(node.depth <= depth_max);
    STAPSH_ASSERT(node.frame < tree.frames.size());
    depth_max = node.depth + 1;
  }
  for (const std::uint32_t leaf : tree.leaves) STAPSH_ASSERT(leaf < tree.nodes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Report report = report_of(fuzz::as_text(data, size));
  check_tree(report.maps.front());

  const std::string json = report_data(report);
  STAPSH_ASSERT(json.find_first_of("<>&") == std::string::npos);
  simdjson::dom::parser parser;
  STAPSH_ASSERT(parser.parse(json).error() == simdjson::SUCCESS);

  const std::string folded = folded_stacks(report);
  for (std::string_view lines = folded; !lines.empty();) {
    const std::string_view line = fuzz::take_line(lines);
    const std::size_t blank = line.rfind(' ');
    STAPSH_ASSERT(blank != std::string_view::npos);
    STAPSH_ASSERT(blank + 1 < line.size());
    STAPSH_ASSERT(line.substr(blank + 1).find_first_not_of("0123456789") == std::string_view::npos);
    STAPSH_ASSERT(line.find(";;") == std::string_view::npos);
  }

  const std::string metrics = metrics_text(report);
  for (std::string_view lines = metrics; !lines.empty();) {
    const std::string_view line = fuzz::take_line(lines);
    STAPSH_ASSERT(line.starts_with("# ") || line.starts_with("rstap_"));
  }
  return 0;
}
