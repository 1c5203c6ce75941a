// SPDX-License-Identifier: Apache-2.0
#include "client/transport/become.h"

#include <gtest/gtest.h>

#include <array>

namespace stapsh::client {
namespace {

TEST(PromptWatch, FindsEachQuestionAndKeepsTheRest) {
  constexpr std::string_view kText = "A lecture.\nasksas asks\nSorry.\nasks";
  for (std::size_t piece = 1; piece <= kText.size(); ++piece) {
    PromptWatch watch("asks");
    std::string rest;
    for (std::size_t at = 0; at < kText.size(); at += piece) rest += watch.on_bytes(kText.substr(at, piece));
    EXPECT_EQ(rest, "A lecture.\nas \nSorry.\n") << piece;
    EXPECT_EQ(watch.count(), 3U) << piece;
  }
}

// In pieces of any size.
TEST(SudoStart, TellsWhatStartFilesSayFromWhatSudoDoes) {
  constexpr std::string_view kText = "Load56701234...5670\n56789012340\n5678901234\ncode: 5678901234\n";
  for (std::size_t piece = 1; piece <= kText.size(); ++piece) {
    SudoStart start("0123456789");
    std::string before, behind;
    for (std::size_t at = 0; at < kText.size(); at += piece) {
      std::string_view bytes = kText.substr(at, piece);
      before += start.on_bytes(bytes);
      behind += bytes;
      EXPECT_TRUE(start.found() || bytes.empty());
    }
    EXPECT_EQ(before + "|" + behind, "Load56701234...5670\n56789012340\n|code: 5678901234\n") << piece;
  }
}

TEST(Become, SudosReasonIsOneLine) {
  struct Row {
    std::string_view said, reason;
  };
  constexpr std::array kRows{
      Row{"ada is not in the sudoers file.\nThis incident has been reported to the administrator.\n",
          "ada is not in the sudoers file."},
      Row{"\nSorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n\n",
          "sudo: 1 incorrect password attempt"},
      Row{"", ""},
  };
  for (const Row& row : kRows) EXPECT_EQ(sudo_reason(row.said, true), row.reason);
  EXPECT_EQ(sudo_reason("sudo: a password is required\n", true), "sudo: a password is required");
  EXPECT_NE(sudo_reason("sudo: a password is required\n", false).find("--ask-become-pass"), std::string::npos);
}

// One word, that a csh and a fish take as well.
TEST(Become, CommandIsForEveryLoginShell) {
  ReachOptions options;
  options.become = "ada's";
  const std::string command = become_command(options, agent_words("/opt/stapsh"));
  EXPECT_TRUE(command.ends_with(R"(' sh '' 'ada'\''s' '' agent '/opt/stapsh')")) << command;
  EXPECT_EQ(command.find_first_of("!\n\r\t"), std::string::npos) << command;
  EXPECT_EQ(command.find("\\\\"), std::string::npos) << command;
}

// Whoever shows it, with its words run together too, has not asked.
TEST(Become, CommandShowsNoPrompt) {
  for (const std::string_view separator : {"", "'", " ", "' '", "\n"}) {
    ReachOptions options;
    options.become = "root";
    options.become_prompt = "0123456789ab";
    std::string command = become_command(options, agent_words(std::nullopt));
    EXPECT_NE(command.find("' sh '012345' 'root' '6789ab' agent ''"), std::string::npos) << command;
    for (std::size_t at = 0; !separator.empty() && (at = command.find(separator, at)) != std::string::npos;) {
      command.erase(at, separator.size());
    }
    const std::string said = "unknown command: " + command + "\n";
    PromptWatch watch(options.become_prompt);
    (void)watch.on_bytes(said);
    EXPECT_EQ(watch.count(), 0U) << command;
    SudoStart start(options.become_prompt);
    std::string_view behind = said;
    EXPECT_EQ(start.on_bytes(behind), said);
    EXPECT_FALSE(start.found()) << command;
  }
}

TEST(Become, AQuestionIsWhatHasNoEnd) {
  struct Row {
    std::string_view said, question;
  };
  constexpr std::array kRows{
      Row{"", ""},
      Row{"Verification code: ", "Verification code: "},
      Row{"\r\nSorry, try again.\nOnce more: ", "Sorry, try again.\nOnce more: "},
      Row{"We trust you have received the usual lecture.\n", ""},
      Row{"\n  ", ""},
  };
  for (const Row& row : kRows) {
    QuestionWatch watch;
    for (const char& byte : row.said) watch.on_bytes({&byte, 1});
    EXPECT_EQ(watch.question(), row.question);
    watch.forget();
    EXPECT_EQ(watch.question(), "");
  }
}

// A hostile target must not make us keep more the more it says.
TEST(Become, ALongQuestionLosesItsBeginning) {
  QuestionWatch watch;
  for (int i = 0; i < 100; ++i) watch.on_bytes(std::string(1'000, 'x'));
  watch.on_bytes("code: ");
  EXPECT_LE(watch.question().size(), 2'048U);
  EXPECT_TRUE(watch.question().ends_with("xcode: "));
}

}  // namespace
}  // namespace stapsh::client
