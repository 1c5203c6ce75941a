// SPDX-License-Identifier: Apache-2.0
#include "nats/options.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "nats/nkey.h"

namespace stapsh::nats {
namespace {

constexpr int kPingsUnanswered = 2;

// It is read when the broker asks who we are: too late to say that it is not there.
Result<> check_readable(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) return fail_named(path, errno);
  return {};
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
  if (!settings.nkey_file.empty()) {
    const Nkey key = TRY(read_nkey(settings.nkey_file));
    TRY(check(settings.nkey_file,
              api_.natsOptions_SetNKeyFromSeed(options_, key.public_key.c_str(), settings.nkey_file.c_str())));
  }
  const std::string& credentials = settings.credentials_file;
  if (credentials.empty()) return {};
  TRY(check_readable(credentials));
  return check(credentials, api_.natsOptions_SetUserCredentialsFromFiles(options_, credentials.c_str(), nullptr));
}

Result<> Options::fill_tls(const Settings& settings) {
  TRY(check("TLS", api_.natsOptions_SetSecure(options_, true)));
  const std::string &ca = settings.ca_file, &certificate = settings.certificate_file, &key = settings.key_file;
  if (!ca.empty()) TRY(check(ca, api_.natsOptions_LoadCATrustedCertificates(options_, ca.c_str())));
  if (certificate.empty()) return {};
  return check(certificate + ", " + key,
               api_.natsOptions_LoadCertificatesChain(options_, certificate.c_str(), key.c_str()));
}

Result<> Options::check(const std::string& what, natsStatus status) const {
  if (status == NATS_OK) return {};
  const char* const detail = api_.nats_GetLastError(nullptr);
  return fail(Errc::kUsage, what + ": " + (detail != nullptr ? detail : api_.natsStatus_GetText(status)));
}

}  // namespace stapsh::nats
