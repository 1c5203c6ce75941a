// SPDX-License-Identifier: Apache-2.0
// With the driver that libvirt has for tests, inside its library: no daemon is needed. Domains with real ports, and
// sessions over them: tests/guest/test_libvirt.
#include "libvirt/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/guest_command.h"

namespace stapsh::libvirt {
namespace {

using testing::HasSubstr;

constexpr const char* kTestUri = "test:///default";  // Has one domain: "test", number 1, running.

class LibvirtConnection : public testing::Test {
 protected:
  void SetUp() override {
    const auto api = load_api();
    if (!api) GTEST_SKIP() << api.error().what;
  }
};

TEST_F(LibvirtConnection, FindsADomainByNameNumberAndUuid) {
  auto connection = Connection::open(kTestUri);
  ASSERT_TRUE(connection) << connection.error().what;
  EXPECT_EQ(connection->uri(), kTestUri);
  const auto by_name = connection->find("test");
  ASSERT_TRUE(by_name) << by_name.error().what;
  EXPECT_EQ(*by_name->state(), "running");
  EXPECT_TRUE(by_name->is_active());
  EXPECT_FALSE(by_name->has_ended());
  for (const std::string& other : {std::string("1"), *by_name->uuid()}) {
    const auto found = connection->find(other);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->name(), "test");
  }
}

TEST_F(LibvirtConnection, SaysWhichDomainIsNotThere) {
  auto connection = Connection::open(kTestUri);
  ASSERT_TRUE(connection) << connection.error().what;
  for (const char* name : {"nobody", "4711", "no good uuid"}) {
    const auto found = connection->find(name);
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what, HasSubstr(std::string("no domain '") + name + "' at test:///default"));
    EXPECT_EQ(found.error().what.find('\n'), std::string::npos);
  }
}

TEST_F(LibvirtConnection, SaysWhatCannotBeReached) {
  const auto connection = Connection::open("qemu+unix:///session?socket=/nowhere/sock");
  ASSERT_FALSE(connection);
  EXPECT_THAT(connection.error().what, HasSubstr("qemu+unix:///session?socket=/nowhere/sock can't be reached: "));
}

TEST_F(LibvirtConnection, AHypervisorWithoutPortsSaysSo) {
  auto connection = Connection::open(kTestUri);
  ASSERT_TRUE(connection) << connection.error().what;
  auto domain = connection->find("test");
  ASSERT_TRUE(domain);
  const auto ports = domain->ports(Scope::kLive);
  ASSERT_TRUE(ports) << ports.error().what;
  EXPECT_FALSE(ports->is_qemu);
  EXPECT_FALSE(domain->open_channel(Port{}));
}

TEST_F(LibvirtConnection, GuestCommandsReadIt) {
  GuestOptions options{GuestAction::kList, "", kTestUri, {}};
  EXPECT_EQ(*run_guest_command(options), "test\trunning\t0\n");
  options = {GuestAction::kQuery, "test", kTestUri, {}};
  EXPECT_THAT(*run_guest_command(options), HasSubstr("Hotplug: not supported: it is not a qemu domain\n"));
  options.action = GuestAction::kPortList;
  EXPECT_EQ(*run_guest_command(options), "");
  options.action = GuestAction::kPortRemove;
  EXPECT_EQ(run_guest_command(options).error().what, "domain test has no permanent port to remove");
}

}  // namespace
}  // namespace stapsh::libvirt
