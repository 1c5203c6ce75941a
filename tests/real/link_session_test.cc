// SPDX-License-Identifier: Apache-2.0
// Sessions through a real broker and a real stapsh-link, with real agents and bpftrace: from hello to exit, and who may
// have one.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "broker/who.h"
#include "link_test.h"
#include "nats/nkey.h"

namespace stapsh::real {
namespace {

using testing::HasSubstr;

const std::string kHello = "stap 5.6\n";

class LinkSession : public LinkTest {};

TEST_F(LinkSession, FromHelloToExit) {
  LinkHost host(scratch_, mounts_);
  host.start_connected(*server_);
  BrokerClient client(*server_);
  client.open(1);
  client.say(1, run("BEGIN { printf(\"it runs\\n\"); exit(); }"));
  ASSERT_TRUE(client.wait_until([&] { return client.heard(1).ended; }));
  EXPECT_THAT(client.heard(1).out, testing::AllOf(testing::StartsWith("stapsh "), HasSubstr("it runs\n"),
                                                  HasSubstr("exit 0\n"), testing::EndsWith("quit\n")));
  EXPECT_EQ(client.heard(1).reset, std::nullopt);
  client.send_end(1);
  // Of a session that is over nothing is known any more.
  client.send(2, broker::Data{0, "x"});
  ASSERT_TRUE(client.wait_for_reset(2));
  EXPECT_EQ(*client.heard(2).reset,
            "there is no such session here: stapsh-link has been started since, or a second one runs as this host");
  client.say(1, "x");
  ASSERT_TRUE(client.wait_for_reset(1));
}

TEST_F(LinkSession, TheEndOfItsInputStopsARunner) {
  LinkHost host(scratch_, mounts_);
  host.start_connected(*server_);
  BrokerClient client(*server_);
  client.open(1);
  client.say(1, run(kWaits));
  ASSERT_TRUE(client.wait_for_out(1, "begun\n"));
  client.send_end(1);
  ASSERT_TRUE(client.wait_until([&] { return client.heard(1).ended; }));
  EXPECT_EQ(client.heard(1).reset, std::nullopt);
}

TEST_F(LinkSession, SeveralAtOnceAndEachHasItsOwn) {
  LinkHost host(scratch_, mounts_);
  host.start_connected(*server_);
  BrokerClient ann(*server_), bob(*server_, "bob");
  ann.open(1);
  ann.open(2);
  bob.open(1);
  ann.say(1, run(kWaits));
  ann.say(2, run("BEGIN { printf(\"second\\n\"); exit(); }"));
  bob.say(1, run("BEGIN { printf(\"bobs\\n\"); exit(); }"));
  ASSERT_TRUE(ann.wait_for_out(1, "begun\n"));
  ASSERT_TRUE(ann.wait_until([&] { return ann.heard(2).ended; }));
  EXPECT_THAT(ann.heard(2).out, HasSubstr("second\n"));
  ASSERT_TRUE(bob.wait_until([&] { return bob.heard(1).ended; }));
  EXPECT_THAT(bob.heard(1).out, HasSubstr("bobs\n"));
  EXPECT_FALSE(ann.heard(1).ended);
  ann.send_end(1);
  ASSERT_TRUE(ann.wait_until([&] { return ann.heard(1).ended; }));
}

TEST_F(LinkSession, MuchOutputComesWholeAndOnlyInCredit) {
  LinkHost host(scratch_, mounts_);
  host.start_connected(*server_);
  BrokerClient client(*server_);
  client.open(1, 10'000);
  client.set_grants(false);
  client.say(1, run("BEGIN { $i = 0; unroll(20) { $i++; } "
                    "  printf(\"first\\n\"); } interval:ms:1 { @n++; unroll(50) { printf(\"%0100d\\n\", @n); } "
                    "  if (@n == 100) { exit(); } } END { clear(@n); }"));
  ASSERT_TRUE(client.wait_until([&] { return client.heard(1).out.size() == 10'000; }));
  client.set_grants(true);
  client.heard(1).granted = 1 << 20;
  client.send(1, broker::Credit{1 << 20});
  ASSERT_TRUE(client.wait_until([&] { return client.heard(1).ended; }));
  EXPECT_GT(client.heard(1).out.size(), 400'000U);
  EXPECT_THAT(client.heard(1).out, testing::EndsWith("exit 0\nquit\n"));
}

TEST_F(LinkSession, ThePolicyKnowsTheClientByItsToken) {
  LinkHost host(scratch_, mounts_, {.policy = "allow as=ann args=safe\ndeny\n"});
  host.start_connected(*server_);
  BrokerClient ann(*server_), eve(*server_, "eve");
  ann.open(1);
  ann.say(1, run("BEGIN { printf(\"allowed\\n\"); exit(); }"));
  eve.open(1);
  eve.say(1, run("BEGIN { printf(\"allowed\\n\"); exit(); }"));
  ASSERT_TRUE(ann.wait_for_out(1, "allowed\n"));
  ASSERT_TRUE(eve.wait_for_out(1, "ERROR: refused: policy line 2"));
  EXPECT_THAT(eve.heard(1).out, testing::Not(HasSubstr("allowed\n")));
  eve.send_end(1);
  ASSERT_TRUE(ann.wait_until([&] { return ann.heard(1).ended; }));
  ASSERT_TRUE(eve.wait_until([&] { return eve.heard(1).ended; }));
}

TEST_F(LinkSession, WithoutAPolicyItDoesNotStartAndWithoutItNothingRuns) {
  LinkHost host(scratch_, mounts_);
  host.start_connected(*server_);
  ASSERT_EQ(::unlink((host.policy_folder() + "/policy").c_str()), 0);
  BrokerClient client(*server_);
  client.open(1);
  client.say(1, run("BEGIN { exit(); }"));
  ASSERT_TRUE(client.wait_for_out(1, "ERROR: refused: policy: /etc/stapsh/policy: is not there"));
  client.send_end(1);

  Program second(host.command());
  EXPECT_EQ(second.wait_exit(), 2);
  EXPECT_THAT(second.err(), testing::AllOf(HasSubstr("no session is served without a policy"),
                                           HasSubstr("/etc/stapsh/policy: is not there")));
  scratch_.write("policy-web01/policy", "allow usr=1\n");
  Program third(host.command());
  EXPECT_EQ(third.wait_exit(), 2);
  EXPECT_THAT(third.err(), HasSubstr("'usr=1' is unknown here"));
}

TEST_F(LinkSession, LimitsAreSaidAndEndWithTheirSessions) {
  LinkHost host(scratch_, mounts_, {.rest = "[limits]\nsessions = 3\nsessions-per-client = 2\n"});
  host.start_connected(*server_);
  BrokerClient ann(*server_), bob(*server_, "bob");
  for (const std::uint32_t number : {1U, 2U}) {
    ann.open(number);
    ann.say(number, kHello);
    ASSERT_TRUE(ann.wait_for_out(number, "stapsh "));
  }
  ann.open(3);
  ASSERT_TRUE(ann.wait_for_reset(3));
  EXPECT_EQ(*ann.heard(3).reset,
            "ann has 2 sessions, which is sessions-per-client in this host's link.toml; try again when one has ended");
  bob.open(1);
  bob.say(1, kHello);
  ASSERT_TRUE(bob.wait_for_out(1, "stapsh "));
  bob.open(2);
  ASSERT_TRUE(bob.wait_for_reset(2));
  EXPECT_EQ(*bob.heard(2).reset,
            "there are 3 sessions, which is sessions in this host's link.toml; try again when one has ended");

  ann.send_end(1);
  ASSERT_TRUE(ann.wait_until([&] { return ann.heard(1).ended; }));
  // Its agent is gone a moment later.
  ASSERT_TRUE(becomes_true([&] {
    bob.open(2);
    bob.say(2, kHello);
    EXPECT_TRUE(bob.wait_until([&] { return bob.heard(2).reset || !bob.heard(2).out.empty(); }));
    return !bob.heard(2).out.empty();
  }));
}

TEST_F(LinkSession, WhatItLogsOfSessions) {
  LinkHost host(scratch_, mounts_, {.rest = "[limits]\nsessions-per-client = 1\n"});
  Program& link = host.start_connected(*server_);
  BrokerClient client(*server_);
  client.open(1);
  client.say(1, run("BEGIN { exit(); }"));
  ASSERT_TRUE(client.wait_until([&] { return client.heard(1).ended; }));
  client.send_end(1);
  ASSERT_TRUE(link.wait_for_err(": over; its agent's exit code is 0\n")) << link.captured();
  client.open(2);
  client.say(2, run(kWaits));
  ASSERT_TRUE(client.wait_for_out(2, "begun\n"));
  client.open(3);
  ASSERT_TRUE(client.wait_for_reset(3));
  client.send(2, broker::Reset{"enough\n"});
  ASSERT_TRUE(link.wait_for_err(": its client has ended it: enough^J; its agent's exit code is ")) << link.captured();
  EXPECT_THAT(
      link.err(),
      testing::MatchesRegex("stapsh-link: connected as web01 of here\n"
                            "stapsh-link: session of ann begins: run run1, number 1, agent [0-9]+\n"
                            "stapsh-link: session of ann ends after [0-9.]+ s: run run1, number 1, agent [0-9]+: over; "
                            "its agent's exit code is 0\n"
                            "stapsh-link: session of ann begins: run run1, number 2, agent [0-9]+\n"
                            "stapsh-link: session of ann refused: run run1, number 3: ann has 1 sessions, which is "
                            "sessions-per-client in this host's link.toml; try again when one has ended\n"
                            "stapsh-link: session of ann ends after [0-9.]+ s: run run1, number 2, agent [0-9]+: its "
                            "client has ended it: enough\\^J; its agent's exit code is [0-9]+\n"));
}

TEST_F(LinkSession, OpensWithoutEndAreLoggedWithinBounds) {
  LinkHost host(scratch_, mounts_, {.rest = "[limits]\nsessions-per-client = 1\n"});
  Program& link = host.start_connected(*server_);
  BrokerClient bob(*server_, "bob"), ann(*server_);
  for (std::uint32_t number = 1; number <= 5'000; ++number) bob.open(number);
  ASSERT_TRUE(bob.wait_for_reset(2));
  ASSERT_TRUE(link.wait_for_err("bob begins too many sessions: they are not logged until there are fewer\n"));
  ann.open(1);
  EXPECT_TRUE(link.wait_for_err("session of ann begins: run run1, number 1, agent "));
  ann.open(2);
  EXPECT_TRUE(ann.wait_for_reset(2)) << "whatever bob is owed";
  EXPECT_LT(std::ranges::count(link.err(), '\n'), 1'000);
}

TEST_F(LinkSession, WhereNoLinkIsTheBrokerSaysSo) {
  BrokerClient client(*server_);
  client.open(1);
  ASSERT_TRUE(client.wait_until([&] { return client.heard(1).nobody; }));
}

TEST_F(LinkSession, WhoIsThere) {
  MountNamespace other_mounts = new_mounts();
  LinkHost web(scratch_, mounts_, {.rest = "[labels]\nrole = \"web\"\n"}),
      db(scratch_, other_mounts, {.host = "db1.example.com", .rest = "[labels]\nrole = \"db\"\ndc = \"fra\"\n"});
  web.start_connected(*server_);
  db.start_connected(*server_);
  BrokerClient client(*server_);
  client.ask_who("who 1\nspread 50\n");
  ASSERT_TRUE(client.wait_until([&] { return client.answers().size() == 2; }));

  client.forget_answers();
  client.ask_who("who 1\nselect role=db\n");
  ASSERT_TRUE(client.wait_until([&] { return client.answers().size() == 1; }));
  const Result<broker::WhoAnswer> answer = broker::parse_who_answer(client.answers().front().data);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->host, "db1.example.com");
  EXPECT_EQ(client.answers().front().subject, "rstap.here.here.ann.run1.db1/example/com");
  EXPECT_EQ(answer->labels, (broker::Labels{{"dc", "fra"}, {"role", "db"}}));
  EXPECT_FALSE(answer->release.empty());
  EXPECT_FALSE(answer->machine.empty());
}

TEST_F(LinkSession, ItTalksToTheBrokerThatItsAuthoritySignedAndAsItsKey) {
  const Certificates certificates = Certificates::make(scratch_), others = Certificates::make(scratch_, "others");
  const nats::Nkey key = *nats::make_nkey();
  scratch_.write("link.nk", key.seed + "\n", 0600);
  server_->kill();
  server_->start_again({certificates.server_line(), "authorization { users = [ { nkey: " + key.public_key + " } ] }"});
  const auto with_ca = [&](const std::string& ca) {
    return "ca = \"" + ca + "\"\nnkey = \"" + scratch_.path("link.nk") + "\"\n";
  };
  LinkHost host(scratch_, mounts_, {.top = with_ca(certificates.ca)});
  Program& link = host.start(server_->url());
  EXPECT_TRUE(link.wait_for_err("connected as web01 of here\n"));
  stop(link);

  LinkHost wary(scratch_, mounts_, {.host = "web02", .top = with_ca(others.ca)});
  Program& refuses = wary.start(server_->url());
  EXPECT_TRUE(refuses.wait_for_err("unable to get local issuer certificate"));
  stop(refuses);
}

TEST_F(LinkSession, TheConfigurationIsCheckedWithoutABroker) {
  LinkHost host(scratch_, mounts_);
  host.write_config("nats://localhost:1");
  Program good(host.command({"--check-config"}));
  EXPECT_EQ(good.wait_exit(), 0);
  EXPECT_EQ(good.out(), host.config_file() + ": OK\n");
  const std::string key = scratch_.write("key.nk", "SUABC\n", 0644);
  LinkHost other(scratch_, mounts_, {.host = "b", .top = "nkey = \"" + key + "\"\n"});
  other.write_config("nats://localhost:1");
  Program bad(other.command({"--check-config"}));
  EXPECT_EQ(bad.wait_exit(), 2);
  EXPECT_EQ(bad.err(), "stapsh-link: " + key +
                           ": is a secret, and its mode 0644 lets others than its owner at it; chmod 600 " + key +
                           "\n");
}

// Neither checked as good nor said to be ready.
TEST_F(LinkSession, AKeyAndAnAuthorityThatAreNoneAreSaidAtOnce) {
  const std::string notify = scratch_.path("notify");
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(notify.copy(address.sun_path, sizeof address.sun_path - 1), sizeof address.sun_path);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string file = scratch_.write("garbage", "garbage\n", 0600);
  for (const std::string line : {"tls = false\nnkey", "ca"}) {
    LinkHost host(scratch_, mounts_, {.host = "b", .top = line + " = \"" + file + "\"\n"});
    host.write_config(server_->url());
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--check-config"}, {}}) {
      ProgramOptions command = host.command(words);
      command.env.push_back("NOTIFY_SOCKET=" + notify);
      Program link(command);
      EXPECT_NE(link.wait_exit(), 0) << line;
      EXPECT_THAT(link.err(), HasSubstr(file));
      char byte = 0;
      EXPECT_EQ(::recv(socket, &byte, 1, 0), -1) << line;
    }
  }
  ::close(socket);
}

}  // namespace
}  // namespace stapsh::real
