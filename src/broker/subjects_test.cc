// SPDX-License-Identifier: Apache-2.0
#include "broker/subjects.h"

#include <gtest/gtest.h>

namespace stapsh::broker {
namespace {

const SessionName kSession{"db1.example.com", "ann", "5f0c", 17};

TEST(Subjects, HaveTheHostAndTheClientAsTokens) {
  const Subjects subjects("fra");
  EXPECT_EQ(subjects.who("ann"), "rstap.fra.who.ann");
  EXPECT_EQ(subjects.all_who(), "rstap.fra.who.*");
  EXPECT_EQ(subjects.down(kSession), "rstap.fra.node.db1/example/com.ann.5f0c.17");
  EXPECT_EQ(subjects.up(kSession), "rstap.fra.up.ann.5f0c.db1/example/com.17");
  EXPECT_EQ(subjects.here("ann", "5f0c"), "rstap.fra.here.ann.5f0c");
  EXPECT_EQ(subjects.here("ann", "5f0c", "db1.example.com"), "rstap.fra.here.ann.5f0c.db1/example/com");
  EXPECT_EQ(subjects.client_of_who(subjects.who("ann"), subjects.here("ann", "5f0c")), "ann");
  EXPECT_EQ(subjects.file("abc", 3), "rstap.fra.file.abc.3");
  EXPECT_EQ(subjects.store_get("abc", 3), "rstap.fra.store.get.abc.3");
  for (const std::string& of : {subjects.file("abc", 3), subjects.store_find(), subjects.store_create()}) {
    EXPECT_TRUE(subjects.is_of_store(of)) << of;
  }
  EXPECT_FALSE(subjects.is_of_store(subjects.who("ann")));
  EXPECT_EQ(subjects.all_down("db1.example.com"), "rstap.fra.node.db1/example/com.>");
  EXPECT_EQ(subjects.all_up("ann", "5f0c"), "rstap.fra.up.ann.5f0c.>");
  EXPECT_EQ(subjects.session_of_down(subjects.down(kSession)), kSession);
  EXPECT_EQ(subjects.session_of_up(subjects.up(kSession)), kSession);
}

TEST(Subjects, OthersAreNobodysSession) {
  const Subjects subjects("fra");
  for (const std::string_view subject :
       {"", "rstap.fra.who", "rstap.fra.node.db1", "rstap.fra.node.db1.ann.5f0c", "rstap.fra.node.db1.ann.5f0c.17.x",
        "rstap.fra.node.db1.ann.5f0c.", "rstap.fra.node.db1.ann..17", "rstap.fra.node..ann.5f0c.17",
        "rstap.fra.node.db1.ann.5f0c.+17", "rstap.fra.node.db1.ann.5f0c.017", "rstap.fra.node.db1.ann.5f0c.4294967296",
        "rstap.ams.node.db1.ann.5f0c.17", "rstap.fra.up.ann.5f0c.db1.17", "rstap.fra.node./.ann.5f0c.17",
        "rstap.fra.node.db1.a>n.5f0c.17", "rstap.fra.node.~.ann.5f0c.0"}) {
    EXPECT_EQ(subjects.session_of_down(subject), std::nullopt) << subject;
  }
}

TEST(Subjects, NobodyIsAHostThatThereCannotBe) {
  EXPECT_EQ(Subjects("fra").nobody("ann", "5f0c"), "rstap.fra.node.~.ann.5f0c.0");
}

TEST(Subjects, WhoAsksIsAnsweredNowhereElse) {
  const Subjects subjects("fra");
  for (const std::string_view reply :
       {"", "x", "_INBOX.ann.x", "rstap.fra.who", "rstap.fra.here", "rstap.fra.here.", "rstap.fra.here.ann",
        "rstap.fra.here.ann.", "rstap.fra.here..5f0c", "rstap.fra.here.ann.5f0c.db1", "rstap.fra.here.*.5f0c",
        "rstap.fra.here.ann.>", "rstap.ams.here.ann.5f0c", "rstap.fra.node.db1.ann.5f0c.0", "rstap.fra.up.ann.5f0c",
        "$JS.API.STREAM.DELETE.RSTAP_FILES", "x.rstap.fra.here.ann.5f0c"}) {
    EXPECT_EQ(subjects.client_of_who("rstap.fra.who.ann", reply), std::nullopt) << reply;
  }
  EXPECT_EQ(subjects.client_of_who("rstap.fra.who.ann", "rstap.fra.here.ann.5f0c"), "ann");
  // A broker lets everybody name another's reply subject.
  for (const std::string_view subject : {"rstap.fra.who.bob", "rstap.fra.who", "rstap.fra.who.", "rstap.fra.who.ann.x",
                                         "rstap.ams.who.ann", "rstap.fra.who.*"}) {
    EXPECT_EQ(subjects.client_of_who(subject, "rstap.fra.here.ann.5f0c"), std::nullopt) << subject;
  }
}

TEST(Subjects, NamesAndHosts) {
  for (const std::string_view good : {"a", "Fra-1_b", "0"}) EXPECT_TRUE(is_name(good)) << good;
  for (const std::string_view bad : {"", "a.b", "*", ">", "a b", "a/b", "é"}) EXPECT_FALSE(is_name(bad)) << bad;
  EXPECT_FALSE(is_name(std::string(65, 'a')));
  for (const std::string_view good : {"web01", "db1.example.com", "a_b-c"}) EXPECT_TRUE(is_host(good)) << good;
  for (const std::string_view bad : {"", ".", "a.", ".a", "a..b", "a/b", "*", "a b"}) EXPECT_FALSE(is_host(bad)) << bad;
}

}  // namespace
}  // namespace stapsh::broker
