// SPDX-License-Identifier: Apache-2.0
// An event as JSON: one object a line, as --format=json prints it and --record keeps it. Pure. Every field is described
// in docs/events.md; docs/events.schema.json says the same to a program. The way back: event_reader.h.
#pragma once

#include <string>
#include <vector>

#include "base/byte_buffer.h"
#include "client/events/event.h"

namespace stapsh::client {

/// Of the JSON: another one can't be read. Further fields and events don't change it.
inline constexpr int kEventFormat = 1;

/// Takes the events of one run, in order.
class EventWriter {
 public:
  /// Appends a line; for output that is no UTF-8 as a whole up to three, of which only what is torn is base64. The
  /// same bytes become the same lines, and each of them, read and written again, itself.
  void write(const Event& event, ByteBuffer& to);

 private:
  void begin(const Event& event, ByteBuffer& to) const;
  void write_output(const Event& event, const event::Output& output, ByteBuffer& to) const;
  void write_piece(const Event& event, const event::Output& output, std::string_view bytes, bool utf8,
                   ByteBuffer& to) const;

  std::vector<std::string> names_;  // Of the targets, as JSON.
};

}  // namespace stapsh::client
