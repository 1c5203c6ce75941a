// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/reason_check.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(ReasonCheck, SaysWhichRowAndWhatMendsIt) {
  struct Case {
    const char *reason, *name, *mend;
  };
  const Case cases[] = {
      {"no hello from stapsh: ssh: connect to host web01 port 22: Connection refused", "way in", "systemctl start ssh"},
      {"no hello from stapsh: Host key verification failed.", "way in", "ssh-keygen -R"},
      {"no hello from stapsh: root@web01: Permission denied (publickey).", "way in", "ssh-copy-id {host}"},
      {"no hello from stapsh: no stapsh on the target (sh: 1: stapsh: not found); install", "agent", "--bootstrap"},
      {"refused: policy /etc/stapsh/policy: line 3", "policy", "--check-policy"},
      {"what nobody has seen before", "way in", "ssh -v {host} true"},
  };
  for (const Case& c : cases) {
    const Check check = check_of_silence(c.reason, true);
    EXPECT_EQ(check.name, c.name) << c.reason;
    EXPECT_EQ(check.text, c.reason);
    EXPECT_NE(check.mend.find(c.mend), std::string::npos) << check.mend;
  }
  EXPECT_EQ(check_of_silence("what nobody has seen before", false).mend, "");
  const auto mend_of = [](const char* reason) { return check_of_silence(reason, false).mend; };
  EXPECT_NE(mend_of("web01 is not connected to the broker of site a: no stapsh-link").find("stapsh-link"),
            std::string::npos);
  const std::string refused = "no connection to the broker of site a (b): ";
  EXPECT_NE(
      mend_of((refused + "No server: nobody answers there; does nats-server run").c_str()).find("start nats-server"),
      std::string::npos);
  EXPECT_NE(mend_of((refused + "Authorization Violation: it does not know our key").c_str()).find("reload"),
            std::string::npos);
  EXPECT_EQ(mend_of((refused + "SSL error").c_str()), "here: mend [nats.SITE] in rstap's configuration");
  EXPECT_EQ(check_of_refusal("refused: policy line 6: deny runner=staprun", "stap").name, "policy");
  EXPECT_NE(check_of_refusal("stap failed", "stap-5").mend.find("here: stap-5 -p4"), std::string::npos);
}

}  // namespace
}  // namespace stapsh::client
