// SPDX-License-Identifier: Apache-2.0
#include "libvirt/domain_ports.h"

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>

#include "base/parse_int.h"

namespace stapsh::libvirt {
namespace {

constexpr std::string_view kPortPrefix = "org.systemtap.stapsh.";
constexpr std::string_view kSessionAliasPrefix = "ua-rstap-session-";
constexpr unsigned kNumberMax = 1'000'000;

class StringWriter : public pugi::xml_writer {
 public:
  void write(const void* data, std::size_t size) override { text_.append(static_cast<const char*>(data), size); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string text_of(const pugi::xml_node& node) {
  StringWriter writer;
  node.print(writer, "", pugi::format_raw);
  return writer.take();
}

bool has(const pugi::xml_node& node, const char* attribute, std::string_view value) {
  return node.attribute(attribute).value() == value;
}

std::optional<unsigned> number_of(const pugi::xml_node& channel) {
  const pugi::xml_node target = channel.child("target");
  const std::string_view name = target.attribute("name").value();
  if (!has(target, "type", "virtio") || !name.starts_with(kPortPrefix)) return std::nullopt;
  const auto number = parse_int<unsigned>(name.substr(kPortPrefix.size()), 0, kNumberMax);
  if (!number) return std::nullopt;
  return *number;
}

}  // namespace

std::string Port::name() const { return std::string(kPortPrefix) + std::to_string(number); }

Result<DomainPorts> read_ports(std::string_view domain_xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(domain_xml.data(), domain_xml.size());
  if (!parsed) return fail(Errc::kPeer, std::string("the domain's XML: ") + parsed.description());
  const pugi::xml_node domain = document.child("domain");
  if (!domain) return fail(Errc::kPeer, "the domain's XML has no <domain>");
  DomainPorts result;
  result.is_qemu = has(domain, "type", "qemu") || has(domain, "type", "kvm");
  const pugi::xml_node devices = domain.child("devices");
  for (const pugi::xml_node& controller : devices.children("controller")) {
    if (has(controller, "type", "virtio-serial")) result.has_controller = true;
  }
  for (const pugi::xml_node& channel : devices.children("channel")) {
    const std::optional<unsigned> number = number_of(channel);
    if (!number) continue;
    result.numbers.push_back(*number);
    if (!has(channel, "type", "unix")) continue;
    Port port;
    port.number = *number;
    port.path = channel.child("source").attribute("path").value();
    port.guest_listens = has(channel.child("target"), "state", "connected");
    port.for_session =
        std::string_view(channel.child("alias").attribute("name").value()).starts_with(kSessionAliasPrefix);
    port.xml = text_of(channel);
    result.ports.push_back(std::move(port));
  }
  std::ranges::sort(result.ports, {}, &Port::number);
  return result;
}

unsigned free_number(const DomainPorts& live, const DomainPorts& defined) {
  const auto taken = [](const DomainPorts& ports, unsigned number) {
    return std::ranges::find(ports.numbers, number) != ports.numbers.end();
  };
  unsigned number = 0;
  while (taken(live, number) || taken(defined, number)) ++number;
  return number;
}

std::string port_xml(unsigned number, bool for_session, const std::optional<std::string>& path) {
  pugi::xml_document document;
  pugi::xml_node channel = document.append_child("channel");
  channel.append_attribute("type") = "unix";
  if (path) {
    pugi::xml_node source = channel.append_child("source");
    source.append_attribute("mode") = "bind";
    source.append_attribute("path") = path->c_str();
  }
  pugi::xml_node target = channel.append_child("target");
  target.append_attribute("type") = "virtio";
  target.append_attribute("name") = (std::string(kPortPrefix) + std::to_string(number)).c_str();
  if (for_session) {
    const std::string alias = std::string(kSessionAliasPrefix) + std::to_string(number);
    channel.append_child("alias").append_attribute("name") = alias.c_str();
  }
  return text_of(channel);
}

}  // namespace stapsh::libvirt
