// SPDX-License-Identifier: Apache-2.0
// A site with a broker at its centre and leaf nodes behind it, as docs/fleet.md has them: who is at one of them reaches
// who is at another, as if there were one broker, and no further.
#include <gmock/gmock.h>

#include <map>

#include "base/sha256.h"
#include "fleet_site.h"
#include "harness/link_host.h"

namespace stapsh::real {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class FleetLeaf : public FleetSite {
 protected:
  void SetUp() override {
    FleetSite::SetUp();
    if (IsSkipped()) return;
    fleet({"init", "demo", "--no-tls", "--listen", "127.0.0.1:-1"});
    fleet({"enroll", "web[01-03]"});
    fleet({"client", "ada", "--store"});
    fleet({"client", "bob"});
    scratch_.write("site/nats-server.conf", read_file(file("nats-server.conf")) +
                                                "leafnodes {\n  listen: \"127.0.0.1:-1\"\n  authorization { " +
                                                "user: leaf, password: secret, account: SITE }\n}\n");
    start_server();
    oracle_.allow_helper(server_->pid());
    const std::string log = server_->err(), mark = "Listening for leafnode connections on 127.0.0.1:";
    ASSERT_THAT(log, HasSubstr(mark));
    leaf_door_ = std::to_string(std::stoi(log.substr(log.find(mark) + mark.size())));
    ports_["centre"] = port_;
    for (const std::string name : {"ams", "fra"}) start_leaf(name);
  }
  void TearDown() override {
    hosts_.clear();
    leaves_.clear();
    FleetSite::TearDown();
  }

  /// What somebody is told of a connection, with the broker `at` in the place of the centre.
  nats::Settings at(const std::string& broker, nats::Settings settings) const {
    settings.servers = {"nats://localhost:" + ports_.at(broker)};
    return settings;
  }
  /// Brokers tell each other of who is there.
  static void say_until_heard(Talker& from, Talker& to, const std::string& subject) {
    const std::string said = subject + " x";
    ASSERT_TRUE(becomes_true([&] {
      from->publish(subject, "x");
      return to.next(Bound(100)) == said;
    })) << subject;
    from->publish(subject, "last");
    std::string heard = said;
    while (heard == said) heard = to.next();
    EXPECT_EQ(heard, subject + " last");
  }

  void add_host(const std::string& name, const std::string& broker) {
    views_.push_back(std::make_unique<MountNamespace>(new_mounts()));
    views_.back()->tracing().lift_memlock_limit();
    hosts_.push_back(std::make_unique<LinkHost>(
        scratch_, *views_.back(),
        LinkHostOptions{.host = name,
                        .top = "tls = false\nnkey = \"" + file("hosts/" + name + "/link.seed") + "\"\n",
                        .policy = "allow as=ada\nallow as=bob\n",
                        .site = "demo"}));
    Program& link = hosts_.back()->start("nats://localhost:" + ports_.at(broker));
    ASSERT_TRUE(link.wait_for_err("connected as " + name)) << link.captured();
    oracle_.allow_helper(link.pid());
  }
  /// What it printed.
  std::string rstap(const std::string& client, const std::string& broker, std::vector<std::string> words) const {
    words.insert(words.begin(), STAPSH_CLIENT);
    Program program(options(std::move(words), &mounts_,
                            {"RSTAP_OPTIONS=--nats=demo.servers=nats://localhost:" + ports_.at(broker) +
                             " --nats=demo.tls=false --nats=demo.client=" + client +
                             " --nats=demo.nkey=" + file("clients/" + client + "/client.seed")}));
    EXPECT_EQ(program.wait_exit(), 0) << program.captured();
    return program.out();
  }

 private:
  void start_leaf(const std::string& name) {
    const std::string config = scratch_.write("site/leaf-" + name + ".conf",
                                              "server_name: \"" + name +
                                                  "\"\nlisten: \"127.0.0.1:-1\"\n"
                                                  "authorization {\n  timeout: 10\n}\n"
                                                  "accounts {\n  SITE {\n    include \"users.conf\"\n  }\n}\n"
                                                  "leafnodes {\n  remotes: [ { url: \"nats://leaf:secret@127.0.0.1:" +
                                                  leaf_door_ +
                                                  "\", account: SITE } ]\n}\n"
                                                  "max_payload: 64KB\nmax_pending: 64MB\nwrite_deadline: \"10s\"\n");
    leaves_.push_back(std::make_unique<Program>(options({"nats-server", "-c", config})));
    Program& leaf = *leaves_.back();
    oracle_.allow_helper(leaf.pid());
    ASSERT_TRUE(leaf.wait_for_err("Leafnode connection created for account: SITE")) << leaf.captured();
    const std::string log = leaf.err(), mark = "Listening for client connections on 127.0.0.1:";
    ASSERT_THAT(log, HasSubstr(mark));
    ports_[name] = std::to_string(std::stoi(log.substr(log.find(mark) + mark.size())));
  }

