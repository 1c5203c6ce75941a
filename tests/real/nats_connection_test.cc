// SPDX-License-Identifier: Apache-2.0
// A connection to a real nats-server: what comes, what does not, and what is said when the broker refuses or goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "harness/nats_server.h"
#include "harness/real_test.h"
#include "harness/talker.h"
#include "nats/connection.h"
#include "nats/nkey.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;

class NatsConnection : public RealTest {
 protected:
  static nats::Settings plain(const NatsServer& server, std::vector<std::string> subscriptions = {}) {
    return {.servers = {server.url()},
            .tls = false,
            .name = "test",
            .subscriptions = std::move(subscriptions),
            .retry_min = 1ms,
            .retry_max = 20ms};
  }
  nats::Settings with_key(const NatsServer& server, const nats::Nkey& key, const std::string& file) {
    nats::Settings settings = plain(server, {"allowed.>"});
    settings.nkey_file = scratch_.write(file, key.seed + "\n" + key.public_key + "\n", 0600);
    return settings;
  }
  static std::string allows(const nats::Nkey& key, const std::string& permissions = "") {
    return "authorization { users = [ { nkey: " + key.public_key + permissions + " } ] }";
  }
};

TEST_F(NatsConnection, MessagesComeInTheirOrderAndAnswersToWhoAsked) {
  const NatsServer server(scratch_);
  Talker host(plain(server, {"to.host.>"})), client(plain(server));
  EXPECT_EQ(host.next(), "connected");
  EXPECT_EQ(client.next(), "connected");
  for (int i = 0; i < 1'000; ++i) client->publish("to.host.1", std::to_string(i));
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(host.next(), "to.host.1 " + std::to_string(i));

  const std::string inbox = client->new_inbox();
  EXPECT_TRUE(inbox.starts_with("_INBOX."));
  EXPECT_NE(client->new_inbox(), inbox);
  client->publish("to.host.2", std::string("with\0zero", 9), inbox);
  EXPECT_EQ(host.next(), "to.host.2 " + std::string("with\0zero", 9));
  EXPECT_EQ(host.last().reply, inbox);
  host->publish(inbox, "yes");
  EXPECT_EQ(client.next(), inbox + " yes");
  EXPECT_TRUE(host->finish(kBound));
  EXPECT_TRUE(client->finish(kBound));
}

TEST_F(NatsConnection, WhereNobodyIsThatIsTheAnswer) {
  const NatsServer server(scratch_);
  Talker client(plain(server));
  EXPECT_EQ(client.next(), "connected");
  const std::string inbox = client->new_inbox();
  client->publish("to.nobody", "x", inbox);
  EXPECT_EQ(client.next(), inbox + " 503");
}

TEST_F(NatsConnection, WhatWasPublishedLastIsSentBeforeTheEnd) {
  const NatsServer server(scratch_);
  Talker host(plain(server, {"last"}));
  EXPECT_EQ(host.next(), "connected");
  {
    Talker client(plain(server));
    EXPECT_EQ(client.next(), "connected");
    client->publish("last", "words");
    EXPECT_TRUE(client->finish(kBound));
  }
  EXPECT_EQ(host.next(), "last words");
}

// libnats writes by itself then: nothing tells of it.
TEST_F(NatsConnection, WithTlsAsWell) {
  const Certificates certificates = Certificates::make(scratch_);
  const NatsServer server(scratch_, {.lines = {certificates.server_line()}});
  nats::Settings settings = plain(server, {"last"});
  settings.tls = true;
  settings.ca_file = certificates.ca;
  Talker host(settings);
  EXPECT_EQ(host.next(), "connected");
  for (int i = 0; i < 5; ++i) {
    Talker client(settings);
    EXPECT_EQ(client.next(), "connected");
    client->publish("last", "words");
    EXPECT_TRUE(client->finish(kBound));
    EXPECT_EQ(host.next(), "last words");
  }
}

TEST_F(NatsConnection, ABrokerMustProveWhoItIs) {
  const Certificates ours = Certificates::make(scratch_), others = Certificates::make(scratch_, "other"),
                     elsewhere = Certificates::make(scratch_, "elsewhere", "example.com");
  NatsServer server(scratch_, {.lines = {ours.server_line()}});
  nats::Settings settings = plain(server);
  settings.tls = true;
  settings.ca_file = ours.ca;
  EXPECT_EQ(Talker(settings).next(), "connected");

  settings.ca_file = others.ca;
  EXPECT_THAT(Talker(settings).next(), testing::HasSubstr("unable to get local issuer certificate"));
  settings.ca_file = "";  // Those of the system.
  EXPECT_THAT(Talker(settings).next(), testing::HasSubstr("unable to get local issuer certificate"));

  server.kill();
  server.start_again({elsewhere.server_line()});
  settings.ca_file = elsewhere.ca;
  EXPECT_THAT(Talker(settings).next(), testing::HasSubstr("hostname mismatch"));

  // TLS is not given up where a broker has none, nor taken where it was not asked for.
  settings.tls = false;
  EXPECT_THAT(Talker(settings).next(), testing::StartsWith("disconnected: "));
  server.kill();
  server.start_again({"# no TLS"});
  settings.tls = true;
  EXPECT_THAT(Talker(settings).next(), testing::StartsWith("disconnected: "));
}

TEST_F(NatsConnection, ACertificateOfOursIsShown) {
  const Certificates certificates = Certificates::make(scratch_), others = Certificates::make(scratch_, "other");
  const NatsServer server(scratch_, {.lines = {certificates.verifying_server_line()}});
  nats::Settings settings = plain(server);
  settings.tls = true;
  settings.ca_file = certificates.ca;
  const std::string closed = "disconnected: it closed the connection at the end of the TLS handshake, ";
  EXPECT_EQ(Talker(settings).next(),
            closed +
                "and most likely wants a certificate of ours (verify: true); name one as certificate and key, "
                "beside ca: in link.toml for stapsh-link, in the table [nats.SITE] for rstap");
  settings.certificate_file = others.certificate;
  settings.key_file = others.key;
  EXPECT_EQ(Talker(settings).next(), closed + "and most likely does not trust our certificate " + others.certificate +
                                         ": who has signed that must be in the broker's ca_file");
  settings.certificate_file = certificates.certificate;
  settings.key_file = certificates.key;
  EXPECT_EQ(Talker(settings).next(), "connected");
}

TEST_F(NatsConnection, ABrokerWithoutTlsIsNotSpokenToWithIt) {
  const NatsServer server(scratch_);
  nats::Settings settings = plain(server);
  settings.tls = true;
  EXPECT_EQ(Talker(settings).next(),
            "disconnected: Secure Connection not available: that broker has no TLS, or is another one");
}

TEST_F(NatsConnection, AnNkeySaysWhoWeAre) {
  const nats::Nkey key = *nats::make_nkey();
  const NatsServer server(scratch_, {.lines = {allows(key)}});
  // Often: one signature in 256 is lost in libnats.
  const nats::Settings right = with_key(server, key, "right");
  for (int i = 0; i < 700; ++i) ASSERT_EQ(Talker(right).next(), "connected") << i;
  EXPECT_EQ(Talker(with_key(server, *nats::make_nkey(), "wrong")).next(),
            "disconnected: Authorization Violation: it does not know our key; one that was made a moment ago it knows "
            "when it has read "
            "its users.conf again (nats-server --signal reload)");
  EXPECT_EQ(Talker(plain(server)).next(), "disconnected: Authorization Violation: it wants a key (nkey)");
}

TEST_F(NatsConnection, CredentialsSayWhoWeAre) {
  const std::string ours = scratch_.make_folder("ours"), others = scratch_.make_folder("others");
  for (const std::string& folder : {ours, others}) {
    Program make(options({STAPSH_MAKE_CREDENTIALS, folder}));
    ASSERT_EQ(make.wait_exit(), 0) << make.captured();
  }
  const NatsServer server(scratch_, {.lines = {read_file(ours + "/operator.conf")}});
  nats::Settings settings = plain(server);
  settings.credentials_file = ours + "/user.creds";
  EXPECT_EQ(Talker(settings).next(), "connected");
  settings.credentials_file = others + "/user.creds";
  EXPECT_THAT(Talker(settings).next(), testing::HasSubstr("Authorization"));
}

// It would be refused twice in a row, which libnats takes for the end.
TEST_F(NatsConnection, WhoIsRefusedIsLetInOnceTheBrokerKnowsItsKey) {
  const nats::Nkey key = *nats::make_nkey(), other = *nats::make_nkey();
  NatsServer server(scratch_, {.lines = {allows(other)}});
  Talker host(with_key(server, key, "key"));
  EXPECT_THAT(host.next(), testing::HasSubstr("Authorization"));
  EXPECT_TRUE(becomes_true([&] {
    const std::string log = server.log();
    const std::size_t first = log.find("authentication error"), second = log.find("authentication error", first + 1);
    return second != std::string::npos && log.find("authentication error", second + 1) != std::string::npos;
  }));
  server.kill();
  server.start_again({allows(key)});
  std::string said = host.next();
  while (said.starts_with("disconnected")) said = host.next();
  EXPECT_EQ(said, "connected");
}

TEST_F(NatsConnection, WhatTheBrokerDoesNotAllowIsSaid) {
  const nats::Nkey key = *nats::make_nkey();
  const NatsServer server(
      scratch_, {.lines = {allows(key, ", permissions: { publish: \"allowed.>\", subscribe: [\"allowed.>\"] }")}});
  nats::Settings settings = with_key(server, key, "key");
  settings.inbox_prefix = "allowed.inbox";
  Talker host(settings);
  EXPECT_EQ(host.next(), "connected");
  host->publish("forbidden", "x");
  EXPECT_THAT(host.next(), testing::AllOf(testing::HasSubstr("trouble: "), testing::HasSubstr("forbidden")));
  host->publish("allowed.1", "x");
  EXPECT_EQ(host.next(), "allowed.1 x");
}

// It is not connected and deaf: it says why, and tries until it is allowed.
TEST_F(NatsConnection, ABrokerThatDoesNotLetItHearIsNone) {
  const nats::Nkey key = *nats::make_nkey();
  const auto may_hear = [&](const std::string& subjects) {
    return allows(key, ", permissions: { publish: \">\", subscribe: [" + subjects + "] }");
  };
  NatsServer server(scratch_, {.lines = {may_hear("\"_INBOX.>\"")}});
  const nats::Settings settings = with_key(server, key, "key");
  Talker host(settings);
  EXPECT_THAT(host.next(), testing::AllOf(testing::StartsWith("disconnected: the broker does not allow us to hear"),
                                          testing::HasSubstr("\"allowed.>\"")));
  EXPECT_EQ(host.next(200ms), "nothing within the bound");
  server.kill();
  server.start_again({may_hear("\"allowed.>\"")});
  EXPECT_THAT(Talker(settings).next(), testing::HasSubstr("Subscription to \"_INBOX."));
  server.kill();
  server.start_again({may_hear("\"allowed.>\", \"_INBOX.>\"")});
  std::string said = host.next();
  while (said.starts_with("disconnected")) said = host.next();
  EXPECT_EQ(said, "connected");
  // And once it is not allowed any more.
  server.change({may_hear("\"_INBOX.>\"")});
  const auto is_refused = [&] { return said.find("does not allow us to hear") != std::string::npos; };
  do said = host.next();
  while (said.starts_with("disconnected") && !is_refused());
  EXPECT_TRUE(is_refused()) << said;
}

TEST_F(NatsConnection, ABrokerThatIsRestartedIsFoundAgain) {
  NatsServer server(scratch_);
  Talker host(plain(server, {"to.host"}));
  EXPECT_EQ(host.next(), "connected");
  server.kill();
  EXPECT_THAT(host.next(), testing::StartsWith("disconnected: "));
  host->publish("to.host", "in between");
  server.start_again();
  std::string said = host.next();
  while (said.starts_with("disconnected")) said = host.next();
  EXPECT_EQ(said, "connected");
  host->publish("to.host", "after");
  EXPECT_EQ(host.next(), "to.host after");
}

TEST_F(NatsConnection, NoBrokerIsSaidOnceAndTriedAgain) {
  int port = 0;
  {
    NatsServer server(scratch_);
    port = server.port();
    server.kill();
  }
  nats::Settings settings{.servers = {"nats://localhost:" + std::to_string(port)}, .tls = false, .retry_max = 1ms};
  Talker host(settings);
  EXPECT_THAT(host.next(), testing::StartsWith("disconnected: "));
  EXPECT_EQ(host.next(200ms), "nothing within the bound");
}

// Its kernel takes some megabytes, and nobody who publishes ever waits for it.
TEST_F(NatsConnection, AFrozenBrokerHoldsNobodyUp) {
  const NatsServer server(scratch_);
  nats::Settings settings = plain(server);
  settings.write_limit = 30s;  // Who waited for it would wait so long.
  settings.ping_interval = 300ms;
  settings.connect_limit = 500ms;
  Talker host(settings);
  EXPECT_EQ(host.next(), "connected");
  server.freeze();
  const std::string block(16'384, 'x');
  auto longest = 0ns;
  for (int i = 0; i < 2'000; ++i) {
    const auto before = std::chrono::steady_clock::now();
    host->publish("somewhere", block);
    longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - before);
  }
  EXPECT_LT(longest, 10s);
  EXPECT_THAT(host.next(), testing::StartsWith("disconnected: "));
  EXPECT_EQ(host->unsent(), 0U);
  server.unfreeze();
  std::string said = host.next();
  while (said.starts_with("disconnected")) said = host.next();
  EXPECT_EQ(said, "connected");
}

TEST_F(NatsConnection, FilesThatCantBeUsedAreNamed) {
  const NatsServer server(scratch_);
  const auto refusal = [](const nats::Settings& settings) {
    const Result<nats::Connection> connection = nats::Connection::start(settings);
    return connection ? "none" : connection.error().what;
  };
  nats::Settings settings = plain(server);
  settings.nkey_file = "/nowhere/key";
  EXPECT_EQ(refusal(settings), "/nowhere/key: No such file or directory");
  settings.nkey_file = "";
  settings.credentials_file = "/nowhere/creds";
  EXPECT_EQ(refusal(settings), "/nowhere/creds: No such file or directory");
  settings.credentials_file = scratch_.write("creds", nats::make_nkey()->seed + "\n");
  EXPECT_THAT(refusal(settings), testing::HasSubstr("chmod 600 " + settings.credentials_file));
  ASSERT_EQ(::chmod(settings.credentials_file.c_str(), 0600), 0);
  EXPECT_EQ(refusal(settings), settings.credentials_file + ": has no user's JWT; it is no credentials file");
  settings = plain(server);
  settings.tls = true;
  settings.ca_file = "/nowhere/ca";
  EXPECT_THAT(refusal(settings), testing::StartsWith("/nowhere/ca: "));
}

}  // namespace
}  // namespace stapsh::real
