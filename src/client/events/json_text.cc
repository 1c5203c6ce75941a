// SPDX-License-Identifier: Apache-2.0
// Speed: eight bytes at a time where nothing has to be escaped, which is nearly everywhere.
#include "client/events/json_text.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace stapsh::client {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101, kHighBits = 0x8080'8080'8080'8080;
constexpr std::size_t kEscapedBytesMax = 6;  // \u001b

// The high bit of the first byte in `word` that is a control character, '"', '\\', DEL or no ASCII; of later bytes it
// may be set for nothing. Zero: there is none.
std::uint64_t first_special(std::uint64_t word) {
  const auto zero_bytes = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  const std::uint64_t controls = (word - kOnes * 0x20) & ~word;
  const std::uint64_t high = word | (word + kOnes);  // The sum is for DEL.
  return (controls | high | zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\')) & kHighBits;
}

char* put_unicode_escape(char* to, unsigned code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  *to++ = '\\';
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = kDigits[code >> shift & 0xf];
  return to;
}

char* put_short_escape(char* to, char letter) {
  *to++ = '\\';
  *to++ = letter;
  return to;
}

char* put_ascii(char* to, unsigned char byte) {
  switch (byte) {
    case '\n':
      return put_short_escape(to, 'n');
    case '\t':
      return put_short_escape(to, 't');
    case '\r':
      return put_short_escape(to, 'r');
    case '"':
    case '\\':
      return put_short_escape(to, static_cast<char>(byte));
    default:
      break;
  }
  if (byte < 0x20 || byte == 0x7f) return put_unicode_escape(to, byte);
  *to++ = static_cast<char>(byte);
  return to;
}

// C1 controls, line separators, and what turns the direction of text.
bool misleads(unsigned code) {
  return (code >= 0x80 && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::size_t sequence_bytes(unsigned char lead) { return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

// One character that is no ASCII, of at most four bytes.
char* put_wide(char* to, const char* from, std::size_t size) {
  const auto bits = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(from[at])); };
  unsigned code = 0;
  if (size == 2) code = (bits(0) & 0x1f) << 6 | (bits(1) & 0x3f);
  if (size == 3) code = (bits(0) & 0x0f) << 12 | (bits(1) & 0x3f) << 6 | (bits(2) & 0x3f);
  if (misleads(code)) return put_unicode_escape(to, code);
  return std::copy_n(from, size, to);
}

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values() {
  std::array<std::int8_t, 256> values{};
  for (std::int8_t& value : values) value = -1;
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

constexpr std::array<std::int8_t, 256> kBase64Values = base64_values();

}  // namespace

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

void append_json_text(ByteBuffer& to, std::string_view text) {
  constexpr std::size_t kBlockBytes = 16'384;
  const char* from = text.data();
  const char* const end = from + text.size();
  while (from != end) {
    // A block ends where it is full: a word and a character more fit always.
    const auto block = std::min(kBlockBytes, static_cast<std::size_t>(end - from));
    const char* const block_end = from + block;
    char* const begin = to.reserve(block * kEscapedBytesMax + sizeof(std::uint64_t) * 2);
    char* at = begin;
    while (from < block_end) {
      std::uint64_t special = kHighBits;
      if (static_cast<std::size_t>(end - from) >= sizeof special) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, sizeof word);
        std::memcpy(at, &word, sizeof word);
        special = first_special(word);
        if (special == 0) {
          from += sizeof word;
          at += sizeof word;
          continue;
        }
      }
      if constexpr (std::endian::native == std::endian::little) {
        const int plain = std::countr_zero(special) / 8;  // They are copied already.
        from += plain;
        at += plain;
      }
      const auto lead = static_cast<unsigned char>(*from);
      const std::size_t size = std::min(sequence_bytes(lead), static_cast<std::size_t>(end - from));
      at = lead < 0x80 ? put_ascii(at, lead) : put_wide(at, from, size);
      from += size;
    }
    to.commit(static_cast<std::size_t>(at - begin));
  }
}

void append_base64(ByteBuffer& to, std::string_view bytes) {
  char* at = to.reserve((bytes.size() + 2) / 3 * 4);
  to.commit((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *at++ = kBase64Digits[group >> 18 & 0x3f];
    *at++ = kBase64Digits[group >> 12 & 0x3f];
    *at++ = i + 1 < bytes.size() ? kBase64Digits[group >> 6 & 0x3f] : '=';
    *at++ = i + 2 < bytes.size() ? kBase64Digits[group & 0x3f] : '=';
  }
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  unsigned group = 0, bits = 0;
  for (const char digit : text) {
    const std::int8_t value = kBase64Values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xff);
  }
  if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;  // Bits that mean nothing must be 0.
  return bytes;
}

void append_seconds(ByteBuffer& to, std::chrono::nanoseconds time) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  constexpr std::size_t kDigitsMax = 32, kDecimals = 9;
  char* const begin = to.reserve(kDigitsMax);
  char* at = begin;
  const std::int64_t count = time.count();
  if (count < 0) *at++ = '-';
  std::uint64_t value = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  at = std::to_chars(at, begin + kDigitsMax, value / kBillion).ptr;
  *at = '.';
  value %= kBillion;
  for (std::size_t digit = kDecimals; digit > 0; --digit, value /= 10) at[digit] = static_cast<char>('0' + value % 10);
  to.commit(static_cast<std::size_t>(at - begin) + 1 + kDecimals);
}

std::optional<std::chrono::nanoseconds> parse_exact_seconds(std::string_view text) {
  constexpr std::size_t kDecimals = 9;
  constexpr std::uint64_t kBillion = 1'000'000'000, kSecondsMax = 9'223'372'035;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (whole.empty() || whole.size() > 10 || !std::ranges::all_of(whole, is_digit)) return std::nullopt;
  if (whole.size() > 1 && whole.front() == '0') return std::nullopt;
  std::uint64_t seconds = 0, nanoseconds = 0;
  for (const char digit : whole) seconds = seconds * 10 + static_cast<std::uint64_t>(digit - '0');
  if (seconds > kSecondsMax) return std::nullopt;
  if (point < text.size()) {
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.size() > kDecimals || !std::ranges::all_of(fraction, is_digit)) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < kDecimals; ++i) {
      nanoseconds = nanoseconds * 10 + (i < fraction.size() ? static_cast<std::uint64_t>(fraction[i] - '0') : 0);
    }
  }
  const auto count = static_cast<std::int64_t>(seconds * kBillion + nanoseconds);
  return std::chrono::nanoseconds(negative ? -count : count);
}

}  // namespace stapsh::client
