// SPDX-License-Identifier: Apache-2.0
// Each part of the way through a broker dies or freezes in the middle of a run: it is said what, and hosts are left
// clean.
#include <algorithm>

#include "broker/message.h"
#include "broker/subjects.h"
#include "harness/children.h"
#include "harness/way.h"
#include "nats/connection.h"
#include "rstap_nats_test.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class RstapNatsFault : public RstapNatsTest {
 protected:
  RstapNatsFault() { add_hosts(2); }
  /// Returns once both run. `connect_seconds`: also how long hosts are asked afterwards that can't be reached.
  void begin(int connect_seconds = 10, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"--remote",
                                   "nats://here/web[01-02]",
                                   "--label",
                                   "--keepalive=3",
                                   "--connect-timeout=" + std::to_string(connect_seconds),
                                   "-e",
                                   kWaits,
                                   "--bpftrace"};
    words.insert(words.end(), more.begin(), more.end());
    run_ = std::make_unique<Program>(nats_client(std::move(words)));
    ASSERT_TRUE(run_->wait_for_out_times("begun\n", 2));
  }
  void TearDown() override {
    run_.reset();
    RstapNatsTest::TearDown();
  }
  pid_t relay() const { return relay_of(run_->pid()); }
  /// Hears, once it is connected, what is said there.
  nats::Connection ear_at(const std::string& subject) const {
    nats::Settings settings;
    settings.servers = {server_->url()};
    settings.tls = false;
    settings.subscriptions = {subject};
    return *nats::Connection::start(settings);
  }
  // Of each test the TearDown is the point as well: no process, workspace or record is left.
  std::unique_ptr<Program> run_;
};

TEST_F(RstapNatsFault, BrokerRestarted) {
  begin();
  server_->kill();
  server_->start_again();
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), AllOf(HasSubstr("the connection ended in mid-run: the broker of site here ("),
                                 HasSubstr(") was lost"), HasSubstr("2 failed; all clean")))
      << run_->captured();
}

TEST_F(RstapNatsFault, BrokerKilled) {
  begin(4);
  server_->kill();
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), AllOf(HasSubstr(") was lost"), HasSubstr("it could not be asked whether anything is left")));
}

TEST_F(RstapNatsFault, BrokerFrozen) {
  begin(4);
  server_->freeze();
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), HasSubstr("2 failed")) << run_->captured();
  expect_nothing_left();  // Hosts have found out by themselves, while it is frozen.
  server_->unfreeze();
}

// The next ping is answered by the broker: nobody is there.
TEST_F(RstapNatsFault, LinkKilled) {
  begin(10, {"--halt=now,fail=1"});
  hosts_.front()->program().send_signal(SIGKILL);
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), AllOf(HasSubstr("web01: failed: the connection ended in mid-run: web01 was lost: its "
                                           "stapsh-link is not connected to the broker of site here"),
                                 HasSubstr("all are stopped")))
      << run_->captured();
}

