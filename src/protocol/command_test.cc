// SPDX-License-Identifier: Apache-2.0
#include "protocol/command.h"

#include <gtest/gtest.h>

#include "base/overloaded.h"

namespace stapsh {
namespace {

std::string show(const Command& command) {
  return std::visit(
      Overloaded{[](const BadCommand& bad) { return "bad: " + bad.reason + (bad.data_size_unknown ? " [end]" : ""); },
                 [](const auto& good) { return format_command(good); }},
      command);
}

TEST(Command, ParsesWhatClientsSend) {
  struct Case {
    std::string_view line, want;
  };
  const Case cases[] = {
      {"stap 5.6", "stap 5.6\n"},
      {" stap\t1.4 ", "stap 1.4\n"},
      {"option data", "option data\n"},
      {"option keepalive=5", "option keepalive=5\n"},
      {"file 3864 stap_1.bo", "file 3864 stap_1.bo\n"},
      {"file 0 a", "file 0 a\n"},
      {"arg 5", "arg 5\n"},
      {"run", "run\n"},
      {"run -v -R ./a.ko g=3Da=20b -r 0:h0", "run -v -R ./a.ko g=3da=20b -r 0:h0\n"},
      {"signal 15", "signal 15\n"},
      {"quit", "quit\n"},
      {"ping", "ping\n"},
      {"sweep", "sweep\n"},
      {"signature 5 a.bt", "signature 5 a.bt\n"},
      {"signature 5", "signature 5 \n"},
      {"signature", "bad: signature: needs a size and a name [end]"},
      {"signature x a", "bad: signature: size 'x' is not a whole number from 0 to 18446744073709551615 [end]"},
      {"signature 16385 a", "bad: signature: 16385 bytes; it has at most 16384 [end]"},
      {"manifest 5", "manifest 5\n"},
      {"manifest 4000001", "bad: manifest: 4000001 bytes; it has at most 4000000 [end]"},
      {"manifest 5 a", "bad: manifest: needs one word, its size [end]"},
      // What must not be taken for something else.
      {"", "bad: empty line"},
      {"stap", "stap\n"},
      {"stap 5.6 or so", "stap 5.6\n"},
      {"quit now", "bad: unknown command: quit now"},
      {"\x1b[2J", "bad: unknown command: ?[2J"},
      {"option", "bad: option: needs one word, its name"},
      {"run =+5", "bad: run: '=' without two hex digits in a quoted argument"},
      {"signal 0", "bad: signal: '0' is not a whole number from 1 to 64"},
      {"signal 65", "bad: signal: '65' is not a whole number from 1 to 64"},
      {"file 5x a", "bad: file a: size '5x' is not a whole number from 0 to 18446744073709551615 [end]"},
      {"file -1 a", "bad: file a: size '-1' is not a whole number from 0 to 18446744073709551615 [end]"},
      {"file", "bad: file: needs a size and a name [end]"},
      {"file 64000001 a",
       "bad: file a: 64000001 bytes, over file-bytes-max (64000000); start stapsh with a higher --file-bytes-max "
       "[end]"},
      {"file 4294967299 a",
       "bad: file a: 4294967299 bytes, over file-bytes-max (64000000); start stapsh with a higher --file-bytes-max "
       "[end]"},
      {"arg 99999999",
       "bad: arg: 99999999 bytes, over args-bytes-max (1000000); start stapsh with a higher "
       "--args-bytes-max [end]"},
      // The size stands, so the DATA can be consumed; the missing name is refused later.
      {"file 3", "file 3 \n"},
      {"file 3 a b", "file 3 \n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.line);
    EXPECT_EQ(show(parse_command(c.line, Limits{})), c.want);
  }
}

TEST(Command, FileNamesAreBasenames) {
  for (const std::string_view name : {"a", "stap_1f9a_984.ko", "uprobes.ko.sgn", "0.bt", "_x", "My-Probe+1.ko"}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(check_file_name(name));
  }
  for (const std::string_view name : {"", ".", "..", ".x", "-x", "a/b", "/a", "../a", "a b", "a\n", "\xc3\xa9"}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(check_file_name(name));
  }
  EXPECT_TRUE(check_file_name(std::string(255, 'a')));
  EXPECT_FALSE(check_file_name(std::string(256, 'a')));
}

TEST(Printable, KeepsTextAndReplacesWhatATerminalObeys) {
  struct Case {
    std::string_view text;
    std::string_view want;
  };
  const Case cases[] = {
      {"plain text", "plain text"},
      {"\033[31m\t\177", "?[31m??"},
      {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7"},
      {"\x9b"
       "31m \x80 \xff",
       "?31m ? ?"},  // C1 as single bytes.
      {"\xc2\x9b"
       "31m",
       "??31m"},                                      // C1 as UTF-8.
      {"\xc0\xaf \xe0\x80\xaf", "?? ???"},            // Longer than needed.
      {"\xed\xa0\x80 \xf4\x90\x80\x80", "??? ????"},  // No characters.
      {"\xe2\x82", "??"},                             // Cut.
  };
  for (const Case& c : cases) EXPECT_EQ(printable(c.text), c.want);
  std::string longer(kQuotedTextMax - 1, 'x');
  EXPECT_EQ(printable(longer + "\xc3\xbc"), longer + "...");  // Not in the middle of a character.
}

TEST(ParseCommand, MessagesShowNoControlCharacters) {
  for (const std::string_view line : {"file \033[31m5 x", "arg \033[31m5",
                                      "signal \x9b"
                                      "5",
                                      "run a=\033"}) {
    const Command command = parse_command(line, Limits{});
    const auto* bad = std::get_if<BadCommand>(&command);
    ASSERT_NE(bad, nullptr) << line;
    EXPECT_EQ(bad->reason.find_first_of("\033\x9b"), std::string::npos) << line;
  }
}

TEST(Command, AFileMayHaveItsDigest) {
  const std::string digest(64, 'a');
  const Command command = parse_command("file 3 a.bt " + digest, Limits{});
  const auto* file = std::get_if<FileCommand>(&command);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name, "a.bt");
  EXPECT_EQ(file->digest, digest);
  EXPECT_EQ(format_command(*file), "file 3 a.bt " + digest + "\n");
  const Command have = parse_command("have " + digest + " a.bt", Limits{});
  const auto* kept = std::get_if<HaveCommand>(&have);
  ASSERT_TRUE(kept);
  EXPECT_EQ(format_command(*kept), "have " + digest + " a.bt\n");
  for (const std::string& bad : {std::string("have"), "have " + digest, "have a.bt " + digest,
                                 "have " + digest + " a.bt b.bt", "have " + digest.substr(1) + " a.bt"}) {
    EXPECT_TRUE(std::holds_alternative<BadCommand>(parse_command(bad, Limits{}))) << bad;
  }
}

TEST(Command, CheckNamesFilesByTheirDigests) {
  const std::string digest(64, 'a');
  const Command command = parse_command("check a.bt:" + digest + ",b.h:" + digest + " -q ./a.bt =2d", Limits{});
  const auto* const check = std::get_if<CheckCommand>(&command);
  ASSERT_NE(check, nullptr);
  EXPECT_EQ(check->files, (std::vector<CheckCommand::File>{{"a.bt", digest}, {"b.h", digest}}));
  EXPECT_EQ(check->args, (std::vector<std::string>{"-q", "./a.bt", "-"}));
  EXPECT_EQ(format_command(*check), "check a.bt:" + digest + ",b.h:" + digest + " -q ./a.bt -\n");
  for (const std::string& line :
       {std::string("check"), std::string("check a.bt"), "check :" + digest, "check ../a:" + digest,
        "check a.bt:" + digest.substr(1), "check a.bt:" + digest + ",", "check a.bt:" + digest + " =0"}) {
    const Command bad = parse_command(line, Limits{});
    EXPECT_TRUE(std::holds_alternative<BadCommand>(bad)) << line;
  }
}

}  // namespace
}  // namespace stapsh
