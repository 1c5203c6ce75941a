// SPDX-License-Identifier: Apache-2.0
// Each part of a session through a broker is killed, frozen or says what it must not: the host is left clean, the
// others are told, and other sessions go on.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>

#include "harness/children.h"
#include "harness/way.h"
#include "link_test.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class LinkFault : public LinkTest {
 protected:
  LinkFault() : host_(scratch_, mounts_), link_(host_.start_connected(*server_)), client_(*server_) {}

  void TearDown() override {
    stop(link_);
    LinkTest::TearDown();
  }
  void begin(std::uint32_t number = 1, const std::string& options = {}) {
    client_.open(number);
    std::string words = run(kWaits);
    words.insert(words.find('\n') + 1, options);
    client_.say(number, words);
    ASSERT_TRUE(client_.wait_for_out(number, "begun\n"));
  }
  testing::AssertionResult no_agents_left() const {
    if (becomes_true([this] { return children_of(link_.pid()).empty(); })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "agents live on: " << link_.captured();
  }
  // Sessions begin and end as if nothing had been.
  void expect_all_is_well(std::uint32_t number) {
    client_.open(number);
    client_.say(number, run("BEGIN { printf(\"well\\n\"); exit(); }"));
    ASSERT_TRUE(client_.wait_until([&] { return client_.heard(number).ended; }));
    EXPECT_THAT(client_.heard(number).out, HasSubstr("well\n"));
    client_.send_end(number);
  }

  LinkHost host_;
  Program& link_;
  BrokerClient client_;
};

// Of each test the TearDown is the point: no process, workspace or record is left.
TEST_F(LinkFault, LinkKilled) {
  begin();
  link_.send_signal(SIGKILL);
  ASSERT_TRUE(link_.wait_gone());
  client_.say(1, "x");
}

TEST_F(LinkFault, LinkStoppedTellsItsClientsAndWaitsForItsAgents) {
  begin(1);
  begin(2);
  link_.send_signal(SIGTERM);
  ASSERT_TRUE(client_.wait_for_reset(1));
  EXPECT_EQ(*client_.heard(1).reset, "the link is being stopped");
  ASSERT_TRUE(client_.wait_for_reset(2));
  EXPECT_EQ(link_.wait_exit(), 0);
  server_.reset();
  expect_nothing_left(1s);  // It has waited for its agents.
}

TEST_F(LinkFault, LinkStoppedWithoutPatience) {
  begin();
  const std::vector<pid_t> agents = children_of(link_.pid());
  ASSERT_EQ(agents.size(), 1U);
  (void)::kill(agents.front(), SIGSTOP);
  link_.send_signal(SIGTERM);
  ASSERT_TRUE(client_.wait_for_reset(1));
  link_.send_signal(SIGINT);
  EXPECT_TRUE(link_.wait_gone());
  EXPECT_EQ(link_.exit_code(), 0);
  (void)::kill(agents.front(), SIGCONT);
}

TEST_F(LinkFault, AgentKilled) {
  begin();
  const std::vector<pid_t> agents = children_of(link_.pid());
  ASSERT_EQ(agents.size(), 1U);
  (void)::kill(agents.front(), SIGKILL);
  ASSERT_TRUE(client_.wait_until([&] { return client_.heard(1).ended; }));
  client_.send_end(1);
  EXPECT_TRUE(no_agents_left());
  expect_all_is_well(2);
}

TEST_F(LinkFault, ClientThatSaysNothingAnyMore) {
  begin(1, "option data\noption keepalive=1\n");
  EXPECT_TRUE(no_agents_left());
  EXPECT_TRUE(client_.wait_until([&] { return client_.heard(1).ended; }));
  expect_all_is_well(2);
}

// It has told its agent no keepalive; but the broker knows that nobody hears any more, what the agent says or that the
// link is there.
TEST_F(LinkFault, ClientThatIsGone) {
  for (const std::string program : {"BEGIN { printf(\"begun\\n\"); } interval:ms:100 { printf(\"more\\n\"); }",
                                    "BEGIN { printf(\"begun\\n\"); } interval:ms:100 { }"}) {
    SCOPED_TRACE(program);
    auto gone = std::make_unique<BrokerClient>(*server_, "bob");
    gone->open(1);
    gone->say(1, run(program));
    ASSERT_TRUE(gone->wait_for_out(1, "begun\n"));
    gone.reset();
    EXPECT_TRUE(no_agents_left());
  }
  expect_all_is_well(2);
}

TEST_F(LinkFault, ClientThatResets) {
  begin();
  client_.send(1, broker::Reset{"enough"});
  EXPECT_TRUE(no_agents_left());
  EXPECT_FALSE(client_.heard(1).reset);
}

TEST_F(LinkFault, BrokerRestarted) {
  begin();
  server_->kill();
  EXPECT_TRUE(link_.wait_for_err("not connected to the broker (" + server_->url() + "): "));
  EXPECT_TRUE(client_.wait_until([&] { return !client_.connected(); }));
  EXPECT_TRUE(no_agents_left());
  server_->start_again();
  ASSERT_TRUE(becomes_true(
      [&] {
        const std::string said = link_.err();
        return said.rfind("connected as web01") > said.rfind("not connected");
      },
      90s));  // The pause between two tries may have grown meanwhile.
  ASSERT_TRUE(client_.wait_until([&] { return client_.connected(); }));
  // Whoever was there first did not hear that the session is over, and hears it when it says something.
  client_.say(1, "x");
  ASSERT_TRUE(client_.wait_for_reset(1));
  expect_all_is_well(2);
}

