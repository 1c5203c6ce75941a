// SPDX-License-Identifier: Apache-2.0
#include "broker/stream.h"

#include <gtest/gtest.h>

namespace stapsh::broker {
namespace {

const std::string kFileDigest(64, 'a');

std::string fault(Result<Stream::Arrival> arrival) { return arrival ? "none" : arrival.error().what; }

TEST(BrokerStream, BytesArriveInTheirOrder) {
  Stream client(Stream::Side::kClient, 10, 100), host(Stream::Side::kHost, 100, 10);
  EXPECT_EQ(client.sendable(), 10U);
  EXPECT_EQ(host.receive(client.send("01234"))->bytes, "01234");
  EXPECT_EQ(host.receive(client.send("56789"))->bytes, "56789");
  EXPECT_EQ(client.sendable(), 0U);
  EXPECT_EQ(host.credit_left(), 0U);
  EXPECT_EQ(host.unused(), 10U);

  EXPECT_EQ(host.grant(10), std::nullopt);
  host.use(3);
  EXPECT_EQ(host.grant(10), Credit{13});
  EXPECT_EQ(host.grant(10), std::nullopt);
  host.use(7);
  EXPECT_EQ(host.grant(3), std::nullopt);
  EXPECT_EQ(host.grant(10), Credit{20});
  EXPECT_TRUE(client.receive(Credit{20}));
  EXPECT_TRUE(client.receive(Credit{13}));  // One that was late.
  EXPECT_EQ(client.sendable(), 10U);

  EXPECT_TRUE(host.receive(client.send_end())->ended);
  EXPECT_TRUE(host.has_received_end());
  EXPECT_EQ(client.sendable(), 0U);
  EXPECT_EQ(client.receive(host.send("the other direction goes on"))->bytes, "the other direction goes on");
  EXPECT_TRUE(client.receive(host.send_end())->ended);
}

TEST(BrokerStream, AMessageHasALimit) {
  Stream client(Stream::Side::kClient, 1'000'000, 0);
  EXPECT_EQ(client.sendable(), kDataBytesMax);
}

TEST(BrokerStream, WhatIsLostOrRepeatedOrTooMuchShows) {
  const auto host = [] {
    Stream made(Stream::Side::kHost, 100, 10);
    EXPECT_TRUE(made.receive(Data{0, "abc"}));
    return made;
  };
  EXPECT_EQ(fault(host().receive(Data{5, "x"})), "2 bytes were lost on the way");
  EXPECT_EQ(fault(host().receive(Data{0, "abc"})), "something came twice");
  Stream client(Stream::Side::kClient, 0, 10);
  EXPECT_TRUE(client.receive(Data{0, "abc"}));
  EXPECT_EQ(fault(client.receive(Data{0, "abc"})),
            "it was answered twice: two stapsh-links run as this host; give each host a name and a key of its own");
  EXPECT_EQ(fault(host().receive(Data{3, "12345678"})), "more was sent than there was credit for");
  EXPECT_EQ(fault(host().receive(End{7})), "4 bytes were lost on the way");
  EXPECT_EQ(fault(host().receive(Open{1})), "it was opened twice");
  EXPECT_EQ(fault(host().receive(Reset{"it has gone"})), "it has gone");
  EXPECT_EQ(fault(host().receive(Credit{~0ULL})), "an impossible credit");
  Stream ended = host();
  EXPECT_TRUE(ended.receive(End{3}));
  EXPECT_EQ(fault(ended.receive(End{3})), "something came behind the end");
  EXPECT_EQ(fault(ended.receive(Data{3, "x"})), "something came behind the end");
}

TEST(BrokerStream, AStoredFileTakesNoCredit) {
  Stream client(Stream::Side::kClient, 4, 0), host(Stream::Side::kHost, 0, 4);
  EXPECT_TRUE(host.receive(client.send("head")));
  const StoredFile file = client.send_file(kFileDigest, 1'000'000, 20);
  EXPECT_EQ(file, (StoredFile{4, 1'000'000, 20, kFileDigest}));
  const Message message = file;
  const Result<Stream::Arrival> arrived = host.receive(message);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->file, &std::get<StoredFile>(message));
  EXPECT_EQ(client.sendable(), 0U);
  EXPECT_EQ(host.unused(), 4U);
  host.use(4);
  EXPECT_TRUE(client.receive(*host.grant(4)));
  EXPECT_EQ(host.receive(client.send("tail"))->bytes, "tail");
  EXPECT_TRUE(host.receive(client.send_end())->ended);

  // Credit that was on its way meanwhile is none the less for it.
  Stream sender(Stream::Side::kClient, 4, 0), receiver(Stream::Side::kHost, 0, 4);
  EXPECT_TRUE(receiver.receive(sender.send("head")));
  receiver.use(4);
  const std::optional<Credit> late = receiver.grant(4);
  EXPECT_TRUE(receiver.receive(sender.send_file(kFileDigest, 1'000'000, 0)));
  EXPECT_TRUE(sender.receive(*late));
  EXPECT_EQ(sender.sendable(), 4U);
  EXPECT_EQ(receiver.receive(sender.send("tail"))->bytes, "tail");

  Stream other(Stream::Side::kClient, 0, 10);
  EXPECT_EQ(fault(other.receive(StoredFile{0, 1, 0, kFileDigest})), "a host may not send a stored file");
}

}  // namespace
}  // namespace stapsh::broker
