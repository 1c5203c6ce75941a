// SPDX-License-Identifier: Apache-2.0
// Speed: output that is plain, which is nearly all, costs one scan of eight bytes at a time and one copy.
#include "client/output/terminal_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/shown_text.h"
#include "base/utf8.h"
#include "client/output/unseen_characters.h"

namespace stapsh::client {
namespace {

// Of ESC, '[', numbers, 'm'. Real ones have less than 40 bytes.
constexpr std::size_t kColourBytesMax = 64;
// What is in front of a line's first words and can't be seen: more of it is no accident.
constexpr std::size_t kUnseenBytesMax = 1'024;

constexpr std::uint64_t repeated(unsigned char byte) { return 0x0101010101010101U * byte; }

// Whether one of eight bytes may be no plain character: below ' ', 127, or above. (A tab or newline is looked at
// again.)
bool needs_a_look(std::uint64_t eight) {
  constexpr std::uint64_t kHigh = repeated(0x80);
  const std::uint64_t below_blank = (eight - repeated(' ')) & ~eight;
  const std::uint64_t without_127 = eight ^ repeated(0x7f);
  const std::uint64_t is_127 = (without_127 - repeated(1)) & ~without_127;
  return ((eight | below_blank | is_127) & kHigh) != 0;
}

bool is_plain(unsigned char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t'; }

// How many bytes of `text` are plain.
std::size_t plain_bytes(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t eight = 0;
    if (text.size() - at >= sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if (!needs_a_look(eight)) {
        at += sizeof eight;
        continue;
      }
    }
    const std::size_t end = std::min(text.size(), at + sizeof eight);
    for (; at < end; ++at) {
      if (!is_plain(static_cast<unsigned char>(text[at]))) return at;
    }
  }
  return at;
}

struct Piece {
  enum class Kind { kText, kColour, kSpelled, kUnfinished } kind;
  std::size_t bytes;
};

// ESC [ numbers m.
Piece escape_piece(std::string_view text) {
  const Piece spelled{Piece::Kind::kSpelled, 1};
  if (text.size() > 1 && text[1] != '[') return spelled;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  if (text.size() < 2 || end == std::string_view::npos) {
    return text.size() < kColourBytesMax ? Piece{Piece::Kind::kUnfinished, text.size()} : spelled;
  }
  return text[end] == 'm' && end < kColourBytesMax ? Piece{Piece::Kind::kColour, end + 1} : spelled;
}

Piece first_piece(std::string_view text) {
  using Kind = Piece::Kind;
  if (is_plain(static_cast<unsigned char>(text.front()))) return {Kind::kText, 1};
  if (text.front() == '\033') return escape_piece(text);
  if (text.front() == '\r') {
    if (text.size() == 1) return {Kind::kUnfinished, 1};
    return text[1] == '\n' ? Piece{Kind::kText, 1} : Piece{Kind::kSpelled, 1};
  }
  const Utf8Character character = first_character(text);
  if (character.kind == Utf8Character::Kind::kUnfinished) return {Kind::kUnfinished, character.bytes};
  const bool shown = character.kind == Utf8Character::Kind::kWhole && !is_control(character.code);
  return {shown ? Kind::kText : Kind::kSpelled, character.bytes};
}

// How many bytes of `text` are text, up to a piece that is something else.
std::size_t text_bytes(std::string_view text) {
  std::size_t at = 0;
  while (true) {
    at += plain_bytes(text.substr(at));
    if (at == text.size()) return at;
    const Piece piece = first_piece(text.substr(at));
    if (piece.kind != Piece::Kind::kText) return at;
    at += piece.bytes;
  }
}

// A colour ends with its line, whoever turned it on: the other stream may be on the same terminal.
void append_text(OutputBuffer& out, std::string_view text) {
  if (out.coloured()) {
    // A carriage return, if there is one, is before the newline of its own line.
    const std::size_t newline = text.find('\n');
    if (newline != std::string_view::npos) {
      out.append(text.substr(0, newline));
      out.end_colour();
      text.remove_prefix(newline);
    }
  }
  out.append(text);
}

}  // namespace

bool is_plain(std::string_view bytes) { return plain_bytes(bytes) == bytes.size(); }

void TerminalText::append(OutputBuffer& out, std::string_view bytes) {
  std::string joined;
  if (!waiting_.empty()) {
    joined = std::exchange(waiting_, {}).append(bytes);
    bytes = joined;
  }
  while (!bytes.empty()) {
    if (const std::size_t size = text_bytes(bytes); size > 0) {
      append_text(out, bytes.substr(0, size));
      bytes.remove_prefix(size);
      continue;
    }
    Piece piece = first_piece(bytes);
    if (piece.kind == Piece::Kind::kUnfinished) {
      waiting_ = bytes;
      return;
    }
    if (piece.kind == Piece::Kind::kColour) {
      const std::string_view colour = bytes.substr(0, piece.bytes);
      out.append(colour);
      out.set_coloured(colour != "\033[m" && colour != OutputBuffer::kEndColour);
    } else {
      out.append(spelled_character(bytes, piece.bytes));
    }
    bytes.remove_prefix(piece.bytes);
  }
}

void TerminalText::finish(OutputBuffer& out) {
  const std::string rest = std::exchange(waiting_, {});
  for (std::string_view left = rest; !left.empty();) {
    std::size_t bytes = 0;
    const std::string spelled = spelled_character(left, bytes);
    out.append(spelled.empty() ? left.substr(0, bytes) : std::string_view(spelled));
    left.remove_prefix(bytes);
  }
  out.end_colour();
}

void append_terminal_line(OutputBuffer& out, std::string_view line) {
  TerminalText text;
  text.append(out, line);
  text.append(out, "\n");
  text.finish(out);
}

std::string take_seen(std::string_view& text) {
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    if (piece.kind == Piece::Kind::kUnfinished) return {};
    const std::string_view bytes = text.substr(0, piece.bytes);
    std::size_t ignored = 0;
    if (piece.kind == Piece::Kind::kSpelled) {
      std::string spelled = spelled_character(text, ignored);
      text.remove_prefix(piece.bytes);
      return spelled;
    }
    text.remove_prefix(piece.bytes);
    if (piece.kind == Piece::Kind::kText && !is_unseen(first_character(bytes).code)) return std::string(bytes);
  }
  return {};
}

std::optional<bool> LookAlike::add(std::string_view bytes) {
  line_ += bytes;
  while (!word_left_.empty()) {
    std::string_view left = std::string_view(line_).substr(looked_);
    const std::string seen = take_seen(left);
    looked_ = line_.size() - left.size();
    if (seen.empty()) return line_.size() <= kUnseenBytesMax ? std::nullopt : std::optional<bool>(true);
    if (!word_left_.starts_with(seen)) return false;
    word_left_.remove_prefix(seen.size());
  }
  return true;
}

std::optional<bool> looks_like(std::string_view bytes, std::string_view word) { return LookAlike(word).add(bytes); }

std::string seen_text(std::string_view line, std::size_t characters_max) {
  std::string text;
  for (std::size_t count = 0; count < characters_max; ++count) {
    const std::string seen = take_seen(line);
    if (seen.empty()) break;
    text += seen;
  }
  return text;
}

}  // namespace stapsh::client
