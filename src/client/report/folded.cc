// SPDX-License-Identifier: Apache-2.0
#include "client/report/folded.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>

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

// It stands in each line that it is a part of, and a function of a template may have a name of any length.
constexpr std::size_t kNameBytesMax = 1024;

std::string name_of_frame(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    if (safe.size() >= kNameBytesMax) return safe + "...";
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

// All stacks as one tree by their frames' names: a stack is the number of its innermost frame, and no path is written
// down before its line is.
class FoldedTree {
 public:
  static constexpr std::uint32_t kRoot = UINT32_MAX;

  std::uint32_t child(std::uint32_t parent, std::string name) {
    const auto [named, is_new_name] = names_.try_emplace(std::move(name), static_cast<std::uint32_t>(names_.size()));
    const auto place = (std::uint64_t{parent} << 32U) | named->second;
    const auto [at, is_new] = known_.try_emplace(place, static_cast<std::uint32_t>(nodes_.size()));
    if (is_new) nodes_.push_back({parent, &named->first});
    return at->second;
  }
  /// Frames from the outermost on, each behind a semicolon.
  void append(std::string& to, std::uint32_t node) const {
    std::vector<const std::string*> path;
    for (; node != kRoot; node = nodes_[node].parent) path.push_back(nodes_[node].name);
    for (auto name = path.rbegin(); name != path.rend(); ++name) (to += ';') += **name;
  }

 private:
  struct Node {
    std::uint32_t parent;
    const std::string* name;  // In names_, whose keys stay where they are.
  };
  std::unordered_map<std::string, std::uint32_t> names_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_;  // By parent and name.
  std::vector<Node> nodes_;
};

// By key: its stack, below `root`.
std::vector<std::uint32_t> folded_keys(const Map& map, FoldedTree& folded, std::uint32_t root) {
  const StackTree tree = make_stack_tree(map);
  std::vector<std::uint32_t> open, nodes, keys;
  nodes.reserve(tree.nodes.size());
  for (const StackTree::Node& node : tree.nodes) {
    open.resize(node.depth);
    open.push_back(folded.child(open.empty() ? root : open.back(), name_of_frame(tree.frames[node.frame].name)));
    nodes.push_back(open.back());
  }
  keys.reserve(tree.leaves.size());
  for (const std::uint32_t leaf : tree.leaves) keys.push_back(nodes[leaf]);
  return keys;
}

using Counts = std::vector<std::pair<std::uint32_t, Number>>;  // By stack.

void add_up(Counts& counts) {
  std::ranges::sort(counts, {}, [](const auto& count) { return count.first; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (kept > 0 && counts[kept - 1].first == counts[i].first) {
      counts[kept - 1].second += counts[i].second;
    } else {
      counts[kept++] = counts[i];
    }
  }
  counts.resize(kept);
}

}  // namespace

std::string folded_stacks(const Report& report) {
  std::vector<const Map*> maps;
  for (const Map& map : report.maps) {
    if (has_stacks(map)) maps.push_back(&map);
  }
  std::ranges::sort(maps, {}, [](const Map* map) -> const std::string& { return map->name; });
  FoldedTree folded;
  std::vector<Counts> hosts(report.targets.size());
  for (const Map* map : maps) {
    const std::uint32_t root =
        maps.size() > 1 ? folded.child(FoldedTree::kRoot, name_of_frame(map->name)) : FoldedTree::kRoot;
    const std::vector<std::uint32_t> keys = folded_keys(*map, folded, root);
    for (const HostColumn& host : map->hosts) {
      for (const auto& [key, value] : host.values) {
        const auto* number = std::get_if<Number>(&value);
        if (number && *number > 0) hosts.at(host.target).emplace_back(keys.at(key), *number);
      }
    }
  }
  std::string text;
  for (std::size_t target = 0; target < hosts.size(); ++target) {
    const std::string name = name_of_frame(report.targets[target].name);
    add_up(hosts[target]);
    for (const auto& [stack, number] : hosts[target]) {
      folded.append(text += name, stack);
      ((text += ' ') += to_text(number)) += '\n';
    }
  }
  return text;
}

}  // namespace stapsh::client::report
