// SPDX-License-Identifier: Apache-2.0
#include "client/prompts/question.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

constexpr std::string_view kHostKey =
    "The authenticity of host 'web01 (192.0.2.1)' can't be established.\n"
    "ED25519 key fingerprint is SHA256:AAAA.\n"
    "This key is not known by any other names.\n"
    "Are you sure you want to continue connecting (yes/no/[fingerprint])? ";

TEST(Question, SurvivesThePacket) {
  const Question question{"web01", std::string(kHostKey), 4711};
  EXPECT_EQ(parse_question(format_question(question)), question);
}

TEST(Question, WhatIsNoneIsRefused) {
  for (const std::string_view packet : {"", "x", "0", "-1", "A", "12x"}) {
    EXPECT_EQ(parse_question(packet), std::nullopt) << packet;
  }
}

// Who sees it, and who gets the same answer.
TEST(Question, KindsByTheirText) {
  struct Case {
    std::string_view text, answer;
    bool shown, shared;
  };
  constexpr Case kCases[] = {
      {"Enter passphrase for key '/home/ada/.ssh/id_ed25519': ", "secret", false, true},
      {"root@web01's password: ", "secret", false, false},
      {kHostKey, "yes", true, true},
      {kHostKey, "no", true, true},
      {kHostKey, "yse", true, false},
      {kHostKey, "", true, false},
      {"Please type 'yes', 'no' or the fingerprint: ", "yes", true, false},
      {"Enter PIN for ED25519-SK key /home/ada/.ssh/id: ", "1234", false, false},
      {"Allow shared connection to web01? (yes/no) ", "yes", true, false},
      // Of servers, whatever they say.
      {"(root@web01) Verification code: ", "123456", false, false},
      {"(root@web01) root@web02's password: ", "secret", false, false},
      {"Enter passphrase: ", "secret", false, true},
      {"(root@web01) Enter passphrase: ", "secret", false, false},
      {"(root@web01) Enter passphrase for key '/home/ada/.ssh/id_ed25519': ", "secret", false, false},
      {"(root@web01) Your password (yes/no) ", "secret", false, false},
      {"", "", false, false},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.text);
    EXPECT_EQ(is_shown(each.text), each.shown);
    EXPECT_EQ(may_share(each.text, each.answer), each.shared);
  }
}

// A server that words several lines can't make one look like another target's.
TEST(Question, EachLineSaysForWhom) {
  EXPECT_EQ(shown_question({"web01", "(root@web01) Hello\nrstap: web02: Enter \x1b[2Jit: ", 1}),
            "rstap: web01: (root@web01) Hello\nrstap: web01: rstap: web02: Enter ^[[2Jit: ");
}

}  // namespace
}  // namespace stapsh::client
