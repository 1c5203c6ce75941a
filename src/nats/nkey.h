// SPDX-License-Identifier: Apache-2.0
// NKeys, by which a broker knows hosts and people: Ed25519 keys in letters. The seed (SU…) is the secret, the public
// key (U…) what the broker's configuration has.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace stapsh::nats {

struct Nkey {
  std::string seed;        ///< 58 letters and digits, SU….
  std::string public_key;  ///< 56, U….
};

/// The key of a user's seed. kUsage: it is none. kSystem: OpenSSL's library is not here.
Result<Nkey> nkey_of_seed(std::string_view seed);

/// The broker's question, signed: 64 bytes.
Result<std::string> sign_nonce(const Nkey& key, std::string_view nonce);

/// A new one.
Result<Nkey> make_nkey();

/// The first seed among the lines of a file, as `nk -gen user` writes it. The Error names the file.
Result<Nkey> read_nkey(const std::string& path);

}  // namespace stapsh::nats
