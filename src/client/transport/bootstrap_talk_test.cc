// SPDX-License-Identifier: Apache-2.0
#include "client/transport/bootstrap_talk.h"

#include <gtest/gtest.h>

#include "base/overloaded.h"
#include "client/transport/bootstrap_stage.h"

namespace stapsh::client {
namespace {

const AgentImage kImage{std::make_shared<const std::string>("an agent"), "5ha"};

/// All that came of it, as text. WantAgent is answered.
std::string said(BootstrapTalk& talk, std::string_view bytes) {
  const std::string_view rest = talk.on_bytes(bytes);
  std::string text;
  while (const std::optional<StageEffect> effect = talk.next_effect()) {
    std::visit(Overloaded{
                   [&](const StageNoise& e) { text += "noise<" + e.text + ">"; },
                   [&](const WantAgent& e) {
                     text += "want<" + e.machine + ">";
                     talk.on_agent(kImage);
                   },
                   [&](const SendToStage& e) { text += "line<" + e.line + ">"; },
                   [&](const SendAgent& e) { text += "agent<" + *e.content + ">"; },
                   [&](const StageLeft& e) { text += "left<" + e.path + ">"; },
                   [&](const StageFailed& e) { text += "failed<" + e.reason + ">"; },
                   [&](const AgentStarts& e) { text += (e.is_kept ? "keeps<" : "starts<") + e.path + ">"; },
               },
               *effect);
  }
  if (!rest.empty()) text += "rest<" + std::string(rest) + ">";
  return text;
}

struct Row {
  std::string bytes, kept, removed;
};

const Row kRows[] = {
    {"stapsh-stage found /usr/bin/stapsh\nstapsh 5.6", "starts</usr/bin/stapsh>rest<stapsh 5.6>",
     "starts</usr/bin/stapsh>rest<stapsh 5.6>"},
    {"\nstapsh-stage ready x86_64\n", "want<x86_64>line<keep 8 5ha abc\n>", "want<x86_64>line<remove 8 5ha abc\n>"},
    {"Welcome\nstapsh-stage failed no folder\nmore", "noise<Welcome\n>failed<no folder>rest<more>",
     "noise<Welcome\n>failed<no folder>rest<more>"},
    {"stapsh-stage left /x\nstapsh-stage failed y\n", "left</x>failed<y>", "left</x>failed<y>"},
    // It asks for what it was not offered, in a line of noise, and of another's.
    {"stapsh-stage send /tmp\nno stapsh-stage found x\nstapsh-stages found x\n",
     "noise<no stapsh-stage found x\n>noise<stapsh-stages found x\n>",
     "noise<no stapsh-stage found x\n>noise<stapsh-stages found x\n>"},
};

TEST(BootstrapTalk, SaysWhatTheStageMeans) {
  for (const Row& row : kRows) {
    for (const bool keep : {true, false}) {
      BootstrapTalk talk(keep, "abc");
      EXPECT_EQ(said(talk, row.bytes).substr(0, (keep ? row.kept : row.removed).size()), keep ? row.kept : row.removed);
    }
  }
}

// An answer comes between two pieces of it, so effects are drained after each byte.
TEST(BootstrapTalk, AWholeTalkByteByByte) {
  const std::string whole =
      "hi\n\nstapsh-stage ready x86_64\n\nstapsh-stage send /tmp\n\nstapsh-stage send /tmp\n\nstapsh-stage run /tmp/x\n"
      "stapsh 5.6\n";
  BootstrapTalk talk(true, "abc");
  std::string all;
  for (const char& byte : whole) all += said(talk, {&byte, 1});
  std::string rest;
  for (const char c : std::string("stapsh 5.6\n")) rest += std::string("rest<") + c + ">";
  EXPECT_EQ(all, "noise<h>noise<i>noise<\n>want<x86_64>line<keep 8 5ha abc\n>agent<an agent>keeps</tmp/x>" + rest);
  EXPECT_TRUE(talk.is_over());
  EXPECT_FALSE(talk.is_sending());
}

// A hostile target must not make us queue, search or keep more the more it says.
TEST(BootstrapTalk, TakesNothingWithoutEnd) {
  BootstrapTalk talk(false, "abc");
  EXPECT_EQ(said(talk, "stapsh-stage ready x86_64\n"), "want<x86_64>line<remove 8 5ha abc\n>");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(said(talk, "stapsh-stage ready zz\n"), "noise<stapsh-stage ready zz\n>");
  }
  for (int i = 0; i < 16; ++i) EXPECT_EQ(said(talk, "stapsh-stage left /x\n"), "left</x>");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(said(talk, "stapsh-stage left /x\n"), "noise<stapsh-stage left /x\n>");
  EXPECT_EQ(said(talk, "stapsh-stage failed y\nstapsh-stage left /x\n"), "failed<y>rest<stapsh-stage left /x\n>");
}

// Between single quotes a csh takes !, a fish \\, and none a single quote or an end of line.
TEST(BootstrapStage, IsOneLineThatEveryLoginShellHandsOn) {
  const std::string text(stage_text());
  EXPECT_EQ(text.find_first_of("'!\n\r\t"), std::string::npos) << text;
  EXPECT_EQ(text.find("\\\\"), std::string::npos) << text;
  EXPECT_EQ(text.find(" #"), std::string::npos) << text;  // No comment swallows the rest.
  EXPECT_LT(text.size(), 8'192U);
  EXPECT_TRUE(text.starts_with("old_umask=")) << text;
}

}  // namespace
}  // namespace stapsh::client
