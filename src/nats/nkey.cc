// SPDX-License-Identifier: Apache-2.0
// A seed's text is base32 of: two bytes that say "seed" and of what, 32 bytes of secret, and a CRC-16.
#include "nats/nkey.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "nats/ed25519.h"
#include "sys/private_file.h"

namespace stapsh::nats {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr unsigned kSeedPrefix = 18U << 3U, kUserPrefix = 20U << 3U;
constexpr std::size_t kSeedBytes = 2 + kSecretBytes + 2, kFileBytesMax = 16'384;

// XMODEM's: polynomial 0x1021, from 0.
std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (const char each : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(each)) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = ((crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U) & 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string encoded(std::string bytes) {
  const std::uint16_t crc = crc16(bytes);
  bytes += static_cast<char>(crc & 0xffU);
  bytes += static_cast<char>(crc >> 8U);
  std::string text;
  unsigned held = 0, bits = 0;
  for (const char each : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(each);
    for (bits += 8; bits >= 5; bits -= 5) text += kLetters[(held >> (bits - 5)) & 31U];
    held &= (1U << bits) - 1;
  }
  if (bits > 0) text += kLetters[(held << (5 - bits)) & 31U];
  return text;
}

// Without the CRC; none if it is wrong.
std::optional<std::string> decoded(std::string_view text) {
  std::string bytes;
  unsigned held = 0, bits = 0;
  for (const char each : text) {
    const std::size_t value = kLetters.find(each);
    if (value == std::string_view::npos) return std::nullopt;
    held = ((held << 5U) | static_cast<unsigned>(value)) & 0xfffU;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((held >> bits) & 0xffU);
  }
  if (bytes.size() < 3) return std::nullopt;
  std::string payload = bytes.substr(0, bytes.size() - 2);
  if (encoded(payload) != text) return std::nullopt;
  return payload;
}

Result<Nkey> of_secret(std::string_view secret) {
  const std::string public_bytes = TRY(public_key_of(secret));
  // Five bits of the first byte belong to the seed's prefix, and three to that of what it is a seed of.
  std::string seed{static_cast<char>(kSeedPrefix | (kUserPrefix >> 5U)), static_cast<char>((kUserPrefix & 31U) << 3U)};
  return Nkey{encoded(seed.append(secret)), encoded(std::string(1, static_cast<char>(kUserPrefix)) + public_bytes)};
}

}  // namespace

Result<Nkey> nkey_of_seed(std::string_view seed) {
  const std::optional<std::string> bytes = decoded(seed);
  if (!bytes || bytes->size() + 2 != kSeedBytes) return fail(Errc::kUsage, "it is no NKey seed");
  Nkey key = TRY(of_secret(std::string_view(*bytes).substr(2)));
  if (key.seed != seed) return fail(Errc::kUsage, "it is no NKey seed of a user (SU…)");
  return key;
}

Result<std::string> sign_nonce(const Nkey& key, std::string_view nonce) {
  const std::optional<std::string> bytes = decoded(key.seed);
  if (!bytes) return fail(Errc::kUsage, "it is no NKey seed");
  return sign(std::string_view(*bytes).substr(2), nonce);
}

Result<Nkey> make_nkey() {
  std::string secret(kSecretBytes, '\0');
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
    return fail_errno("getrandom", errno);
  }
  return of_secret(secret);
}

Result<Nkey> read_nkey(const std::string& path) {
  const std::string text = TRY(sys::read_private_file(path, kFileBytesMax));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with("SU")) continue;
    Result<Nkey> key = nkey_of_seed(line);
    if (!key) return add_context(path, key.error());
    return key;
  }
  return fail(Errc::kUsage, path + ": has no NKey seed (a line SU…); make one: nk -gen user");
}

}  // namespace stapsh::nats
