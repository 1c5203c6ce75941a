// SPDX-License-Identifier: Apache-2.0
#include "libvirt/domain_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::libvirt {
namespace {

using testing::ElementsAre;

DomainPorts must_read(std::string_view xml) {
  auto ports = read_ports(xml);
  EXPECT_TRUE(ports) << ports.error().what;
  return ports ? *std::move(ports) : DomainPorts{};
}

// As libvirt 9.0 prints a running domain, less what nobody here looks at.
constexpr std::string_view kRunning = R"(<domain type='qemu' id='1'>
  <name>g</name>
  <metadata><app:note xmlns:app='urn:x'><channel type='unix'/></app:note></metadata>
  <devices>
    <controller type='pci' index='0' model='pcie-root'><alias name='pcie.0'/></controller>
    <controller type='virtio-serial' index='0'><alias name='virtio-serial0'/></controller>
    <channel type='unix'>
      <source mode='bind' path='/run/c/org.qemu.guest_agent.0'/>
      <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
    </channel>
    <channel type='unix'>
      <source mode='bind' path='/run/c/7'/>
      <target type='virtio' name='org.systemtap.stapsh.7' state='disconnected'/>
      <alias name='ua-rstap-session-7'/>
      <address type='virtio-serial' controller='0' bus='0' port='2'/>
    </channel>
    <channel type='unix'>
      <source mode='bind' path='/run/c/0'/>
      <target type='virtio' name='org.systemtap.stapsh.0' state='connected'/>
      <alias name='channel1'/>
    </channel>
    <channel type='spicevmc'><target type='virtio' name='org.systemtap.stapsh.1'/></channel>
    <channel type='unix'><target type='virtio' name='org.systemtap.stapsh.x'/></channel>
    <channel type='unix'><target type='guestfwd' name='org.systemtap.stapsh.2'/></channel>
  </devices>
</domain>)";

TEST(DomainPorts, OfARunningDomainByNumber) {
  const DomainPorts ports = must_read(kRunning);
  EXPECT_TRUE(ports.is_qemu);
  EXPECT_TRUE(ports.has_controller);
  EXPECT_THAT(ports.numbers, ElementsAre(7, 0, 1));
  ASSERT_EQ(ports.ports.size(), 2U);
  const Port& permanent = ports.ports[0];
  const Port& plugged = ports.ports[1];
  EXPECT_EQ(permanent.name(), "org.systemtap.stapsh.0");
  EXPECT_EQ(permanent.path, "/run/c/0");
  EXPECT_TRUE(permanent.guest_listens);
  EXPECT_FALSE(permanent.for_session);
  EXPECT_FALSE(plugged.guest_listens);
  EXPECT_TRUE(plugged.for_session);
}

TEST(DomainPorts, KeepTheWholeDeviceForUnplugging) {
  EXPECT_EQ(must_read(kRunning).ports[1].xml,
            R"(<channel type="unix"><source mode="bind" path="/run/c/7"/>)"
            R"(<target type="virtio" name="org.systemtap.stapsh.7" state="disconnected"/>)"
            R"(<alias name="ua-rstap-session-7"/>)"
            R"(<address type="virtio-serial" controller="0" bus="0" port="2"/></channel>)");
}

TEST(DomainPorts, OfADefinitionHaveNoPathYet) {
  const DomainPorts ports = must_read(
      "<domain type='kvm'><devices><channel type='unix'><target type='virtio' name='org.systemtap.stapsh.3'/></channel>"
      "</devices></domain>");
  EXPECT_TRUE(ports.is_qemu);
  EXPECT_FALSE(ports.has_controller);
  ASSERT_EQ(ports.ports.size(), 1U);
  EXPECT_EQ(ports.ports[0].path, "");
}

TEST(DomainPorts, OfAnotherHypervisor) { EXPECT_FALSE(must_read("<domain type='lxc'/>").is_qemu); }

TEST(DomainPorts, RefuseWhatIsNoDomain) {
  for (const char* xml : {"", "text", "<domain>", "<network/>", "<domain type='qemu'><devices></domain>"}) {
    SCOPED_TRACE(xml);
    const auto ports = read_ports(xml);
    ASSERT_FALSE(ports);
    EXPECT_EQ(ports.error().code, Errc::kPeer);
    EXPECT_THAT(ports.error().what, testing::HasSubstr("domain's XML"));
  }
}

TEST(FreeNumber, IsTheLowestThatNeitherHas) {
  DomainPorts live;
  DomainPorts defined;
  EXPECT_EQ(free_number(live, defined), 0U);
  live.numbers = {0, 3};
  defined.numbers = {1};
  EXPECT_EQ(free_number(live, defined), 2U);
}

TEST(PortXml, IsReadBackAsItWasMeant) {
  struct Case {
    bool for_session;
    std::optional<std::string> path;
  };
  for (const Case& c : {Case{false, std::nullopt}, Case{true, std::nullopt}, Case{false, "/a'b&<c>/\"d\""}}) {
    SCOPED_TRACE(c.path.value_or("-"));
    const std::string xml = port_xml(5, c.for_session, c.path);
    const DomainPorts ports = must_read("<domain type='qemu'><devices>" + xml + "</devices></domain>");
    ASSERT_EQ(ports.ports.size(), 1U);
    EXPECT_EQ(ports.ports[0].number, 5U);
    EXPECT_EQ(ports.ports[0].for_session, c.for_session);
    EXPECT_EQ(ports.ports[0].path, c.path.value_or(""));
    EXPECT_EQ(ports.ports[0].xml, xml);
  }
}

}  // namespace
}  // namespace stapsh::libvirt
