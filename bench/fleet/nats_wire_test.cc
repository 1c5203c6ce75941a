// SPDX-License-Identifier: Apache-2.0
#include "nats_wire.h"

#include <gtest/gtest.h>

#include "base/overloaded.h"

namespace stapsh::fleet {
namespace {

std::string text_of(const WireEvent& event) {
  return std::visit(Overloaded{
                        [](const Delivery& d) {
                          return "message " + std::string(d.subject) + " " + std::to_string(d.subscription) + " [" +
                                 std::string(d.reply) + "] " + std::string(d.payload) +
                                 (d.no_responders ? " nobody" : "") + "; ";
                        },
                        [](const BrokerInfo&) { return std::string("info; "); },
                        [](const BrokerPing&) { return std::string("ping; "); },
                        [](const BrokerPong&) { return std::string("pong; "); },
                        [](const BrokerError& e) { return "error " + std::string(e.text) + "; "; },
                    },
                    event);
}

const std::string kSaid =
    "INFO {\"server_id\":\"x\"}\r\n+OK\r\nPING\r\nPONG\r\n"
    "MSG rstap.fra.who 1 _INBOX.a 6\r\nwho 1\n\r\n"
    "MSG rstap.fra.node.a.b.c.0 2 4\r\n\r\n\r\n\r\n"
    "MSG x 2 0\r\n\r\n"
    "HMSG _INBOX.a.1 7 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
    "HMSG s 7 r 12 15\r\nNATS/1.0\r\n\r\nabc\r\n"
    "-ERR 'Permissions Violation'\r\n";

TEST(NatsWire, AnySplitGivesTheSameEvents) {
  const std::string want =
      "info; ping; pong; message rstap.fra.who 1 [_INBOX.a] who 1\n; message rstap.fra.node.a.b.c.0 2 [] \r\n\r\n; "
      "message x 2 [] ; message _INBOX.a.1 7 []  nobody; message s 7 [r] abc; error 'Permissions Violation'; ";
  for (std::size_t piece = 1; piece <= kSaid.size(); ++piece) {
    NatsReader reader;
    std::string got;
    for (std::size_t at = 0; at < kSaid.size(); at += piece) {
      const Result<> fed = reader.feed(std::string_view(kSaid).substr(at, piece),
                                       [&](const WireEvent& event) { got += text_of(event); });
      ASSERT_TRUE(fed) << fed.error().what;
    }
    EXPECT_EQ(got, want) << piece;
  }
}

TEST(NatsWire, WhatIsNoBrokerSaysWhy) {
  for (const std::string_view bad : {"SSH-2.0-OpenSSH\r\n", "MSG a\r\n", "MSG a 1 x\r\n", "MSG a b c d e 3\r\n",
                                     "MSG a 1 99999999999\r\n", "HMSG a 1 9 3\r\n"}) {
    NatsReader reader;
    EXPECT_FALSE(reader.feed(bad, [](const WireEvent&) {})) << bad;
  }
}

TEST(NatsWire, WhatAClientSays) {
  EXPECT_EQ(subscribe_line("rstap.fra.who", 1), "SUB rstap.fra.who 1\r\n");
  std::string text;
  add_publish(text, "a.b", "", "one");
  add_publish(text, "a.b", "_INBOX.c", "");
  EXPECT_EQ(text, "PUB a.b 3\r\none\r\nPUB a.b _INBOX.c 0\r\n\r\n");
  EXPECT_TRUE(connect_line("web01").ends_with("\"name\":\"web01\"}\r\n"));
}

}  // namespace
}  // namespace stapsh::fleet
