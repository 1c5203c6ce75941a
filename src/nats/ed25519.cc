// SPDX-License-Identifier: Apache-2.0
// NOLINTBEGIN(*-reinterpret-cast): dlsym, and OpenSSL's bytes, which are unsigned.
#include "nats/ed25519.h"

#include <dlfcn.h>
#include <openssl/evp.h>

// All that is used of it: in every release since 1.1.1.
#define STAPSH_OPENSSL_FUNCTIONS(X) \
  X(EVP_DigestSign)                 \
  X(EVP_DigestSignInit)             \
  X(EVP_MD_CTX_free)                \
  X(EVP_MD_CTX_new)                 \
  X(EVP_PKEY_free)                  \
  X(EVP_PKEY_get_raw_public_key)    \
  X(EVP_PKEY_new_raw_private_key)

namespace stapsh::nats {
namespace {

constexpr std::size_t kSignatureBytes = 64;

struct OpenSsl {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name can't stand in parentheses.
#define STAPSH_OPENSSL_MEMBER(name) decltype(&::name) name = nullptr;
  STAPSH_OPENSSL_FUNCTIONS(STAPSH_OPENSSL_MEMBER)
#undef STAPSH_OPENSSL_MEMBER
};

Result<OpenSsl> load_openssl() {
  void* library = ::dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = ::dlopen("libcrypto.so.1.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(Errc::kSystem, "OpenSSL's library (libcrypto) is not here; install libssl3");
  OpenSsl loaded;
#define STAPSH_OPENSSL_LOAD(name)                                                 \
  loaded.name = reinterpret_cast<decltype(loaded.name)>(::dlsym(library, #name)); \
  if (loaded.name == nullptr) return fail(Errc::kSystem, "OpenSSL's library has no " #name ": it is too old");
  STAPSH_OPENSSL_FUNCTIONS(STAPSH_OPENSSL_LOAD)
#undef STAPSH_OPENSSL_LOAD
  return loaded;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// `use` has the library and the secret as a key of it; whether it succeeded.
Result<> with_key(std::string_view secret, const auto& use) {
  static const Result<OpenSsl> library = load_openssl();
  if (!library) return fail(library.error());
  EVP_PKEY* const key =
      library->EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(secret), secret.size());
  const bool succeeded = key != nullptr && use(*library, key);
  library->EVP_PKEY_free(key);  // Nothing, of none.
  if (!succeeded) return fail(Errc::kSystem, "OpenSSL has no Ed25519 here");
  return {};
}

}  // namespace

Result<std::string> public_key_of(std::string_view secret) {
  std::string bytes(kSecretBytes, '\0');
  TRY(with_key(secret, [&](const OpenSsl& library, EVP_PKEY* key) {
    std::size_t size = bytes.size();
    return library.EVP_PKEY_get_raw_public_key(key, bytes_of(bytes), &size) == 1 && size == bytes.size();
  }));
  return bytes;
}

Result<std::string> sign(std::string_view secret, std::string_view message) {
  std::string bytes(kSignatureBytes, '\0');
  TRY(with_key(secret, [&](const OpenSsl& library, EVP_PKEY* key) {
    EVP_MD_CTX* const context = library.EVP_MD_CTX_new();
    std::size_t size = bytes.size();
    const bool signs = context != nullptr && library.EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key) == 1 &&
                       library.EVP_DigestSign(context, bytes_of(bytes), &size, bytes_of(message), message.size()) == 1;
    library.EVP_MD_CTX_free(context);
    return signs && size == bytes.size();
  }));
  return bytes;
}

}  // namespace stapsh::nats
// NOLINTEND(*-reinterpret-cast)
