// SPDX-License-Identifier: Apache-2.0
#include "nats/options.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sys/private_file.h"

namespace stapsh::nats {
namespace {

constexpr int kPingsUnanswered = 2;

constexpr std::size_t kCredentialsBytesMax = 65'536;

// Of a file as nsc(1) writes it: the line behind -----BEGIN NATS USER JWT-----.
Result<std::string> read_jwt(const std::string& path) {
  const std::string text = TRY(sys::read_private_file(path, kCredentialsBytesMax));
  const std::size_t mark = text.find("BEGIN NATS USER JWT");
  const std::size_t begin = mark == std::string::npos ? mark : text.find('\n', mark);
  if (begin == std::string::npos) return fail(Errc::kUsage, path + ": has no user's JWT; it is no credentials file");
  return text.substr(begin + 1, text.find_first_of("\r\n", begin + 1) - begin - 1);
}

}  // namespace

Result<Options> Options::create(const Api& api, const Settings& settings) {
  natsOptions* made = nullptr;
  if (api.natsOptions_Create(&made) != NATS_OK) return fail(Errc::kSystem, "libnats is out of memory");
  Options options(api, made);
  TRY(options.fill(settings));
  return options;
}

Options::~Options() {
  if (options_ != nullptr) api_.natsOptions_Destroy(options_);
}

Result<> Options::fill(const Settings& settings) {
  std::vector<const char*> servers;
  for (const std::string& server : settings.servers) servers.push_back(server.c_str());
  TRY(check("servers", api_.natsOptions_SetServers(options_, servers.data(), static_cast<int>(servers.size()))));
  TRY(check("name", api_.natsOptions_SetName(options_, settings.name.c_str())));
  TRY(check("timeout", api_.natsOptions_SetTimeout(options_, milliseconds(settings.connect_limit))));
  TRY(check("deadline", api_.natsOptions_SetWriteDeadline(options_, milliseconds(settings.write_limit))));
  TRY(check("ping", api_.natsOptions_SetPingInterval(options_, milliseconds(settings.ping_interval))));
  TRY(check("ping", api_.natsOptions_SetMaxPingsOut(options_, kPingsUnanswered)));
  TRY(check("reconnect", api_.natsOptions_SetAllowReconnect(options_, false)));
  if (settings.tls) TRY(fill_tls(settings));
  return fill_identity(settings);
}

Result<> Options::fill_identity(const Settings& settings) {
  const std::string &nkey = settings.nkey_file, &credentials = settings.credentials_file;
  if (!nkey.empty()) {
    identity_ = std::make_unique<Identity>(Identity{TRY(read_nkey(nkey))});
    const char* const public_key = identity_->key.public_key.c_str();
    return check(nkey, api_.natsOptions_SetNKey(options_, public_key, sign_nonce, identity_.get()));
  }
  if (credentials.empty()) return {};
  const std::string jwt = TRY(read_jwt(credentials));
  identity_ = std::make_unique<Identity>(Identity{TRY(read_nkey(credentials)), jwt});
  return check(credentials, api_.natsOptions_SetUserCredentialsCallbacks(options_, tell_jwt, identity_.get(),
                                                                         sign_nonce, identity_.get()));
}

// It frees what it is given.
natsStatus Options::sign_nonce(char** error, unsigned char** signature, int* size, const char* nonce, void* closure) {
  Identity& identity = *static_cast<Identity*>(closure);
  const Result<std::string> bytes = nats::sign_nonce(identity.key, nonce);
  identity.unlucky = bytes && bytes->front() == '\0';
  if (!bytes || identity.unlucky) {
    *error = ::strdup(bytes ? "a signature that libnats would not send" : bytes.error().what.c_str());
    return NATS_ERR;
  }
  *signature = static_cast<unsigned char*>(std::malloc(bytes->size()));
  if (*signature == nullptr) return NATS_NO_MEMORY;
  std::memcpy(*signature, bytes->data(), bytes->size());
  *size = static_cast<int>(bytes->size());
  return NATS_OK;
}

natsStatus Options::tell_jwt(char** jwt, char**, void* closure) {
  *jwt = ::strdup(static_cast<const Identity*>(closure)->jwt.c_str());
  return *jwt != nullptr ? NATS_OK : NATS_NO_MEMORY;
}

Result<> Options::fill_tls(const Settings& settings) {
  TRY(check("TLS", api_.natsOptions_SetSecure(options_, true)));
  const std::string &ca = settings.ca_file, &certificate = settings.certificate_file, &key = settings.key_file;
  if (!ca.empty()) TRY(check(ca, api_.natsOptions_LoadCATrustedCertificates(options_, ca.c_str())));
  if (certificate.empty()) return {};
  TRY(sys::check_private_file(key));
  return check(certificate + ", " + key,
               api_.natsOptions_LoadCertificatesChain(options_, certificate.c_str(), key.c_str()));
}

Result<> Options::check(const std::string& what, natsStatus status) const {
  if (status == NATS_OK) return {};
  const char* const detail = api_.nats_GetLastError(nullptr);
  return fail(Errc::kUsage, what + ": " + (detail != nullptr ? detail : api_.natsStatus_GetText(status)));
}

}  // namespace stapsh::nats
