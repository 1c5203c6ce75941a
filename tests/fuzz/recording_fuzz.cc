// SPDX-License-Identifier: Apache-2.0
// Any bytes may be given to `rstap replay`: cut recordings, spoilt ones, compressed ones, and what is none. What is
// taken for an event keeps the rules that sinks rely on, and written and read again it is the same.
#include <algorithm>
#include <string>
#include <vector>

#include "client/events/event_reader.h"
#include "client/events/event_writer.h"
#include "client/recording/compression.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::client;

namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;

// Sinks index by the target, and each has one end.
void check_rules(const Event& event, const EventReader& reader, bool first, std::vector<bool>& ended) {
  STAPSH_ASSERT(std::holds_alternative<event::RunStarted>(event.what) == first);
  if (first) ended.assign(reader.targets(), false);
  STAPSH_ASSERT(!event.target || *event.target < ended.size());
  STAPSH_ASSERT(event.at >= WallTime::zero());
  STAPSH_ASSERT(event.at <= WallTime::max() / 2);  // Sinks add to it.
  const bool of_target =
      std::holds_alternative<event::Output>(event.what) || std::holds_alternative<event::Ended>(event.what);
  if (!of_target) return;
  STAPSH_ASSERT(event.target.has_value());
  STAPSH_ASSERT(!ended[*event.target]);
  ended[*event.target] = std::holds_alternative<event::Ended>(event.what);
}

void replay(std::string_view text) {
  EventReader reader, again;
  EventWriter writer, writer_again;
  std::vector<bool> ended;
  bool first = true;
  while (!text.empty()) {
    const Result<std::optional<Event>> event = reader.read(fuzz::take_line(text));
    if (!event) {
      STAPSH_ASSERT(!event.error().what.empty());
      return;
    }
    if (!*event) continue;
    check_rules(**event, reader, std::exchange(first, false), ended);
    ByteBuffer lines;
    writer.write(**event, lines);
    // Output that others cut otherwise may become several lines, or none if it is empty.
    std::string_view left = lines.view();
    while (!left.empty()) {
      const std::string line(fuzz::take_line(left));
      const Result<std::optional<Event>> read = again.read(line);
      STAPSH_ASSERT(read.has_value());
      STAPSH_ASSERT(read->has_value());
      ByteBuffer same;
      writer_again.write(**read, same);
      STAPSH_ASSERT(same.view() == line + "\n");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  if (!bytes.starts_with(kZstdMagic)) {
    replay(bytes);
    return 0;
  }
  Decompressor decompressor;
  ByteBuffer text;
  for (std::size_t at = 0; at < bytes.size() && text.size() < kTextBytesMax; at += 64) {
    std::string_view piece = bytes.substr(at, 64);
    Result<bool> more = true;
    while (more && *more) more = decompressor.decompress(piece, text, 1'000);
    if (!more) break;
  }
  replay(text.view().substr(0, kTextBytesMax));
  return 0;
}
