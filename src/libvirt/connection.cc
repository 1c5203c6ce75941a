// SPDX-License-Identifier: Apache-2.0
#include "libvirt/connection.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "base/parse_int.h"

namespace stapsh::libvirt {
namespace {

auto failure(const Api& api, const std::string& what) { return fail(Errc::kSystem, what + ": " + last_error(api)); }

unsigned flags_of(Scope scope) { return scope == Scope::kLive ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG; }

/// A text that libvirt allocated.
std::string take_text(char* text) {
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  return text != nullptr ? text : "";
}

}  // namespace

Result<std::size_t> Channel::send(std::string_view bytes) {
  const int sent = api_->virStreamSend(stream_.get(), bytes.data(), bytes.size());
  if (sent < 0) return failure(*api_, "the connection to libvirt");
  return static_cast<std::size_t>(sent);
}

Result<std::size_t> Channel::receive(std::span<char> buffer) {
  const int got = api_->virStreamRecv(stream_.get(), buffer.data(), buffer.size());
  if (got < 0) return failure(*api_, "the connection to libvirt");
  return static_cast<std::size_t>(got);
}

void Channel::finish() {
  (void)api_->virStreamFinish(stream_.get());  // A stream that is broken is finished, too.
}

std::string Domain::name() const { return api_->virDomainGetName(domain_.get()); }

Result<std::string> Domain::uuid() const {
  std::array<char, VIR_UUID_STRING_BUFLEN> text{};
  if (api_->virDomainGetUUIDString(domain_.get(), text.data()) < 0) return failure(*api_, "domain " + name());
  return std::string(text.data());
}

Result<std::string> Domain::state() const {
  int state = 0;
  if (api_->virDomainGetState(domain_.get(), &state, nullptr, 0) < 0) return failure(*api_, "domain " + name());
  switch (state) {
    case VIR_DOMAIN_RUNNING:
      return "running";
    case VIR_DOMAIN_BLOCKED:
      return "idle";
    case VIR_DOMAIN_PAUSED:
      return "paused";
    case VIR_DOMAIN_SHUTDOWN:
      return "in shutdown";
    case VIR_DOMAIN_SHUTOFF:
      return "shut off";
    case VIR_DOMAIN_CRASHED:
      return "crashed";
    case VIR_DOMAIN_PMSUSPENDED:
      return "pmsuspended";
    default:
      return "no state";
  }
}

bool Domain::is_active() const { return api_->virDomainIsActive(domain_.get()) == 1; }

bool Domain::has_ended() const {
  const int active = api_->virDomainIsActive(domain_.get());
  return active == 0 || (active < 0 && last_error_code(*api_) == VIR_ERR_NO_DOMAIN);
}

bool Domain::is_persistent() const { return api_->virDomainIsPersistent(domain_.get()) == 1; }

Result<DomainPorts> Domain::ports(Scope scope) const {
  unsigned flags = 0;
  if (scope == Scope::kDefined) flags = VIR_DOMAIN_XML_INACTIVE;
  char* const xml = api_->virDomainGetXMLDesc(domain_.get(), flags);
  if (xml == nullptr) return failure(*api_, "domain " + name());
  return read_ports(take_text(xml));
}

Result<> Domain::plug(const std::string& device_xml, Scope scope) {
  if (api_->virDomainAttachDeviceFlags(domain_.get(), device_xml.c_str(), flags_of(scope)) == 0) return {};
  return fail(Errc::kSystem, last_error(*api_));
}

Result<> Domain::unplug(const Port& port, Scope scope) {
  if (api_->virDomainDetachDeviceFlags(domain_.get(), port.xml.c_str(), flags_of(scope)) == 0) return {};
  return failure(*api_, "domain " + name() + ": port " + port.name() + " can't be removed");
}

Result<std::optional<Channel>> Domain::open_channel(const Port& port) {
  Channel::Stream stream(api_->virStreamNew(connection_, 0), {api_});
  if (!stream || api_->virDomainOpenChannel(domain_.get(), port.name().c_str(), stream.get(), 0) < 0) {
    // "Active channel stream exists for this domain".
    if (last_error_code(*api_) == VIR_ERR_OPERATION_FAILED) return std::optional<Channel>();
    return failure(*api_, "domain " + name() + ": port " + port.name());
  }
  return std::optional<Channel>(Channel(*api_, std::move(stream)));
}

Result<Connection> Connection::open(const std::string& uri) {
  const Api* const api = TRY(load_api());
  Pointer connection(api->virConnectOpen(uri.empty() ? nullptr : uri.c_str()), {api});
  if (!connection) {
    return fail(Errc::kSystem, (uri.empty() ? "libvirt's default" : uri) + " can't be reached: " + last_error(*api) +
                                   "; is libvirt's daemon running there, and may you use it? (virsh -c URI list)");
  }
  std::string reached = take_text(api->virConnectGetURI(connection.get()));
  return Connection(*api, std::move(connection), std::move(reached));
}

Result<std::vector<Domain>> Connection::domains() {
  virDomainPtr* all = nullptr;
  const int count = api_->virConnectListAllDomains(connection_.get(), &all, 0);
  if (count < 0) return failure(*api_, uri_);
  const std::unique_ptr<virDomainPtr, decltype(&std::free)> owner(all, &std::free);
  std::vector<Domain> result;
  for (virDomainPtr domain : std::span(all, static_cast<std::size_t>(count))) {
    result.push_back(Domain(*api_, connection_.get(), Domain::Pointer(domain, {api_})));
  }
  return result;
}

Result<Domain> Connection::find(const std::string& domain) {
  virDomainPtr found = api_->virDomainLookupByName(connection_.get(), domain.c_str());
  if (found == nullptr) {
    if (last_error_code(*api_) != VIR_ERR_NO_DOMAIN) return failure(*api_, uri_);
    const auto id = parse_int<int>(domain, 0, 0x7fff'ffff);
    found = id ? api_->virDomainLookupByID(connection_.get(), *id)
               : api_->virDomainLookupByUUIDString(connection_.get(), domain.c_str());
  }
  if (found == nullptr) {
    return fail(Errc::kUsage, "no domain '" + domain + "' at " + uri_ + "; see rstap guest list -c " + uri_);
  }
  return Domain(*api_, connection_.get(), Domain::Pointer(found, {api_}));
}

}  // namespace stapsh::libvirt
