// SPDX-License-Identifier: Apache-2.0
#include "client/output/shared_texts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace stapsh::client {
namespace {

std::size_t common_size(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  if (std::memcmp(a.data(), b.data(), size) == 0) return size;  // What is usual is fast.
  const auto differs = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(size), b.begin());
  return static_cast<std::size_t>(differs.first - a.begin());
}

}  // namespace

SharedTexts::SharedTexts(std::size_t texts, std::size_t memory_bytes) : store_(memory_bytes), ends_(texts) {
  nodes_.emplace_back();
}

// A split leaves the ends alone that lie in what is now the parent: they are put right when somebody asks. So a split
// costs the same, however many texts there are.
SharedTexts::Place SharedTexts::settled(Place place) const {
  while (place.size <= nodes_[place.node].begin && nodes_[place.node].parent != kNone) {
    place.node = nodes_[place.node].parent;
  }
  return place;
}

void SharedTexts::append(std::size_t text, std::string_view bytes) {
  Place& end = ends_[text];
  end = settled(end);
  while (!bytes.empty()) {
    Node& node = nodes_[end.node];
    if (end.size < node.end) {  // Others were here before.
      const std::string_view there = bytes_at(node, end.size);
      const std::size_t same = common_size(there, bytes);
      end.size += same;
      bytes.remove_prefix(same);
      if (same < there.size() && !bytes.empty()) end.node = split(end.node, end.size);
      continue;
    }
    if (const auto child = child_beginning_with(node, bytes.front())) {
      end.node = *child;
      continue;
    }
    if (!node.children.empty()) {
      Node own;
      own.begin = own.end = end.size;
      own.parent = end.node;
      node.children.push_back(nodes_.size());
      end.node = nodes_.size();
      nodes_.push_back(std::move(own));
    }
    grow(nodes_[end.node], bytes);
    end.size += bytes.size();
    return;
  }
}

void SharedTexts::grow(Node& node, std::string_view bytes) {
  while (!bytes.empty()) {
    store_.note_index_bytes(index_bytes());
    const ByteStore::Piece piece = store_.append(bytes);
    ByteStore::Piece* const last = node.runs.empty() ? nullptr : &node.runs.back().piece;
    if (last != nullptr && last->block == piece.block && last->offset + last->size == piece.offset) {
      last->size += piece.size;
    } else {
      node.runs.push_back({node.end, piece});
      ++runs_;
    }
    node.end += piece.size;
    bytes.remove_prefix(piece.size);
  }
}

// A vector that grows has up to twice what is in it; each node but the first is among some node's children.
std::size_t SharedTexts::index_bytes() const {
  return nodes_.size() * (sizeof(Node) + 2 * sizeof(std::size_t)) + runs_ * 2 * sizeof(Run);
}

std::string_view SharedTexts::bytes_at(const Node& node, std::uint64_t at) const {
  STAPSH_ASSERT(at >= node.begin && at < node.end);
  auto run = std::upper_bound(node.runs.begin(), node.runs.end(), at,
                              [](std::uint64_t value, const Run& each) { return value < each.begin; });
  --run;
  return store_.view(run->piece).substr(at - run->begin);
}

std::optional<std::size_t> SharedTexts::child_beginning_with(const Node& node, char first) const {
  for (const std::size_t child : node.children) {
    if (bytes_at(nodes_[child], nodes_[child].begin).front() == first) return child;
  }
  return {};
}

// A new node takes what is before `at`, with the parent; the old one keeps the rest, with the children.
std::size_t SharedTexts::split(std::size_t node, std::uint64_t at) {
  const std::size_t head_at = nodes_.size();
  nodes_.emplace_back();
  Node& head = nodes_.back();
  Node& tail = nodes_[node];
  head.begin = tail.begin;
  head.end = at;
  head.parent = tail.parent;
  head.children = {node};
  if (head.parent != kNone) std::ranges::replace(nodes_[head.parent].children, node, head_at);
  tail.begin = at;
  tail.parent = head_at;
  auto first = std::upper_bound(tail.runs.begin(), tail.runs.end(), at,
                                [](std::uint64_t value, const Run& each) { return value < each.begin; });
  head.runs.assign(tail.runs.begin(), first);
  tail.runs.erase(tail.runs.begin(), first);
  if (head.runs.empty()) return head_at;
  Run& last = head.runs.back();
  const auto kept = static_cast<std::uint32_t>(at - last.begin);
  if (kept < last.piece.size) {
    const ByteStore::Piece rest{last.piece.block, last.piece.offset + kept, last.piece.size - kept};
    tail.runs.insert(tail.runs.begin(), {at, rest});
    ++runs_;
    last.piece.size = kept;
    if (kept == 0) {
      head.runs.pop_back();
      --runs_;
    }
  }
  return head_at;
}

std::vector<ByteStore::Piece> SharedTexts::pieces(const Place& place) const {
  std::vector<std::size_t> way;
  for (std::size_t node = place.node; node != kNone; node = nodes_[node].parent) way.push_back(node);
  std::vector<ByteStore::Piece> pieces;
  for (auto node = way.rbegin(); node != way.rend(); ++node) {
    for (const Run& run : nodes_[*node].runs) {
      if (run.begin >= place.size) break;
      pieces.push_back(run.piece);
      pieces.back().size = static_cast<std::uint32_t>(std::min<std::uint64_t>(run.piece.size, place.size - run.begin));
    }
  }
  return pieces;
}

}  // namespace stapsh::client
