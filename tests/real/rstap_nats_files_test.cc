// SPDX-License-Identifier: Apache-2.0
// A file for many hosts crosses the client's line once, where the broker has a store.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <cctype>

#include "harness/broker_client.h"
#include "nats/nkey.h"
#include "rstap_nats_test.h"

namespace stapsh::real {
namespace {

using testing::HasSubstr;

constexpr std::size_t kBytes = 300'000;

class RstapNatsFiles : public RstapNatsTest {
 protected:
  explicit RstapNatsFiles(bool jetstream = true, bool silent_store = false)
      : RstapNatsTest({.lines = {"http: \"127.0.0.1:-1\""}, .jetstream = jetstream, .silent_store = silent_store}) {
    add_hosts(3);
  }

  /// Bytes that the broker was sent, and has sent, in all.
  struct Traffic {
    std::size_t in = 0, out = 0;
  };
  Traffic traffic() const {
    const std::string ports = read_file(scratch_.path("nats/nats-server_" + std::to_string(server_->pid()) + ".ports"));
    const std::string answer = get(number_behind(ports, "http://127.0.0.1:"), "/varz");
    return {number_behind(answer, "\"in_bytes\": "), number_behind(answer, "\"out_bytes\": ")};
  }
  // A comment, mostly.
  std::string large_script(char letter) const {
    return script("// " + std::string(kBytes, letter) + "\nBEGIN { printf(\"it ran\\n\"); exit(); }\n");
  }
  void run(const std::string& program) const {
    const Said said = rstap({"--remote", "nats://here/web[01-03]", program});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.err.substr(said.err.rfind("rstap: ")), "rstap: 3 targets: 3 succeeded; all clean\n");
    EXPECT_THAT(said.out, HasSubstr("it ran\n"));
  }

 private:
  static std::size_t number_behind(const std::string& text, const std::string& words) {
    const std::size_t at = text.find(words);
    if (at == std::string::npos) throw HarnessError("no " + words + " in: " + text);
    return std::stoul(text.substr(at + words.size()));
  }
  static std::string get(std::size_t port, const std::string& path) {
    Program asks({.argv = {"/bin/bash", "-c",
                           "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(port) + "; printf 'GET " + path +
                               " HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"},
                  .env = {"PATH=/usr/bin:/bin"}});
    EXPECT_EQ(asks.wait_exit(), 0) << asks.captured();
    return asks.out();
  }
};

TEST_F(RstapNatsFiles, IsSentOnceAndFetchedByEach) {
  const std::string program = large_script('a');
  const Traffic before = traffic();
  run(program);
  const Traffic first = traffic();
  EXPECT_GT(first.in - before.in, kBytes);
  EXPECT_LT(first.in - before.in, kBytes + kBytes / 2);
  EXPECT_GT(first.out - before.out, 3 * kBytes);
  run(program);  // Its pieces are known: asking for two of them is cheaper.
  EXPECT_LT(traffic().in - first.in, kBytes / 2);
}

class RstapNatsFilesWithoutStore : public RstapNatsFiles {
 protected:
  RstapNatsFilesWithoutStore() : RstapNatsFiles(false) {}
};

TEST_F(RstapNatsFilesWithoutStore, IsDataAsAnyOther) {
  const Traffic before = traffic();
  run(large_script('b'));
  EXPECT_GT(traffic().in - before.in, 3 * kBytes);
}

class RstapNatsFilesSlowAgent : public RstapNatsTest {};

// Its link has the credit of its client used up all the time, and gives more and more of it at once.
TEST_F(RstapNatsFilesSlowAgent, GetsAllThatItHasCreditFor) {
  // Its input is the agent's output as well, which makes that non-blocking.
  const std::string slow_cat =
      "perl -e '$| = 1; for (;;) { my $r = \"\"; vec($r, 0, 1) = 1; select($r, undef, undef, undef); "
      "sysread(STDIN, $b, 8192) or exit; select(undef, undef, undef, 0.002); print $b or exit }'";
  const std::string agent = scratch_.write("slow_stapsh",
                                           "#!/bin/bash\n[[ \" $* \" == *--check-policy* ]] && exec " STAPSH_AGENT
                                           " \"$@\"\nexec " STAPSH_AGENT " \"$@\" < <(" +
                                               slow_cat + ")\n",
                                           0755);
  add_host({.agent = agent});
  const std::string program =
      script("// " + std::string(10 * kBytes, 's') + "\nBEGIN { printf(\"it ran\\n\"); exit(); }\n");
  // Without a keepalive nobody says a word that would set it going again.
  const Said said = rstap({"--keepalive", "0", "--remote", "nats://here/web01", program});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.err, "rstap: 1 target: 1 succeeded; all clean\n");
  EXPECT_THAT(said.out, HasSubstr("it ran\n"));
}