  MountNamespace mounts_ = new_mounts();
  std::string leaf_door_;
  std::map<std::string, std::string> ports_;
  std::vector<std::unique_ptr<Program>> leaves_;
  std::vector<std::unique_ptr<MountNamespace>> views_;
  std::vector<std::unique_ptr<LinkHost>> hosts_;
};

TEST_F(FleetLeaf, WhatRunsBehindOneBrokerRunsBehindAll) {
  add_host("web01", "centre");
  add_host("web02", "ams");
  add_host("web03", "fra");
  const std::string text = "// " + std::string(300'000, 'a') + "\nBEGIN { printf(\"it ran\\n\"); exit(); }\n";
  const std::string script = scratch_.write("script.bt", text);
  for (const auto& [client, broker] : {std::pair("ada", "centre"), std::pair("bob", "ams"), std::pair("bob", "fra")}) {
    SCOPED_TRACE(std::string(client) + " at " + broker);
    ASSERT_TRUE(becomes_true([&, client = client, broker = broker] {
      return rstap(client, broker, {"--remote", "nats://demo/*", "--list-hosts"}) == "web01\nweb02\nweb03\n";
    }));
    const std::string out = rstap(client, broker, {"--remote", "nats://demo/*", "--label", script});
    for (const char* host : {"web01", "web02", "web03"}) EXPECT_THAT(out, HasSubstr(std::string(host) + ": it ran\n"));
  }
  // The file is in the store of the centre, and its piece is given to whoever is at a leaf.
  const std::string piece = sha256_hex(text) + ".0";
  EXPECT_EQ(talk(at("fra", host("web03")))->ask("rstap.demo.store.get." + piece), text.substr(0, 16'384));
}

TEST_F(FleetLeaf, WhoMayDoWhatIsTheSameBehindAll) {
  const auto ada = talk(at("centre", client("ada"))), bob = talk(at("ams", client("bob"))),
             web02 = talk(at("ams", host("web02"))), web03 = talk(at("fra", host("web03")));
  say_until_heard(*ada, *web02, "rstap.demo.node.web02.ada.r1.0");
  say_until_heard(*bob, *web03, "rstap.demo.node.web03.bob.r1.0");
  say_until_heard(*web03, *ada, "rstap.demo.up.ada.r1.web03.0");
  say_until_heard(*web03, *bob, "rstap.demo.up.bob.r1.web03.0");
  struct Attempt {
    Talker& who;
    std::string subject;
  };
  const Attempt attempts[] = {
      {*web03, "rstap.demo.up.ada.r1.web02.0"},    {*web03, "rstap.demo.node.web02.ada.r1.0"},
      {*web03, "rstap.demo.here.ada.r1.web02"},    {*web03, "_INBOX.ada.x"},
      {*web03, "rstap.demo.store.find"},           {*web03, "$JS.API.STREAM.PURGE.RSTAP_FILES"},
      {*bob, "rstap.demo.node.web03.ada.r1.0"},    {*bob, "rstap.demo.up.ada.r1.web03.0"},
      {*bob, "$JS.API.STREAM.DELETE.RSTAP_FILES"},
  };
  for (const Attempt& attempt : attempts) {
    attempt.who->publish(attempt.subject, "x");
    EXPECT_THAT(attempt.who.next(), HasSubstr("Publish to \"" + attempt.subject + "\""));
  }
  for (const std::string subject : {"rstap.demo.node.web02.>", "rstap.demo.node.>", "rstap.demo.up.ada.>", ">"}) {
    nats::Settings settings = at("fra", host("web03"));
    settings.subscriptions = {subject};
    EXPECT_THAT(Talker(settings).next(), StartsWith("disconnected: ")) << subject;
  }
  // Nobody has heard anything of it.
  (*ada)->publish("rstap.demo.node.web02.ada.r1.0", "end");
  EXPECT_EQ(web02->next(), "rstap.demo.node.web02.ada.r1.0 end");
  (*web02)->publish("rstap.demo.up.ada.r1.web02.0", "end");
  EXPECT_EQ(ada->next(), "rstap.demo.up.ada.r1.web02.0 end");
}

}  // namespace
}  // namespace stapsh::real
