// SPDX-License-Identifier: Apache-2.0
#include "client/options/quote_shell_words.h"

#include <gtest/gtest.h>

#include <vector>

#include "client/options/job_options.h"

namespace stapsh::client {
namespace {

TEST(QuoteShellWords, AreQuotedWhereAShellWouldSeeMore) {
  struct Case {
    std::string_view word, want;
  };
  const Case cases[] = {
      {"iotop.stp", "iotop.stp"},
      {"", "''"},
      {"my script.bt", "'my script.bt'"},
      {"it's", "'it'\\''s'"},
      {"$HOME*", "'$HOME*'"},
      {"~", "'~'"},
      {"a\tb\n", "$'a\\tb\\n'"},
      {"\x1b'\\\n", "$'\\x1b\\'\\\\\\n'"},
      {"--x=1", "--x=1"},
      {"na\xc3\xafve", "'na\xc3\xafve'"},
  };
  for (const Case& c : cases) EXPECT_EQ(quote_shell_word(c.word), c.want);
  EXPECT_EQ(quote_shell_words(std::vector<std::string>{"a", "b c", "d"}), "a 'b c' d");
}

TEST(QuoteShellWords, AJobIsOneLine) {
  JobOptions job;
  job.script = "opens.bt";
  job.script_arguments = {"eth0", "two words"};
  EXPECT_EQ(job.command_line(), "opens.bt eth0 'two words'");
  job.script_kind = ScriptKind::kText;
  job.script = "probe begin {\n}";
  job.script_arguments.clear();
  EXPECT_EQ(job.command_line(), "-e $'probe begin {\\n}'");
}

}  // namespace
}  // namespace stapsh::client
