// SPDX-License-Identifier: Apache-2.0
// Addresses and errors; whole connections are made where vsock has somebody to connect: in tests/guest/test_vsock.
#include "sys/vsock_socket.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

TEST(VsockSocket, AddressIsSpeltAsATarget) {
  EXPECT_EQ(to_string(VsockAddress{3, 1024}), "vsock:3:1024");
  EXPECT_EQ(to_string(VsockAddress{kVsockCidAny, kVsockPortMax}), "vsock:4294967295:4294967294");
}

TEST(VsockSocket, FailedConnectionNamesTargetReasonAndWhatToDo) {
  const UniqueFd no_socket = must(open_at(AT_FDCWD, "/dev/null", O_RDONLY));
  const auto failed = vsock_connected(no_socket.get(), {3, 1024});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "vsock:3:1024: Socket operation on non-socket");
  struct Case {
    VsockAddress address;
    int sys_errno;
    std::string_view says;
  };
  const Case cases[] = {
      {{3, 1024}, ENODEV, "modprobe vhost_vsock"},
      {{3, 1024}, EAFNOSUPPORT, "modprobe vhost_vsock"},
      {{kVsockCidLocal, 1024}, ENODEV, "modprobe vsock_loopback"},
      {{3, 1024}, ECONNREFUSED, "nobody listens there"},
      {{3, 1024}, ETIMEDOUT, "does not answer"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(to_string(c.address));
    EXPECT_THAT(std::string(vsock_advice(c.address, c.sys_errno)), testing::HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace stapsh::sys
