// SPDX-License-Identifier: Apache-2.0
// Ed25519 by OpenSSL, which comes with libnats and is loaded as that is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace stapsh::nats {

inline constexpr std::size_t kSecretBytes = 32;

/// The public key, 32 bytes, of a secret of kSecretBytes. kSystem: OpenSSL's library is not here.
Result<std::string> public_key_of(std::string_view secret);
/// 64 bytes.
Result<std::string> sign(std::string_view secret, std::string_view message);

}  // namespace stapsh::nats
