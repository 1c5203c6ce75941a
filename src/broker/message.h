// SPDX-License-Identifier: Apache-2.0
// One message of a session that goes through a broker: a kind, a number of 8 bytes (big-endian), and what belongs to
// the kind. Each direction is a stream of bytes with offsets of its own, so what is lost, repeated or out of order
// shows. docs/fleet.md has the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace stapsh::broker {

/// Of a Data.
inline constexpr std::size_t kDataBytesMax = 16'384;
/// Of the pieces that a stored file is cut into; the last may be shorter.
inline constexpr std::size_t kPieceBytes = 16'384;
inline constexpr std::size_t kPiecesAtATime = 2;
/// Why a client resets what it is not waiting for any more.
inline constexpr std::string_view kFarewell = "rstap has ended";
/// Why a link resets what it has, and opens nothing more.
inline constexpr std::string_view kStopping = "the link is being stopped";
inline constexpr std::size_t kReasonBytesMax = 400;
/// Of a file that is stored.
inline constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 32U;
/// How long a client may have hosts wait before they fetch one.
inline constexpr std::uint32_t kFileSpreadMsMax = 60'000;

/// The first of a session, from its client: begin it. What is asked first may follow at once (Stream::kFirstCredit); a
/// host that will not answers with a Reset and its reason.
struct Open {
  std::uint64_t credit = 0;  ///< See Credit.
  bool operator==(const Open&) const = default;
};
struct Data {
  std::uint64_t offset = 0;
  std::string_view bytes;  ///< 1 to kDataBytesMax; lent.
  bool operator==(const Data&) const = default;
};
/// In the place of `size` bytes of data: those of the file with that digest, which the receiver fetches by itself
/// (Subjects::file). They take no credit. From client to host alone.
struct StoredFile {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;       ///< 1 to kFileBytesMax.
  std::uint32_t spread_ms = 0;  ///< At most kFileSpreadMsMax. It begins to fetch after a random part of that: all
                                ///< hosts at once are a flood.
  std::string sha256;           ///< In hexadecimal digits.
  bool operator==(const StoredFile&) const = default;
};
/// A host can't fetch a stored file, and asks for the piece that begins at this offset of the session; for
/// kPiecesAtATime of them before one has come.
struct WantPiece {
  std::uint64_t offset = 0;
  bool operator==(const WantPiece&) const = default;
};
/// The answer to it. It takes no credit, and no offset moves: the StoredFile has moved it along.
struct Piece {
  std::uint64_t offset = 0;  ///< As the WantPiece had it.
  std::string_view bytes;    ///< 1 to kPieceBytes; lent.
  bool operator==(const Piece&) const = default;
};
/// The receiver of it may send so many bytes of data in all, from the session's beginning. Stored files don't count.
struct Credit {
  std::uint64_t until = 0;
  bool operator==(const Credit&) const = default;
};
/// Nothing comes behind this offset.
struct End {
  std::uint64_t offset = 0;
  bool operator==(const End&) const = default;
};
/// The session is over, in both directions; who receives it answers nothing.
struct Reset {
  std::string reason;  ///< For a person; may be empty, is printable, at most kReasonBytesMax.
  bool operator==(const Reset&) const = default;
};

using Message = std::variant<Open, Data, StoredFile, WantPiece, Piece, Credit, End, Reset>;

std::string encode(const Message& message);

/// The views of the message are `bytes`'. kPeer says what is wrong.
Result<Message> decode(std::string_view bytes);

}  // namespace stapsh::broker
