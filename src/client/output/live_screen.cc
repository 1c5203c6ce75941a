// SPDX-License-Identifier: Apache-2.0
#include "client/output/live_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "client/answers/unlike_hosts.h"
#include "client/output/answer_text.h"

namespace stapsh::client {
namespace {

using Block = std::vector<std::string>;

constexpr std::size_t kKeysMin = 3;
constexpr std::size_t kKeysCompared = 20;  // A screen has no more, and it is done again each second.

Block block_of(const Answer& answer, std::span<const std::string> names, const AnswerRequest& request, HeatLook look,
               std::optional<std::size_t> room) {
  std::optional<unsigned> top = request.top;
  const bool rows_are_keys = answer.keyed && answer.kind != MapKind::kHist && answer.kind != MapKind::kLhist;
  if (room) {
    // A picture of hosts takes half of it.
    const std::size_t part = request.by_host ? *room / 2 : *room;
    const std::size_t keys = rows_are_keys ? std::max(part, kKeysMin + 2) - 2 : 1;
    if (answer.keyed && !top) top = static_cast<unsigned>(keys);
    look.lines_max = std::max<std::size_t>(part, 4);
  }
  const std::vector<UnlikeHost> unlike = room ? unlike_hosts(answer, kKeysCompared) : unlike_hosts(answer);
  Block lines = answer_lines(answer, names, unlike, top);
  if (!request.by_host) return lines;
  // Where there is little room, the map of hosts says what bars would.
  if (room)
    std::erase_if(lines, [](const std::string& line) { return line.starts_with('[') || line.starts_with('('); });
  look.top = request.top;
  Block map = heat_map_lines(answer, names, unlike, look);
  lines.insert(lines.end(), std::move_iterator(map.begin()), std::move_iterator(map.end()));
  return lines;
}

// The same for all, and what some don't need for the others.
std::vector<std::size_t> share_lines(const std::vector<Block>& blocks, std::size_t lines) {
  std::vector<std::size_t> order(blocks.size()), shares(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t block) { return blocks[block].size(); });
  std::size_t left = blocks.size();
  for (const std::size_t block : order) {
    shares[block] = std::min(blocks[block].size(), lines / left);
    lines -= shares[block];
    --left;
  }
  return shares;
}

}  // namespace

std::vector<std::string> live_lines(std::span<const Answer> answers, std::span<const std::string> names,
                                    const AnswerRequest& request, const HeatLook& look, const LiveScreen& screen) {
  std::vector<std::string> lines{screen.head};
  if (answers.empty()) lines.emplace_back("  nothing was measured yet");
  std::optional<std::size_t> room;
  if (screen.lines_max) room = *screen.lines_max - std::min<std::size_t>(*screen.lines_max, 1);
  std::vector<Block> blocks;
  for (const Answer& answer : answers) {
    const auto part = room ? std::optional(*room / answers.size()) : std::nullopt;
    blocks.push_back(block_of(answer, names, request, look, part));
  }
  if (!room) {
    for (const Block& block : blocks) lines.insert(lines.end(), block.begin(), block.end());
    return lines;
  }
  const std::vector<std::size_t> shares = share_lines(blocks, *room);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    const bool cut = shares[i] < block.size();
    const std::size_t shown = cut && shares[i] > 0 ? shares[i] - 1 : shares[i];
    lines.insert(lines.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(shown));
    if (cut && shares[i] > 0) lines.push_back(fmt::format("  … {} more lines", block.size() - shown));
  }
  return lines;
}

// Source: ECMA-48 (CUP, EL, ED); DEC's private modes 7, autowrap, and 2026, which holds the picture back until it is
// whole and which other terminals ignore.
std::string screen_frame(std::span<const std::string> lines) {
  std::string frame = "\033[?2026h\033[?7l\033[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) frame += "\r\n";
    frame += lines[i];
    frame += "\033[K";
  }
  return frame + "\033[J\033[?7h\033[?2026l";
}

}  // namespace stapsh::client
