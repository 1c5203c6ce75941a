// SPDX-License-Identifier: Apache-2.0
// `rstap fleet`: what it makes, what it never touches again, and brokers that start with it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>

#include "fleet_site.h"

namespace stapsh::real {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class RstapFleet : public FleetSite {
 protected:
  unsigned mode(const std::string& name) const {
    struct stat about {};
    return ::stat(file(name).c_str(), &about) == 0 ? about.st_mode & 07777U : 0;
  }
};

TEST_F(RstapFleet, WhatIsThereStaysAsItIs) {
  EXPECT_THAT(fleet({"init", "demo", "--no-tls"}), HasSubstr("made site, users.conf, nats-server.conf"));
  fleet({"enroll", "web01"});
  fleet({"client", "ada"});
  EXPECT_EQ(mode("hosts/web01/link.seed"), 0600U);
  EXPECT_EQ(mode("hosts"), 0700U);
  EXPECT_EQ(mode("clients/ada/client.seed"), 0600U);
  const std::string seed = read_file(file("hosts/web01/link.seed")), users = read_file(file("users.conf"));
  EXPECT_THAT(seed, StartsWith("SU"));
  scratch_.write("site/nats-server.conf", "# mine\n");
  scratch_.write("site/hosts/web01/link.toml", "# mine\n");
  EXPECT_THAT(fleet({"init", "demo", "--no-tls"}), HasSubstr("is there already, and stays as it is"));
  EXPECT_THAT(fleet({"enroll", "web01"}), HasSubstr("web01: is there already"));
  EXPECT_EQ(read_file(file("hosts/web01/link.seed")), seed);
  EXPECT_EQ(read_file(file("users.conf")), users);
  EXPECT_EQ(read_file(file("nats-server.conf")), "# mine\n");
  EXPECT_EQ(read_file(file("hosts/web01/link.toml")), "# mine\n");
  EXPECT_THAT(fleet({"list"}), testing::MatchesRegex("host web01 U[A-Z2-7]+\nclient ada U[A-Z2-7]+\n"));
}

TEST_F(RstapFleet, AKeyWithoutItsMemberIsTakenAndAMemberWithoutItsKeySaid) {
  fleet({"init", "demo", "--no-tls"});
  const std::string empty = read_file(file("users.conf"));
  fleet({"enroll", "web01"});
  const std::string users = read_file(file("users.conf")), seed = read_file(file("hosts/web01/link.seed"));
  // As a crash in between would leave it.
  scratch_.write("site/users.conf", empty);
  fleet({"enroll", "web01"});
  EXPECT_EQ(read_file(file("users.conf")), users);
  EXPECT_EQ(read_file(file("hosts/web01/link.seed")), seed);
  ASSERT_EQ(::unlink(file("hosts/web01/link.seed").c_str()), 0);
  EXPECT_THAT(fleet({"enroll", "web01"}), HasSubstr("its seed is not here any more: for a new one, revoke it first"));
  EXPECT_EQ(read_file(file("hosts/web01/link.seed")), "");
}

TEST_F(RstapFleet, KilledInTheMiddleItLeavesNoSeedByAnotherName) {
  fleet({"init", "demo", "--no-tls"});
  Program enroll(options({STAPSH_CLIENT, "fleet", "--folder", folder(), "enroll", "web[0001-9999]"}));
  ASSERT_TRUE(becomes_true([&] { return ::access(file("hosts/web0009/link.seed").c_str(), F_OK) == 0; }));
  enroll.send_signal(SIGKILL);
  ASSERT_TRUE(enroll.wait_gone());
  for (const auto& each : std::filesystem::recursive_directory_iterator(file("hosts"))) {
    if (each.is_directory()) continue;
    EXPECT_THAT(each.path().filename().string(), testing::AnyOf("link.seed", "link.toml")) << each.path();
  }
  // What the next call then does with it is the same as if it had not been killed.
  EXPECT_THAT(fleet({"enroll", "web0001"}), StartsWith("web0001: "));
}

TEST_F(RstapFleet, WhoIsNamedTwiceIsRevokedOnce) {
  fleet({"init", "demo", "--no-tls"});
  fleet({"enroll", "web01", "web02"});
  EXPECT_THAT(fleet({"revoke", "web02", "web01", "web01"}), StartsWith("web01, web02 of site demo revoked\n"));
  EXPECT_EQ(fleet({"list"}), "");
  EXPECT_NE(::access(file("hosts/web01").c_str(), F_OK), 0);
}

TEST_F(RstapFleet, ErrorsNameTheFileAndChangeNothing) {
  EXPECT_THAT(fleet({"enroll", "web01"}, 2), HasSubstr("No such file or directory"));
  fleet({"init", "demo", "--no-tls"});
  fleet({"enroll", "web01"});
  EXPECT_THAT(fleet({"init", "other", "--no-tls"}, 2), HasSubstr("is site demo's"));
  EXPECT_THAT(fleet({"client", "web01"}, 2), HasSubstr("there is a host of that name"));
  const std::string users = read_file(file("users.conf"));
  EXPECT_THAT(fleet({"revoke", "web01", "web02"}, 2), HasSubstr("web02: is neither a host nor a client of site demo"));
  EXPECT_EQ(read_file(file("users.conf")), users);
  EXPECT_THAT(read_file(file("hosts/web01/link.seed")), StartsWith("SU"));
  scratch_.write("site/users.conf", users + "  # host\n");
  EXPECT_THAT(fleet({"enroll", "web02"}, 2), HasSubstr("/users.conf:11: it is neither nobody, a host nor a client"));
  scratch_.write("site/users.conf", users);
  // Somebody else is at work.
  const int lock = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  EXPECT_THAT(fleet({"enroll", "web02"}, 2), HasSubstr("another rstap fleet is at work there"));
  ::close(lock);
  EXPECT_EQ(read_file(file("users.conf")), users);
}

TEST_F(RstapFleet, ABrokerThatNobodyIsEnrolledAtLetsNobodyIn) {
  fleet({"init", "demo", "--no-tls", "--listen", "127.0.0.1:-1"});
  start_server();
  EXPECT_THAT(Talker(settings("")).next(), StartsWith("disconnected: "));
}

TEST_F(RstapFleet, TheBrokerHasTheCertificateThatItWasGiven) {
  const Certificates tls = Certificates::make(scratch_);
  fleet({"init", "demo", "--server", "localhost", "--listen", "127.0.0.1:-1", "--certificate", tls.certificate, "--key",
         tls.key, "--ca", tls.ca});
  fleet({"enroll", "web01"});
  EXPECT_THAT(read_file(file("hosts/web01/link.toml")),
              HasSubstr("servers = [\"nats://localhost:4222\"]\nca = \"" + tls.ca + "\"\n"));
  start_server();
  nats::Settings settings = host("web01");
  settings.tls = true;
  EXPECT_THAT(Talker(settings).next(), HasSubstr("certificate"));
  settings.ca_file = tls.ca;
  EXPECT_EQ(Talker(settings).next(), "connected");
}

TEST_F(RstapFleet, ABrokerWithoutItsCertificateDoesNotStart) {
  fleet({"init", "demo", "--server", "localhost"});
  Program server(options({"nats-server", "-c", file("nats-server.conf")}));
  EXPECT_NE(server.wait_exit(), 0);
  EXPECT_THAT(server.captured(), HasSubstr("TO FILL IN: certificate.pem"));
}

}  // namespace
}  // namespace stapsh::real
