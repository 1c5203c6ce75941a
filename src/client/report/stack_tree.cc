// SPDX-License-Identifier: Apache-2.0
#include "client/report/stack_tree.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <tuple>
#include <unordered_map>

namespace stapsh::client::report {
namespace {

using Path = std::vector<std::uint32_t>;  // Frames, the outermost first.

std::string identity(const Frame& frame) {
  return std::to_string(static_cast<int>(frame.kind)) + frame.name + '\0' + frame.module;
}

// Frames get their numbers in the order of their names, so that paths sort as their names would.
void sort_frames(std::vector<Frame>& frames, std::vector<Path>& paths) {
  std::vector<std::uint32_t> order(frames.size()), number(frames.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto rank = [&](std::uint32_t i) { return std::tie(frames[i].name, frames[i].module, frames[i].kind); };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
  std::vector<Frame> sorted;
  sorted.reserve(frames.size());
  for (const std::uint32_t i : order) {
    number[i] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(std::move(frames[i]));
  }
  frames = std::move(sorted);
  for (Path& path : paths) {
    for (std::uint32_t& frame : path) frame = number[frame];
  }
}

}  // namespace

StackTree make_stack_tree(const Map& map) {
  StackTree tree;
  std::unordered_map<std::string, std::uint32_t> known;
  std::vector<Path> paths;
  paths.reserve(map.keys.size());
  for (const std::string& key : map.keys) {
    Path& path = paths.emplace_back();
    for (Frame& frame : stack_of_key(key, map.stacks)) {
      const auto [at, is_new] = known.try_emplace(identity(frame), static_cast<std::uint32_t>(tree.frames.size()));
      if (is_new) tree.frames.push_back(std::move(frame));
      path.push_back(at->second);
    }
  }
  sort_frames(tree.frames, paths);

  std::vector<std::uint32_t> order(paths.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return paths[a] < paths[b]; });
  tree.leaves.resize(paths.size());
  std::vector<std::uint32_t> open;  // The nodes of the path before.
  const Path* before = nullptr;
  for (const std::uint32_t key : order) {
    const Path& path = paths[key];
    std::size_t shared = 0;
    if (before) {
      const auto [mine, theirs] = std::ranges::mismatch(path, *before);
      shared = static_cast<std::size_t>(mine - path.begin());
    }
    open.resize(shared);
    for (std::size_t depth = shared; depth < path.size(); ++depth) {
      open.push_back(static_cast<std::uint32_t>(tree.nodes.size()));
      tree.nodes.push_back({static_cast<std::uint32_t>(depth), path[depth]});
    }
    tree.leaves[key] = open.back();  // No path is empty: stack_of_key() sees to it.
    before = &path;
  }
  return tree;
}

}  // namespace stapsh::client::report
