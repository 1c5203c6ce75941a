// SPDX-License-Identifier: Apache-2.0
// Runs on hosts behind a broker: as over any other way.
#include "rstap_nats_test.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class RstapNatsRun : public RstapNatsTest {};

TEST_F(RstapNatsRun, HostsHaveTheirNamesAndAddUp) {
  add_hosts(2);
  add_host({.host = "db1.example.com"});
  const std::string program = script("BEGIN { @h = hist(5); printf(\"hi\\n\"); exit(); }\n");
  const Said said = rstap(
      {"--remote", "nats://here/web[01-02]", "--remote", "nats://here/db1.example.com", "--label", "--sum", program});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("web01: hi\n"), HasSubstr("web02: hi\n"), HasSubstr("db1.example.com: hi\n"),
                              HasSubstr("@h: sum of 3 hosts\n"), HasSubstr("@h: count 3, ")));
  EXPECT_EQ(said.err, "rstap: 3 targets: 3 succeeded; all clean\n");
}

TEST_F(RstapNatsRun, HostsThatAreThereAreFound) {
  add_host({.host = "web01", .rest = "[labels]\nrole = \"web\"\ndc = \"ams\"\n"});
  add_host({.host = "db1.example.com", .rest = "[labels]\nrole = \"db\"\ndc = \"fra\"\n"});
  const auto list = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"--list-hosts"};
    words.insert(words.end(), more.begin(), more.end());
    const Said said = rstap(std::move(words));
    return said.out + said.err;
  };
  EXPECT_EQ(list({"--remote", "nats://here/*"}), "db1.example.com\nweb01\n");
  EXPECT_EQ(list({"--remote", "nats://here/*", "--selector=role=db"}), "db1.example.com\n");
  EXPECT_EQ(list({"--remote", "nats://here/*", "--selector=role,dc!=fra"}), "web01\n");
  EXPECT_EQ(list({"--remote", "nats://here/web[01-09]&nats://here/*"}), "web01\n");
  EXPECT_EQ(list({"--remote", "nats://here/*!web01"}), "db1.example.com\n");
  EXPECT_EQ(list({"--remote", "nats://here/*", "--selector=role=mail"}),
            "rstap: nats://here/*: none of the hosts that are there has such labels: role=mail\n");
  EXPECT_THAT(list({"--remote", "nats://here/*", "--selector=role=db=x"}), HasSubstr("rstap: nats://here/*: "));
  EXPECT_EQ(list({"--remote", "nats://here/web01", "--selector=role=db"}),
            "rstap: --selector chooses of the hosts of nats://SITE/*, and no --remote names them\n");
  EXPECT_THAT(list({"--remote", "nats://there/*"}), HasSubstr("give the configuration a table [nats.there]"));
  EXPECT_THAT(list({"--remote", "nats://there/*", "--nats=there.servers=" + server_->url(), "--nats=there.tls=false"}),
              HasSubstr("rstap: nats://there/*: nobody is there: no stapsh-link is connected to "));
  EXPECT_THAT(list({"--remote", "nats://here/web*"}), HasSubstr("or * alone, for all that are connected"));

  // What was asked and is not so is no mistake of the command line.
  server_->kill();
  const Said unreached = rstap({"--list-hosts", "--remote", "nats://here/*"});
  EXPECT_EQ(unreached.code, 1);
  EXPECT_THAT(
      unreached.err,
      testing::MatchesRegex("rstap: nats://here/\\*: no connection to the broker \\(.*\\): .*: nobody answers there; "
                            "does nats-server run, and are host and port those where it listens\\?\n"));
  EXPECT_EQ(rstap({"--list-hosts", "--remote", "nats://here/web*"}).code, 2);
}

// rstap does not wait for an agent that was told to go.
TEST_F(RstapNatsRun, AnOrdinaryEndIsLoggedAsOne) {
  const Program& link = add_host({.host = "web01"});
  const std::string over = ": over; its agent's exit code is 0\n", ends = " ends after ";
  for (std::size_t runs = 1; runs <= 5; ++runs) {
    const Said said = rstap({"--remote", "nats://here/web01", "-e", "BEGIN { exit(); }", "--bpftrace"});
    EXPECT_EQ(said.code, 0) << said.err;
    std::size_t ended = 0;
    EXPECT_TRUE(becomes_true([&] {
      const std::string log = link.err();
      ended = 0;
      for (std::size_t at = log.find(ends); at != std::string::npos; at = log.find(ends, at + 1)) ++ended;
      return ended == runs;
    }));
  }
  EXPECT_THAT(link.err(), AllOf(HasSubstr(over), testing::Not(HasSubstr("its client"))));
}