// It is asked until it is there again; what came of a try that it heard the second half of is no answer.
TEST_F(RstapNatsFault, LinkRestarted) {
  const broker::Subjects subjects("here");
  nats::Connection ear = ear_at(subjects.all_up("ann", "*"));
  const auto heard = [&](const std::function<bool(const nats::Event&)>& is_it) {
    return becomes_true([&] {
      const std::vector<nats::Event> events = ear.take();
      return std::any_of(events.begin(), events.end(), is_it);
    });
  };
  ASSERT_TRUE(heard([](const nats::Event& event) { return std::holds_alternative<nats::Connected>(event); }));
  begin(20, {"--halt=now,fail=1", "-v"});
  std::optional<broker::SessionName> name;
  ASSERT_TRUE(heard([&](const nats::Event& event) {
    const auto* const message = std::get_if<nats::Message>(&event);
    const auto whose = message != nullptr ? subjects.session_of_up(message->subject) : std::nullopt;
    if (whose && whose->host == "web01") name = whose;
    return name.has_value();
  }));
  hosts_.front()->program().send_signal(SIGKILL);
  ASSERT_TRUE(run_->wait_for_err("web01: connecting again, to see that nothing is left")) << run_->captured();
  const std::string last_words = broker::encode(broker::Reset{"there is no such session"}), done = "done";
  for (name->number = 0; name->number < 10; ++name->number) ear.publish(subjects.up(*name), std::string(last_words));
  ear.publish(subjects.up(*name), std::string(done));
  ASSERT_TRUE(heard([&](const nats::Event& event) {
    const auto* const message = std::get_if<nats::Message>(&event);
    return message != nullptr && message->data == done;
  }));
  oracle_.allow_helper(hosts_.front()->start_connected(*server_).pid());
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), AllOf(HasSubstr("web01: failed: the connection ended in mid-run: web01 was lost: "),
                                 HasSubstr("1 succeeded, 1 failed; all clean")))
      << run_->captured();
}

// As its service does it. While its agents tidy up it opens nothing more, and rstap waits.
TEST_F(RstapNatsFault, LinkStoppedAndStarted) {
  begin(20, {"--halt=now,fail=1"});
  Program& link = hosts_.front()->program();
  link.send_signal(SIGTERM);
  EXPECT_EQ(link.wait_exit(), 0) << link.captured();
  oracle_.allow_helper(hosts_.front()->start_connected(*server_).pid());
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), AllOf(HasSubstr("in mid-run: stapsh-link of web01: the link is being stopped"),
                                 HasSubstr("1 succeeded, 1 failed; all clean")))
      << run_->captured();
}

// What begins the session came to a link that did not live to read it. Nobody answers: it is asked again.
TEST_F(RstapNatsFault, LinkKilledWithAQuestionUnread) {
  nats::Connection ear = ear_at(broker::Subjects("here").all_down("web01"));
  const auto hears = [&](auto kind) {
    return becomes_true([&] {
      const std::vector<nats::Event> events = ear.take();
      return std::ranges::any_of(events,
                                 [](const nats::Event& each) { return std::holds_alternative<decltype(kind)>(each); });
    });
  };
  ASSERT_TRUE(hears(nats::Connected{}));
  Program& link = hosts_.front()->program();
  link.send_signal(SIGSTOP);
  Program run(nats_client({"--remote", "nats://here/web01", "-e", "BEGIN { exit(); }", "--bpftrace"}));
  ASSERT_TRUE(hears(nats::Message{}));
  link.send_signal(SIGKILL);
  ASSERT_TRUE(link.wait_gone());
  oracle_.allow_helper(hosts_.front()->start_connected(*server_).pid());
  EXPECT_EQ(run.wait_exit(), 0);
  EXPECT_THAT(run.err(), HasSubstr("rstap: 1 target: 1 succeeded; all clean")) << run.captured();
}

TEST_F(RstapNatsFault, RelayKilled) {
  begin();
  ASSERT_GT(relay(), 0);
  (void)::kill(relay(), SIGKILL);
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), AllOf(HasSubstr("in mid-run: rstap's relay to the broker ended: killed by signal 9"),
                                 HasSubstr("2 failed; all clean")))
      << run_->captured();
}

TEST_F(RstapNatsFault, RelayFrozen) {
  begin(4);
  const pid_t pid = relay();
  ASSERT_GT(pid, 0);
  (void)::kill(pid, SIGSTOP);
  EXPECT_EQ(run_->wait_exit(), 1);
  EXPECT_THAT(run_->err(), HasSubstr("2 failed")) << run_->captured();
}

TEST_F(RstapNatsFault, RstapKilled) {
  begin();
  const pid_t pid = relay();
  run_->send_signal(SIGKILL);
  ASSERT_TRUE(run_->wait_gone());
  EXPECT_TRUE(becomes_true([&] { return children_of(hosts_.front()->program().pid()).empty(); }));
  EXPECT_TRUE(becomes_true([&] { return !std::filesystem::exists("/proc/" + std::to_string(pid) + "/exe"); }));
}