// Somebody has made it for something else.
TEST_F(RstapNatsFiles, AStreamThatTakesNoPiecesIsKnownAtOnce) {
  BrokerClient client(*server_);
  client.ask(client.subjects().store_create(),
             R"({"name":"RSTAP_FILES","subjects":["others"],"retention":"limits","storage":"memory"})");
  ASSERT_TRUE(client.wait_until([&] { return client.answers().size() == 1; }));
  ASSERT_THAT(client.answers().front().data, HasSubstr("\"others\""));
  const Traffic before = traffic();
  const auto begun = std::chrono::steady_clock::now();
  run(large_script('e'));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(9));
  EXPECT_GT(traffic().in - before.in, 3 * kBytes);
}

class RstapNatsFilesSilentStore : public RstapNatsFiles {
 protected:
  RstapNatsFilesSilentStore() : RstapNatsFiles(true, true) {}
};

// It has the patience for a store that is slow, which is longer than all of this, with one that is there alone.
TEST_F(RstapNatsFilesSilentStore, IsDataAtOnce) {
  const Traffic before = traffic();
  const auto begun = std::chrono::steady_clock::now();
  run(large_script('d'));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(9));
  EXPECT_GT(traffic().in - before.in, 3 * kBytes);
}

// Hosts that may not fetch what the client has stored.
class RstapNatsFilesUnfetched : public RstapNatsTest {
 protected:
  explicit RstapNatsFilesUnfetched(const nats::Nkey& host = *nats::make_nkey(), nats::Nkey client = *nats::make_nkey())
      : RstapNatsTest({.jetstream = true,
                       .users = "[ { nkey: " + client.public_key + " }, { nkey: " + host.public_key +
                                ", permissions: { publish: { deny: [\"rstap.here.store.get.>\"] } } } ]"}),
        client_(std::move(client)) {
    const std::string seed = scratch_.write("host.seed", host.seed + "\n", 0600);
    for (const std::string name : {"web01", "web02"}) {
      add_host({.host = name, .top = "tls = false\nnkey = \"" + seed + "\"\n"});
    }
  }

  const nats::Nkey client_;
};

TEST_F(RstapNatsFilesUnfetched, ItComesThroughTheSession) {
  const std::string seed = scratch_.write("ann.seed", client_.seed + "\n", 0600);
  const std::string program = script("// " + std::string(kBytes, 'f') + "\nBEGIN { printf(\"it ran\\n\"); exit(); }\n");
  const auto begun = std::chrono::steady_clock::now();
  const Said said = rstap({"--nats=here.nkey=" + seed, "--remote", "nats://here/web[01-02]", program});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.err, "rstap: 2 targets: 2 succeeded; all clean\n");
  EXPECT_THAT(said.out, HasSubstr("it ran\n"));
  EXPECT_TRUE(hosts_[0]->program().wait_for_err(
      "and nobody answers; it comes from its client, which takes longer. If this goes on: may this host say "
      "rstap.here.store.get.*.*, and does the broker hand that on to its store?\n"));
}

// A client that may neither make the store nor speak to web03.
class RstapNatsFilesRefused : public RstapNatsTest {
 protected:
  explicit RstapNatsFilesRefused(nats::Nkey client = *nats::make_nkey(), const nats::Nkey& host = *nats::make_nkey())
      : RstapNatsTest({.jetstream = true, .users = users(client, host)}), client_(std::move(client)) {
    const std::string seed = scratch_.write("host.seed", host.seed + "\n", 0600);
    for (const std::string name : {"web01", "web02", "web03"}) {
      add_host({.host = name, .top = "tls = false\nnkey = \"" + seed + "\"\n"});
    }
  }

  const nats::Nkey client_;

 private:
  static std::string users(const nats::Nkey& client, const nats::Nkey& host) {
    return "[ { nkey: " + host.public_key + " }, { nkey: " + client.public_key +
           ", permissions: { publish: { deny: [\"rstap.here.store.create\", \"rstap.here.node.web03.>\"] } } } ]";
  }
};

TEST_F(RstapNatsFilesRefused, IsDataAndWhatIsRefusedIsSaid) {
  const std::string seed = scratch_.write("ann.seed", client_.seed + "\n", 0600);
  const std::string program = script("// " + std::string(kBytes, 'c') + "\nBEGIN { printf(\"it ran\\n\"); exit(); }\n");
  const Said said = rstap({"--nats=here.nkey=" + seed, "--remote", "nats://here/web[01-03]", program});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("it ran\n"));
  EXPECT_THAT(said.err, testing::AllOf(HasSubstr("web03: failed: the broker of site here ("),
                                       HasSubstr("does not allow that to client ann: "),
                                       HasSubstr("3 targets: 2 succeeded, 1 failed; 2 clean, 1 not touched")));
}

}  // namespace
}  // namespace stapsh::real