TEST_F(RstapNatsRun, ABrokerThatWantsACertificateSaysNothingAndWeSayIt) {
  const Certificates certificates = Certificates::make(scratch_);
  server_->kill();
  server_->start_again({certificates.verifying_server_line()});
  oracle_.allow_helper(server_->pid());
  const std::string what = server_->url() +
                           "): it closed the connection at the end of the TLS handshake, and most likely wants a "
                           "certificate of ours (verify: true); name one as certificate and key, beside ca: ";
  const Said said = rstap({"--remote", "nats://here/web01", "--nats=here.tls=true", "--nats=here.ca=" + certificates.ca,
                           "-e", "BEGIN { exit(); }", "--bpftrace"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("web01: failed: no connection to the broker of site here (" + what));
  const std::string pair = "certificate = \"" + certificates.certificate + "\"\nkey = \"" + certificates.key + "\"\n";
  LinkHost without(scratch_, mounts_, {.host = "web01", .top = "ca = \"" + certificates.ca + "\"\n"});
  Program& link = without.start(server_->url());
  EXPECT_TRUE(link.wait_for_err("not connected to the broker (" + what)) << link.captured();
  link.send_signal(SIGTERM);
  EXPECT_EQ(link.wait_exit(), 0);
  LinkHost with(scratch_, mounts_, {.host = "web02", .top = "ca = \"" + certificates.ca + "\"\n" + pair});
  Program& other = with.start_connected(server_->url());
  other.send_signal(SIGTERM);
  EXPECT_EQ(other.wait_exit(), 0);
}

TEST_F(RstapNatsRun, AHostThatIsNotConnectedIsKnownAtOnce) {
  add_hosts(1);
  const auto begun = std::chrono::steady_clock::now();
  const Said said = rstap({"--remote", "nats://here/web[01-02]", script("BEGIN { exit(); }\n")});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);  // And not the connect timeout.
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.err, "rstap: web02: failed: web02 is not connected to the broker of site here (" + server_->url() +
                          "): no stapsh-link runs there under that name, or it does not reach the broker\n"
                          "rstap: 2 targets: 1 succeeded, 1 failed; 1 clean, 1 not touched\n");
}

TEST_F(RstapNatsRun, APolicyHoldsForWhoComesByABroker) {
  add_host({.policy = "allow as=ann runner=bpftrace args=safe\n"});
  add_host({.host = "web02", .policy = "allow as=bob\n"});
  const Said said = rstap({"--remote", "nats://here/web[01-02]", "--unsafe", script("BEGIN { exit(); }\n")});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, AllOf(HasSubstr("rstap: web01: refused: policy line 1: args=safe: --unsafe"),
                              HasSubstr("rstap: web02: refused: "), HasSubstr("2 not touched")));
}

TEST_F(RstapNatsRun, CtrlCStopsAll) {
  add_hosts(2);
  Program program(nats_client({"--remote", "nats://here/web[01-02]", "--label", "-e", kWaits, "--bpftrace"}));
  ASSERT_TRUE(program.wait_for_out_times("begun\n", 2));
  program.send_group_signal(SIGINT);
  EXPECT_EQ(program.wait_exit(), 0) << program.captured();
  EXPECT_THAT(program.out(), AllOf(HasSubstr("web01: over\n"), HasSubstr("web02: over\n")));
  EXPECT_THAT(program.err(), HasSubstr("all clean"));
}

// Twelve megabytes from each: more than all credit together.
TEST_F(RstapNatsRun, ALongOutputIsWhole) {
  const std::string runner = scratch_.write("bpftrace",
                                            "#!/bin/sh\n[ \"$*\" = -V ] && { echo bpftrace v0.17.0; exit; }\n"
                                            "head -c 12000000 /dev/zero | tr '\\0' x\n",
                                            0755);
  for (const std::string host : {"web01", "web02"}) {
    add_host({.host = host}, [&](MountNamespace& view) { view.replace("/usr/bin/bpftrace", runner); });
  }
  const std::string folder = scratch_.path("out");
  const Said said = rstap({"--remote", "nats://here/web[01-02]", "--outdir=" + folder, script("BEGIN { }\n")});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("2 succeeded; all clean"));
  for (const char* host : {"/web01", "/web02"}) EXPECT_EQ(std::filesystem::file_size(folder + host), 12'000'000u);
}

TEST_F(RstapNatsRun, ABrokerThatCannotBeReachedIsSaid) {
  const int port = server_->port();
  server_.reset();
  server_ = std::make_unique<NatsServer>(scratch_);
  const std::string url = "nats://localhost:" + std::to_string(port);
  const Said said =
      rstap({"--nats=here.servers=" + url, "--remote", "nats://here/web[01-02]", "-e", kWaits, "--bpftrace"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err,
              HasSubstr("rstap: web[01-02]: failed: no connection to the broker of site here (" + url + "): "));
  const Said no_key =
      rstap({"--nats=here.nkey=/no/such/key", "--remote", "nats://here/web01", "-e", kWaits, "--bpftrace"});
  EXPECT_EQ(no_key.code, 1);
  EXPECT_THAT(no_key.err, HasSubstr("/no/such/key"));
}

}  // namespace
}  // namespace stapsh::real
