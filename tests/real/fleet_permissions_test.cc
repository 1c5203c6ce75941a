// SPDX-License-Identifier: Apache-2.0
// Who may say and hear what behind a real broker with exactly the configuration that `rstap fleet` makes.
#include <gmock/gmock.h>

#include <map>

#include "fleet_site.h"

namespace stapsh::real {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kStream =
    R"({"name":"RSTAP_FILES","subjects":["rstap.demo.file.>"],"storage":"file","max_msgs_per_subject":1,)"
    R"("allow_direct":true,"retention":"limits","max_consumers":-1,"num_replicas":1})";
const std::string kDigest(64, 'a');
const std::string kPiece = "rstap.demo.file." + kDigest + ".0";
const std::string kNoPiece = std::string(64, 'b') + ".0";
const std::string kFetch = "rstap.demo.store.get.", kFind = "rstap.demo.store.find",
                  kCreate = "rstap.demo.store.create";
const std::string kFindPiece = R"({"last_by_subj":")" + kPiece + R"("})";

class FleetPermissions : public FleetSite {
 protected:
  void SetUp() override {
    FleetSite::SetUp();
    if (IsSkipped()) return;
    fleet({"init", "demo", "--no-tls", "--listen", "127.0.0.1:-1"});
    fleet({"enroll", "web[01-02]", "db1.example.com"});
    fleet({"client", "ada", "--store"});
    fleet({"client", "bob"});
    start_server();
  }
};

TEST_F(FleetPermissions, EachSaysWhatItIsForAndNothingElse) {
  struct Attempt {
    std::string who, subject;
    std::string heard_by;  // Empty: the broker refuses.
  };
  const Attempt attempts[] = {
      {"ada", "rstap.demo.node.web01.ada.r1.0", "web01"},
      {"ada", "rstap.demo.node.db1/example/com.ada.r1.0", "db1.example.com"},
      {"bob", "rstap.demo.node.web01.bob.r1.0", "web01"},
      {"web01", "rstap.demo.up.ada.r1.web01.0", "ada"},
      {"db1.example.com", "rstap.demo.up.bob.r1.db1/example/com.4294967295", "bob"},
      // Speaking as another client, as a host, to a client.
      {"bob", "rstap.demo.node.web01.ada.r1.0", ""},
      {"bob", "rstap.demo.node.web01.o.bob.r1.0", ""},
      {"bob", "rstap.demo.up.ada.r1.web01.0", ""},
      {"bob", "rstap.demo.up.bob.r1.web01.0", ""},
      {"bob", "_INBOX.ada.x", ""},
      {"bob", "_INBOX.web01.x", ""},
      {"bob", "rstap.other.node.web01.bob.r1.0", ""},
      {"bob", "rstap.other.who.bob", ""},
      {"bob", "rstap.demo.who", ""},
      {"bob", "rstap.demo.who.ada", ""},
      {"bob", "anything", ""},
      // Answering for another host, asking one, asking all.
      {"web01", "rstap.demo.up.ada.r1.web02.0", ""},
      {"web01", "rstap.demo.up.ada.r1.db1/example/com.0", ""},
      {"db1.example.com", "rstap.demo.up.ada.r1.db1.0", ""},
      {"web01", "rstap.demo.up.ada.web01.0", ""},
      {"web01", "rstap.demo.here.ada.r1.web02", ""},
      {"web01", "rstap.demo.here.ada.r1", ""},
      {"bob", "rstap.demo.here.ada.r1.web01", ""},
      {"bob", "rstap.demo.here.bob.r1.web01", ""},
      {"web01", "rstap.demo.up.ada.r1.x.web01.0", ""},
      {"web01", "rstap.demo.node.web02.ada.r1.0", ""},
      {"web01", "rstap.demo.node.web02.web01.r1.0", ""},
      {"web01", "rstap.demo.who.web01", ""},
      {"web01", "_INBOX.ada.x", ""},
      {"web01", "_INBOX.web02.x", ""},
      // Files: a host stores none and finds none but by its digest; nobody else touches the store.
      {"web01", kPiece, ""},
      {"web01", kFind, ""},
      {"web01", kCreate, ""},
      {"web01", "rstap.demo.store.info", ""},
      {"bob", kCreate, ""},
      {"bob", kFetch + kNoPiece, ""},
      {"ada", "rstap.demo.store.delete", ""},
      {"ada", "$JS.API.STREAM.CREATE.RSTAP_FILES", ""},
      {"web01", "$JS.API.DIRECT.GET.RSTAP_FILES", ""},
      {"web01", "$JS.API.DIRECT.GET.RSTAP_FILES." + kPiece, ""},
      {"web01", "$JS.API.STREAM.MSG.GET.RSTAP_FILES", ""},
      {"web01", "$JS.API.STREAM.INFO.RSTAP_FILES", ""},
      {"web01", "$JS.API.CONSUMER.CREATE.RSTAP_FILES", ""},
      {"bob", "$JS.API.STREAM.CREATE.RSTAP_FILES", ""},
      {"bob", "$JS.API.STREAM.CREATE.OTHER", ""},
      {"bob", "$JS.API.STREAM.UPDATE.RSTAP_FILES", ""},
      {"bob", "$JS.API.STREAM.PURGE.RSTAP_FILES", ""},
      {"bob", "$JS.API.STREAM.DELETE.RSTAP_FILES", ""},
      {"bob", "$JS.API.CONSUMER.DURABLE.CREATE.RSTAP_FILES.x", ""},
      {"bob", "$JS.API.STREAM.NAMES", ""},
      {"bob", "$SYS.REQ.SERVER.PING", ""},
      {"ada", "$JS.API.STREAM.CREATE.OTHER", ""},
      {"ada", "$JS.API.STREAM.UPDATE.RSTAP_FILES", ""},
      {"ada", "$JS.API.STREAM.DELETE.RSTAP_FILES", ""},
      {"ada", "rstap.demo.node.web01.bob.r1.0", ""},
  };
  std::map<std::string, std::unique_ptr<Talker>> all;
  for (const char* name : {"web01", "web02", "db1.example.com"}) all[name] = talk(host(name));
  for (const char* name : {"ada", "bob"}) all[name] = talk(client(name));
  for (const Attempt& attempt : attempts) {
    SCOPED_TRACE(attempt.who + " says something at " + attempt.subject);
    (*all.at(attempt.who))->publish(attempt.subject, "x");
    if (attempt.heard_by.empty()) {
      const std::string said = all.at(attempt.who)->next();
      EXPECT_THAT(said, StartsWith("trouble: "));
      EXPECT_THAT(said, HasSubstr("Publish to \"" + attempt.subject + "\""));
    } else {
      EXPECT_EQ(all.at(attempt.heard_by)->next(), attempt.subject + " x");
    }
  }
  // What all hear now is the first that they hear since.
  (*all.at("ada"))->publish("rstap.demo.who.ada", "who 1");
  for (const char* name : {"web01", "web02", "db1.example.com"}) {
    EXPECT_EQ(all.at(name)->next(), "rstap.demo.who.ada who 1") << name;
  }
  (*all.at("web02"))->publish("rstap.demo.up.ada.r1.web02.0", "last");
  EXPECT_EQ(all.at("ada")->next(), "rstap.demo.up.ada.r1.web02.0 last");
  (*all.at("web02"))->publish("rstap.demo.up.bob.r1.web02.0", "last");
  EXPECT_EQ(all.at("bob")->next(), "rstap.demo.up.bob.r1.web02.0 last");
}

TEST_F(FleetPermissions, NobodyHearsWhatIsForAnother) {
  struct Attempt {
    std::string who, subject;
  };
  const Attempt attempts[] = {
      {"web01", "rstap.demo.node.web02.>"},
      {"web01", "rstap.demo.node.*.>"},
      {"web01", "rstap.demo.node.>"},
      {"web01", "rstap.demo.>"},
      {"web01", "rstap.demo.node.web01/x.>"},
      {"web01", "rstap.demo.up.ada.>"},
      {"web01", "rstap.demo.file.>"},
      {"web01", "_INBOX.>"},
      {"web01", "_INBOX.ada.>"},
      {"web01", ">"},
      {"db1.example.com", "rstap.demo.node.db1.example.com.>"},
      {"bob", "rstap.demo.up.ada.>"},
      {"bob", "rstap.demo.up.*.r1.>"},
      {"bob", "rstap.demo.up.>"},
      {"bob", "rstap.demo.node.web01.>"},
      {"bob", "rstap.demo.node.*.bob.>"},
      {"bob", "rstap.demo.who.*"},
      {"bob", "rstap.demo.who.bob"},
      {"bob", "rstap.demo.here.ada.>"},
      {"bob", "rstap.demo.here.*.r1"},
      {"web01", "rstap.demo.here.>"},
      {"bob", "rstap.demo.file.>"},
      {"bob", "_INBOX.ada.>"},
      {"bob", "_INBOX.*.x"},
      {"bob", "$JS.>"},
      {"bob", "$SYS.>"},
      {"ada", "rstap.demo.up.bob.>"},
  };
  for (const Attempt& attempt : attempts) {
    SCOPED_TRACE(attempt.who + " listens at " + attempt.subject);
    nats::Settings settings = attempt.who == "ada" || attempt.who == "bob" ? client(attempt.who) : host(attempt.who);
    settings.subscriptions = {attempt.subject};
    Talker talker(settings);
    const std::string said = talker.next();
    EXPECT_THAT(said, StartsWith("disconnected: "));
    EXPECT_THAT(said, HasSubstr("Subscription to \"" + attempt.subject + "\""));
  }
}

TEST_F(FleetPermissions, WhoIsThereIsAnsweredAsOneselfAndNowhereElse) {
  const auto ada = talk(client("ada")), bob = talk(client("bob")), web01 = talk(host("web01")),
             web02 = talk(host("web02"));
  (*ada)->publish("rstap.demo.who.ada", "who 1", "rstap.demo.here.ada.r1");
  EXPECT_EQ(web01->next(), "rstap.demo.who.ada who 1");
  (*web01)->publish("rstap.demo.here.ada.r1.web01", "host web01");
  EXPECT_EQ(ada->next(), "rstap.demo.here.ada.r1.web01 host web01");
  // That somebody has sent it something gives a host no right to say anything anywhere.
  for (const char* reply :
       {"rstap.demo.here.ada.r1", "rstap.demo.here.ada.r1.web02", "rstap.demo.node.web02.ada.r1.0",
        "rstap.demo.up.ada.r1.web02.0", "_INBOX.ada.x", "_INBOX.bob.x", "rstap.demo.who.ada", "rstap.demo.store.create",
        "$JS.API.STREAM.CREATE.EVIL", "$JS.API.STREAM.DELETE.RSTAP_FILES", "$JS.API.STREAM.NAMES"}) {
    SCOPED_TRACE(reply);
    (*bob)->publish("rstap.demo.node.web01.bob.r1.0", "say it for me", reply);
    EXPECT_EQ(web01->next(), "rstap.demo.node.web01.bob.r1.0 say it for me");
    (*web01)->publish(reply, "x");
    EXPECT_THAT(web01->next(), HasSubstr("Publish to \"" + std::string(reply) + "\""));
  }
  (*bob)->publish("rstap.demo.node.web02.bob.r1.0", "last");
  EXPECT_EQ(web02->next(), "rstap.demo.who.ada who 1");
  EXPECT_EQ(web02->next(), "rstap.demo.node.web02.bob.r1.0 last");
}

TEST_F(FleetPermissions, WhoAsksForNobodyIsToldSo) {
  const auto bob = talk(client("bob"));
  EXPECT_EQ(bob->ask("rstap.demo.node.web09.bob.r1.0", "o"), "503");
  (*bob)->publish("rstap.demo.who.bob", "who 1", "rstap.demo.here.bob.r1");
  EXPECT_EQ(bob->next(), "rstap.demo.here.bob.r1 503");
}

TEST_F(FleetPermissions, FilesAreMadeByClientsAndFetchedByHosts) {
  const auto ada = talk(client("ada")), bob = talk(client("bob")), web01 = talk(host("web01"));
  EXPECT_THAT(ada->ask(kFind, kFindPiece), HasSubstr("\"err_code\":10059"));
  EXPECT_THAT(ada->ask(kCreate, kStream), HasSubstr("\"did_create\":true"));
  EXPECT_THAT(bob->ask(kFind, kFindPiece), HasSubstr("\"err_code\":10037"));
  const std::string piece(16'384, 'x');
  EXPECT_THAT(bob->ask(kPiece, piece), HasSubstr("\"stream\":\"RSTAP_FILES\""));
  EXPECT_THAT(bob->ask(kFind, kFindPiece), HasSubstr("\"seq\":1"));
  EXPECT_EQ(web01->ask(kFetch + kDigest + ".0"), piece);
  EXPECT_EQ(web01->ask(kFetch + kDigest + ".1"), "404");
  fleet({"enroll", "web03"});
  reload();
  const auto web03 = talk(host("web03"));
  EXPECT_EQ(web03->ask(kFetch + kDigest + ".0"), piece);
  EXPECT_EQ(web01->ask(kFetch + kDigest + ".0"), piece);
}

// JetStream answers at any subject that it is told, and nobody asks whether who told it may speak there.
TEST_F(FleetPermissions, NobodySpeaksThroughTheStore) {
  const auto ada = talk(client("ada")), bob = talk(client("bob")), web01 = talk(host("web01")),
             web02 = talk(host("web02"));
  EXPECT_THAT(ada->ask(kCreate, kStream), HasSubstr("\"did_create\":true"));
  EXPECT_THAT(bob->ask(kPiece, "as somebody else"), HasSubstr("\"stream\":\"RSTAP_FILES\""));
  // To others: what is stored, that something is not there, what was stored as what, and what there is.
  for (const char* reply : {"rstap.demo.node.web02.ada.r1.0", "rstap.demo.up.ada.r1.web02.0",
                            "rstap.demo.here.ada.r1.web02", "rstap.demo.who.ada"}) {
    (*web01)->publish(kFetch + kDigest + ".0", "", reply);
    (*web01)->publish(kFetch + kNoPiece, "", reply);
    EXPECT_EQ(web01->ask(kFetch + kDigest + ".0"), "as somebody else");
    (*bob)->publish("rstap.demo.file." + kNoPiece + "0", "x", reply);
    (*bob)->publish(kFind, kFindPiece, reply);
    EXPECT_THAT(bob->ask(kFind, kFindPiece), HasSubstr("\"seq\":1"));
  }
  (*ada)->publish("rstap.demo.node.web02.ada.r1.1", "as ada");
  EXPECT_EQ(web02->next(), "rstap.demo.node.web02.ada.r1.1 as ada");
  (*web02)->publish("rstap.demo.up.ada.r1.web02.1", "as web02");
  EXPECT_EQ(ada->next(), "rstap.demo.up.ada.r1.web02.1 as web02");
}

TEST_F(FleetPermissions, TheStoreIsNotChangedByItsOwnAnswers) {
  const auto ada = talk(client("ada")), bob = talk(client("bob")), web01 = talk(host("web01"));
  EXPECT_THAT(ada->ask(kCreate, kStream), HasSubstr("\"did_create\":true"));
  EXPECT_THAT(bob->ask(kPiece, "good"), HasSubstr("\"seq\":1"));
  // What would make another stream, if it were said there.
  const std::string evil = "rstap.demo.file." + std::string(64, 'c') + ".0";
  EXPECT_THAT(bob->ask(evil, R"({"name":"EVIL","subjects":["rstap.demo.up.>"],"storage":"memory"})"),
              HasSubstr("\"seq\":2"));
  for (const std::string& reply :
       {kPiece, kCreate, std::string("$JS.API.STREAM.PURGE.RSTAP_FILES"),
        std::string("$JS.API.STREAM.DELETE.RSTAP_FILES"), std::string("$JS.API.STREAM.UPDATE.RSTAP_FILES"),
        std::string("$JS.API.STREAM.CREATE.EVIL")}) {
    SCOPED_TRACE(reply);
    (*web01)->publish(kFetch + kNoPiece, "", reply);
    (*web01)->publish(kFetch + std::string(64, 'c') + ".0", "", reply);
    EXPECT_EQ(web01->ask(kFetch + kDigest + ".0"), "good");
    (*bob)->publish("rstap.demo.file." + kNoPiece, "x", reply);
    (*bob)->publish(kFind, kFindPiece, reply);
    EXPECT_THAT(bob->ask(kFind, kFindPiece), HasSubstr("\"seq\":1"));
  }
  EXPECT_EQ(web01->ask(kFetch + kDigest + ".0"), "good");
}

TEST_F(FleetPermissions, WithoutAKeyOfTheSiteNobodyIsLetIn) {
  scratch_.make_folder("other");
  Program other(options({STAPSH_CLIENT, "fleet", "-f", scratch_.path("other"), "init", "demo", "--no-tls"}));
  EXPECT_EQ(other.wait_exit(), 0) << other.captured();
  Program enroll(options({STAPSH_CLIENT, "fleet", "-f", scratch_.path("other"), "enroll", "web01"}));
  EXPECT_EQ(enroll.wait_exit(), 0) << enroll.captured();
  for (const std::string& seed : {std::string(), scratch_.path("other/hosts/web01/link.seed")}) {
    Talker stranger(settings(seed));
    EXPECT_THAT(stranger.next(), StartsWith("disconnected: ")) << seed;
  }
  EXPECT_TRUE(server_->wait_for_err("authentication error - Nkey"));
}

// A broker may say why before it ends a connection.
std::string end_of(Talker& talker) {
  std::string said = talker.next();
  return said.starts_with("trouble: ") ? talker.next() : said;
}

TEST_F(FleetPermissions, AReloadLetsInAndThrowsOutAndLeavesOthersConnected) {
  const auto ada = talk(client("ada")), web01 = talk(host("web01")), web02 = talk(host("web02"));
  EXPECT_THAT(fleet({"enroll", "web03"}), HasSubstr("nats-server --signal reload"));
  reload();
  const auto web03 = talk(host("web03"));
  (*ada)->publish("rstap.demo.node.web03.ada.r1.0", "x");
  EXPECT_EQ(web03->next(), "rstap.demo.node.web03.ada.r1.0 x");

  const std::string old_seed = scratch_.write("old.seed", read_file(file("hosts/web01/link.seed")), 0600);
  fleet({"revoke", "web01"});
  EXPECT_EQ(read_file(file("hosts/web01/link.seed")), "");
  reload();
  EXPECT_THAT(end_of(*web01), StartsWith("disconnected: "));
  fleet({"enroll", "web01"});
  EXPECT_NE(read_file(file("hosts/web01/link.seed")), read_file(old_seed));
  reload();
  EXPECT_THAT(Talker(settings(old_seed)).next(), StartsWith("disconnected: "));
  const auto again = talk(host("web01"));

  // Neither has noticed anything of it.
  (*ada)->publish("rstap.demo.node.web02.ada.r1.0", "x");
  EXPECT_EQ(web02->next(), "rstap.demo.node.web02.ada.r1.0 x");
  (*web02)->publish("rstap.demo.up.ada.r1.web02.0", "y");
  EXPECT_EQ(ada->next(), "rstap.demo.up.ada.r1.web02.0 y");
  (*again)->publish("rstap.demo.up.ada.r1.web01.0", "z");
  EXPECT_EQ(ada->next(), "rstap.demo.up.ada.r1.web01.0 z");

  fleet({"revoke", "ada", "web[02-03]"});
  reload();
  EXPECT_THAT(end_of(*ada), StartsWith("disconnected: "));
  EXPECT_THAT(end_of(*web02), StartsWith("disconnected: "));
}

}  // namespace
}  // namespace stapsh::real
