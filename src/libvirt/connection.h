// SPDX-License-Identifier: Apache-2.0
// A connection to libvirt, its domains and their channels: libvirt's handles with owners, its failures as Errors that
// name the domain. Calls block until libvirt has answered.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "libvirt/api.h"
#include "libvirt/domain_ports.h"

namespace stapsh::libvirt {

/// One of libvirt's handles.
template <typename T, auto kRelease>
struct Release {
  const Api* api = nullptr;
  void operator()(T* handle) const { (void)(api->*kRelease)(handle); }  // What fails here, the process's end does.
};
template <typename T, auto kRelease>
using Handle = std::unique_ptr<T, Release<T, kRelease>>;

/// A port of a domain, opened: a stream of bytes each way. One thread may send while another receives.
class Channel {
 public:
  /// As many as went. Waits.
  Result<std::size_t> send(std::string_view bytes);
  /// Waits for some; 0: the port was closed.
  Result<std::size_t> receive(std::span<char> buffer);
  /// Says that we are done; when it returns, the port is free for others. Nothing can be sent or received any more.
  void finish();

 private:
  friend class Domain;
  using Stream = Handle<virStream, &Api::virStreamFree>;
  Channel(const Api& api, Stream stream) : api_(&api), stream_(std::move(stream)) {}

  const Api* api_;
  Stream stream_;
};

/// Whether a change is for the running domain or for the next time that it starts.
enum class Scope { kLive, kDefined };

class Domain {
 public:
  [[nodiscard]] std::string name() const;
  [[nodiscard]] Result<std::string> uuid() const;
  /// "running", "shut off" and so on, as virsh calls them.
  [[nodiscard]] Result<std::string> state() const;
  [[nodiscard]] bool is_active() const;
  /// libvirt says that it does not run; false also if libvirt does not answer.
  [[nodiscard]] bool has_ended() const;
  /// Defined, so that it stays when it is shut off.
  [[nodiscard]] bool is_persistent() const;

  [[nodiscard]] Result<DomainPorts> ports(Scope scope) const;
  /// The Error is libvirt's reason alone.
  Result<> plug(const std::string& device_xml, Scope scope);
  Result<> unplug(const Port& port, Scope scope);
  /// Nothing if somebody has it open.
  Result<std::optional<Channel>> open_channel(const Port& port);

 private:
  friend class Connection;
  using Pointer = Handle<virDomain, &Api::virDomainFree>;
  Domain(const Api& api, virConnectPtr connection, Pointer domain)
      : api_(&api), connection_(connection), domain_(std::move(domain)) {}

  const Api* api_;
  virConnectPtr connection_;  // Its Connection outlives it.
  Pointer domain_;
};

class Connection {
 public:
  /// `uri`: empty for libvirt's default. Loads the library.
  static Result<Connection> open(const std::string& uri);

  /// Where it leads, as libvirt spells it.
  [[nodiscard]] const std::string& uri() const { return uri_; }
  /// All of them, running or not.
  Result<std::vector<Domain>> domains();
  /// By its name, its UUID, or the number of a running one, in this order.
  Result<Domain> find(const std::string& domain);

 private:
  using Pointer = Handle<virConnect, &Api::virConnectClose>;
  Connection(const Api& api, Pointer connection, std::string uri)
      : api_(&api), connection_(std::move(connection)), uri_(std::move(uri)) {}

  const Api* api_;
  Pointer connection_;
  std::string uri_;
};

}  // namespace stapsh::libvirt
