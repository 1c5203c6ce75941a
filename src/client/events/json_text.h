// SPDX-License-Identifier: Apache-2.0
// The values of which an event's JSON is made, as text: strings, base64, seconds. Pure. Rules: docs/events.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/time.h"

namespace stapsh::client {

bool is_utf8(std::string_view bytes);

/// The inside of a JSON string that means `text`, which is UTF-8. What could move a terminal's cursor, colour it or
/// turn the order of what it shows is written as \uXXXX: events can be looked at with cat.
void append_json_text(ByteBuffer& to, std::string_view text);

void append_base64(ByteBuffer& to, std::string_view bytes);
/// None: `text` is no base64 of RFC 4648, with its padding.
std::optional<std::string> decode_base64(std::string_view text);

/// Seconds with nine digits behind the point: nothing of a nanosecond is lost.
void append_seconds(ByteBuffer& to, std::chrono::nanoseconds time);
/// As a JSON number may say it, with at most nine digits behind the point and no exponent.
std::optional<std::chrono::nanoseconds> parse_exact_seconds(std::string_view text);

}  // namespace stapsh::client