// Nobody can be told anything; what ends the run is the keepalive.
TEST_F(LinkFault, BrokerFrozen) {
  begin(1, "option data\noption keepalive=1\n");
  server_->freeze();
  EXPECT_TRUE(no_agents_left());
  server_->unfreeze();
  ASSERT_TRUE(client_.wait_until([&] { return client_.connected(); }));
  EXPECT_TRUE(client_.wait_until([&] { return client_.heard(1).ended || client_.heard(1).reset; }));
}

// The broker is well, and the way to it delivers nothing.
class LinkBehindAWay : public LinkTest {};

TEST_F(LinkBehindAWay, WayFrozen) {
  Way way(scratch_, server_->port());
  LinkHost host(scratch_, mounts_);
  Program& link = host.start_connected(way.url());
  BrokerClient client(*server_);
  client.open(1);
  std::string words = run(kWaits);
  words.insert(words.find('\n') + 1, "option data\noption keepalive=1\n");
  client.say(1, words);
  ASSERT_TRUE(client.wait_for_out(1, "begun\n"));
  way.freeze();
  client.say(1, "ping\n");
  EXPECT_TRUE(becomes_true([&] { return children_of(link.pid()).empty(); })) << link.captured();
  EXPECT_FALSE(client.heard(1).ended);
  way.unfreeze();
  EXPECT_TRUE(client.wait_until([&] { return client.heard(1).ended || client.heard(1).reset; }));
  stop(link);
  EXPECT_TRUE(way.wait_gone());
}

// Much is on its way to a broker that takes nothing: the link does not wait for it.
TEST_F(LinkFault, BrokerFrozenInTheMiddleOfMuch) {
  client_.open(1, std::uint64_t{1} << 40);
  client_.heard(1).granted = std::uint64_t{1} << 40;
  client_.say(1, run("BEGIN { printf(\"begun\\n\"); } interval:ms:1 { unroll(50) { printf(\"%01000d\\n\", 1); } }"));
  ASSERT_TRUE(client_.wait_for_out(1, "begun\n"));
  server_->freeze();
  stop(link_);
}

TEST_F(LinkFault, WhatIsNoMessageEndsItsSessionAlone) {
  begin(1);
  using broker::encode;
  struct Case {
    std::string name, bytes, reason;
  };
  const std::string digest(64, 'a'), head = encode(broker::Data{0, "x"}).substr(0, 9);
  const Case cases[] = {
      {"nothing", "", ""},
      {"a head cut off", "d123", ""},
      {"an unknown kind", "x12345678", ""},
      {"data without bytes", head, ""},
      {"too much data", head + std::string(20'000, 'x'), ""},
      {"a gap", encode(broker::Data{7, "x"}), "7 bytes were lost on the way"},
      {"an end too early", encode(broker::End{7}), "7 bytes were lost on the way"},
      {"opened twice", encode(broker::Open{1}), "it was opened twice"},
      {"an impossible credit", encode(broker::Credit{~0ULL}), "an impossible credit"},
      {"a file of no size", encode(broker::StoredFile{0, 0, 0, digest}), ""},
      {"a file with no digest", encode(broker::StoredFile{0, 1, 0, std::string(64, 'G')}), ""},
  };
  std::uint32_t number = 10;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    client_.open(++number);
    client_.send_raw(number, c.bytes);
    ASSERT_TRUE(client_.wait_for_reset(number));
    const std::string reason = *client_.heard(number).reset;
    EXPECT_FALSE(reason.empty());
    EXPECT_EQ(reason, c.reason.empty() ? reason : c.reason);
  }
  // More than there was credit for, to an agent that reads nothing.
  client_.open(++number);
  client_.say(number, "stap 5.6\n");
  ASSERT_TRUE(client_.wait_for_out(number, "stapsh "));
  const std::vector<pid_t> agents = children_of(link_.pid());
  const pid_t newest = *std::ranges::max_element(agents);
  (void)::kill(newest, SIGSTOP);
  client_.say(number, std::string(2'000'000, 'x'));
  EXPECT_TRUE(client_.wait_for_reset(number));
  (void)::kill(newest, SIGCONT);
  EXPECT_EQ(client_.heard(number).reset, "more was sent than there was credit for");
  // A message behind the end.
  client_.open(++number);
  client_.send_end(number);
  client_.send_end(number);
  ASSERT_TRUE(client_.wait_until([&] { return client_.heard(number).reset || client_.heard(number).ended; }));

  EXPECT_FALSE(client_.heard(1).ended);
  EXPECT_FALSE(client_.heard(1).reset);
  client_.send_end(1);
  ASSERT_TRUE(client_.wait_until([&] { return client_.heard(1).ended; }));
}

}  // namespace
}  // namespace stapsh::real
