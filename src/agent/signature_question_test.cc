// SPDX-License-Identifier: Apache-2.0
#include "agent/signature_question.h"

#include <gtest/gtest.h>

namespace stapsh::agent {
namespace {

// What OpenSSH 9.2 says; its words stand where it has some.
TEST(SignatureQuestion, ARefusalHasItsReason) {
  const std::string made_by =
      "debug1: sshsig_wrap_verify: verify message length 64\r\n"
      "debug1: Valid (unverified) signature from key SHA256:kK04oPN4Whw9Gh26\r\n";
  struct Case {
    std::string said;
    bool is_revoked;
    std::string want;
  };
  const Case cases[] = {
      {made_by, false, "the key SHA256:kK04oPN4Whw9Gh26 is none of bob's in /etc/stapsh/allowed_signers"},
      {made_by, true, "the key SHA256:kK04oPN4Whw9Gh26 is revoked there"},
      {made_by + "/proc/self/fd/7:2: key has expired: verify time 2026\r\n", false,
       "/etc/stapsh/allowed_signers:2: key has expired: verify time 2026"},
      {"Couldn't verify signature: namespace does not match\r\n", false,
       "Couldn't verify signature: namespace does not match"},
      {"Couldn't parse \x1b[1m\n", false, "Couldn't parse ?[1m"},
      {"", false, "its key is none of bob's in /etc/stapsh/allowed_signers"},
  };
  for (const Case& c : cases) EXPECT_EQ(refusal_of_ssh_keygen(c.said, "bob", c.is_revoked), c.want);
}

TEST(SignatureQuestion, AKeyThatHasSeveralLinesHasThemInSeveralFiles) {
  EXPECT_EQ(signers_with_one_line_a_key("# who\na ssh-ed25519 AAAAx a\nAAAA cert-authority ssh-rsa AAAAy\n"),
            std::vector<std::string>{"# who\na ssh-ed25519 AAAAx a\nAAAA cert-authority ssh-rsa AAAAy\n"});
  const std::vector<std::string> two{"a k AAAAx a\nAAAA k AAAAy\n", "b k\tAAAAx\tb\r\nAAAA k AAAAy\n"};
  EXPECT_EQ(signers_with_one_line_a_key("a k AAAAx a\nb k\tAAAAx\tb\r\nAAAA k AAAAy\nAAAA k AAAAy"), two);
  EXPECT_EQ(signers_with_one_line_a_key(""), std::vector<std::string>{""});
}

TEST(SignatureQuestion, OnlyThoseThatTheKeyMayBeAreAskedAfter) {
  using Names = std::vector<std::string>;
  const Names wanted{"bob", "release"};
  EXPECT_EQ(candidates_for(wanted, "eve\nrelease\n"), Names{"release"});
  EXPECT_EQ(candidates_for(wanted, "release\nbob\n"), wanted);
  EXPECT_EQ(candidates_for(wanted, "releases\n"), Names{});
  EXPECT_EQ(candidates_for(wanted, ""), Names{});
  EXPECT_EQ(candidates_for(wanted, "eve\nrel*\n"), wanted);
}

}  // namespace
}  // namespace stapsh::agent