// With TLS, much is under way, and then nothing more: whoever is within a record waits for the rest of it, and must not
// wait for ever.
class RstapNatsTlsFault : public RstapNatsTest {
 protected:
  RstapNatsTlsFault() : certificates_(Certificates::make(scratch_)) {
    server_->kill();
    server_->start_again({certificates_.server_line()});
    oracle_.allow_helper(server_->pid());
  }
  /// A run that floods; link and rstap have these addresses of the broker.
  void begin(const std::string& for_link, const std::string& for_rstap) {
    views_.push_back(std::make_unique<MountNamespace>(new_mounts()));
    views_.back()->tracing().lift_memlock_limit();
    hosts_.push_back(std::make_unique<LinkHost>(scratch_, *views_.back(),
                                                LinkHostOptions{.top = "ca = \"" + certificates_.ca + "\"\n"}));
    oracle_.allow_helper(hosts_.back()->start_connected(for_link).pid());
    run_ = std::make_unique<Program>(nats_client(
        {"--nats=here.tls=true", "--nats=here.ca=" + certificates_.ca, "--nats=here.servers=" + for_rstap, "--remote",
         "nats://here/web01", "--label", "--keepalive=3", "--connect-timeout=4", "-e",
         "BEGIN { printf(\"begun\\n\"); } interval:ms:1 { unroll(50) { printf(\"%01000d\\n\", 1); } }", "--bpftrace"}));
    ASSERT_TRUE(run_->wait_for_out_times("0001\n", 500));
  }
  void expect_all_notice() {
    EXPECT_EQ(run_->wait_exit(), 1);
    EXPECT_THAT(run_->err(), HasSubstr("1 failed")) << run_->err();
    Program& link = hosts_.front()->program();
    EXPECT_TRUE(becomes_true([&] { return children_of(link.pid()).empty(); }));
    link.send_signal(SIGTERM);
    EXPECT_EQ(link.wait_exit(), 0) << link.captured();
  }
  void TearDown() override {
    run_.reset();
    RstapNatsTest::TearDown();
  }
  Certificates certificates_;
  std::unique_ptr<Program> run_;
};

TEST_F(RstapNatsTlsFault, BrokerFrozenInAFlood) {
  begin(server_->url(), server_->url());
  server_->freeze();
  expect_all_notice();
  server_->unfreeze();
}

// socat hands on half a record at a time.
TEST_F(RstapNatsTlsFault, WaysFrozenWithinARecord) {
  Way to_link(scratch_, server_->port()), to_rstap(scratch_, server_->port());
  const auto url = [](const Way& way) { return "nats://localhost" + way.url().substr(way.url().rfind(':')); };
  for (const Way* const way : {&to_link, &to_rstap}) oracle_.allow_helper(way->pid());
  begin(url(to_link), url(to_rstap));
  to_link.freeze();
  to_rstap.freeze();
  expect_all_notice();
  to_link.unfreeze();
  to_rstap.unfreeze();
}

// A machine was copied, and its copy started.
class RstapNatsTwins : public RstapNatsTest {};

TEST_F(RstapNatsTwins, TwoLinksOfOneNameAreSaidHereAndThere) {
  Program& first = add_host({.host = "web01"});
  Program& second = add_host({.host = "web01"});
  const Said said = rstap({"--remote", "nats://here/*", "-e", "BEGIN { exit(); }", "--bpftrace"});
  const std::string what =
      "it was answered twice: two stapsh-links run as this host; give each host a name and a key of its own";
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("the session with web01 broke off: " + what));
  for (Program* const link : {&first, &second}) {
    EXPECT_TRUE(link->wait_for_err("its client has ended it: " + what));
  }
}

}  // namespace
}  // namespace stapsh::real
