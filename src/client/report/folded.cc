// SPDX-License-Identifier: Apache-2.0
#include "client/report/folded.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "base/shown_text.h"
#include "client/report/stack_tree.h"

namespace stapsh::client::report {
namespace {

void append_byte(std::string& to, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  to += "\\x";
  to += kDigits[value >> 4U];
  to += kDigits[value & 0xfU];
}

std::string escaped(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    std::size_t bytes = 0;
    const bool is_hidden = !spelled_character(text, bytes).empty();
    if (is_hidden || text.front() == ';' || text.front() == '\\') {
      for (const char byte : text.substr(0, bytes)) append_byte(safe, byte);
    } else {
      safe += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return safe.empty() ? "[empty]" : safe;
}

// By key: frames, each behind a semicolon.
std::vector<std::string> folded_keys(const Map& map) {
  const StackTree tree = make_stack_tree(map);
  std::vector<std::string> frames, open, nodes, keys;
  for (const Frame& frame : tree.frames) frames.push_back(escaped(frame.name));
  nodes.reserve(tree.nodes.size());
  for (const StackTree::Node& node : tree.nodes) {
    open.resize(node.depth);
    open.push_back((open.empty() ? std::string() : open.back()) + ';' + frames[node.frame]);
    nodes.push_back(open.back());
  }
  keys.reserve(tree.leaves.size());
  for (const std::uint32_t leaf : tree.leaves) keys.push_back(nodes[leaf]);
  return keys;
}

}  // namespace

std::string folded_stacks(const Report& report) {
  std::vector<const Map*> maps;
  for (const Map& map : report.maps) {
    if (has_stacks(map)) maps.push_back(&map);
  }
  std::vector<std::map<std::string, Number>> hosts(report.targets.size());
  for (const Map* map : maps) {
    const std::vector<std::string> keys = folded_keys(*map);
    const std::string prefix = maps.size() > 1 ? ';' + escaped(map->name) : std::string();
    for (const HostColumn& host : map->hosts) {
      for (const auto& [key, value] : host.values) {
        const auto* number = std::get_if<Number>(&value);
        if (number && *number > 0) hosts.at(host.target)[prefix + keys.at(key)] += *number;
      }
    }
  }
  std::string text;
  for (std::size_t target = 0; target < hosts.size(); ++target) {
    const std::string name = escaped(report.targets[target].name);
    for (const auto& [stack, number] : hosts[target]) ((((text += name) += stack) += ' ') += to_text(number)) += '\n';
  }
  return text;
}

}  // namespace stapsh::client::report
