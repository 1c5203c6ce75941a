// SPDX-License-Identifier: Apache-2.0
#include "broker/message.h"

#include <array>

#include "base/overloaded.h"
#include "base/sha256.h"
#include "base/shown_text.h"

namespace stapsh::broker {
namespace {

constexpr std::size_t kHeadBytes = 9;
constexpr std::size_t kSha256Digits = 64;
constexpr std::size_t kStoredFileBytes = kHeadBytes + 8 + 4 + kSha256Digits;

void put(std::string& to, std::uint64_t number, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) to += static_cast<char>((number >> (8 * i)) & 0xffU);
}

std::uint64_t get(std::string_view from, std::size_t at, unsigned bytes) {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < bytes; ++i) number = number << 8U | static_cast<unsigned char>(from[at + i]);
  return number;
}

std::string head(char kind, std::uint64_t number, std::size_t more = 0) {
  std::string bytes;
  bytes.reserve(kHeadBytes + more);
  bytes += kind;
  put(bytes, number, 8);
  return bytes;
}

// With what says that it was cut.
std::string fitting_reason(std::string_view reason) {
  constexpr std::size_t kCutBytes = 3;
  std::string shown = shown_text(reason, kReasonBytesMax);
  return shown.size() <= kReasonBytesMax ? shown : shown_text(reason, kReasonBytesMax - kCutBytes);
}

Result<Message> decode_file(std::uint64_t offset, std::string_view bytes) {
  StoredFile file{offset, 0, 0, {}};
  if (bytes.size() != kStoredFileBytes) return fail(Errc::kPeer, "a stored file of another length");
  file.size = get(bytes, kHeadBytes, 8);
  file.spread_ms = static_cast<std::uint32_t>(get(bytes, kHeadBytes + 8, 4));
  file.sha256 = bytes.substr(kStoredFileBytes - kSha256Digits);
  if (file.size == 0 || file.size > kFileBytesMax) return fail(Errc::kPeer, "a stored file of an impossible size");
  if (file.spread_ms > kFileSpreadMsMax) {
    return fail(Errc::kPeer, "a stored file whose spread is more than " + std::to_string(kFileSpreadMsMax) + " ms");
  }
  if (!is_sha256_hex(file.sha256)) return fail(Errc::kPeer, "a stored file whose digest is none");
  return file;
}

}  // namespace

std::string encode(const Message& message) {
  return std::visit(
      Overloaded{
          [](const Open& open) { return head('o', open.credit); },
          [](const Data& data) { return head('d', data.offset, data.bytes.size()).append(data.bytes); },
          [](const StoredFile& file) {
            std::string bytes = head('f', file.offset, kStoredFileBytes - kHeadBytes);
            put(bytes, file.size, 8);
            put(bytes, file.spread_ms, 4);
            return bytes + file.sha256;
          },
          [](const WantPiece& want) { return head('w', want.offset); },
          [](const Piece& piece) { return head('p', piece.offset, piece.bytes.size()).append(piece.bytes); },
          [](const Credit& credit) { return head('c', credit.until); },
          [](const End& end) { return head('e', end.offset); },
          [](const Reset& reset) { return head('r', 0) + fitting_reason(reset.reason); },
      },
      message);
}

Result<Message> decode(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return fail(Errc::kPeer, "a message without its head");
  const std::uint64_t number = get(bytes, 1, 8);
  const std::string_view rest = bytes.substr(kHeadBytes);
  switch (bytes[0]) {
    case 'd':
      if (rest.empty() || rest.size() > kDataBytesMax) return fail(Errc::kPeer, "data of an impossible size");
      return Data{number, rest};
    case 'p':
      if (rest.empty() || rest.size() > kPieceBytes) return fail(Errc::kPeer, "a piece of an impossible size");
      return Piece{number, rest};
    case 'f':
      return decode_file(number, bytes);
    case 'r':
      return Reset{fitting_reason(rest)};
    case 'o':
    case 'w':
    case 'c':
    case 'e':
      if (!rest.empty()) return fail(Errc::kPeer, "a message with something behind it");
      if (bytes[0] == 'o') return Open{number};
      if (bytes[0] == 'w') return WantPiece{number};
      if (bytes[0] == 'c') return Credit{number};
      return End{number};
    default:
      return fail(Errc::kPeer, "a message of a kind that is not known: " + shown_text(bytes.substr(0, 1), 4));
  }
}

}  // namespace stapsh::broker
