// SPDX-License-Identifier: Apache-2.0
#include "protocol/line_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace stapsh {
namespace {

using Status = LineReader::Status;

std::vector<std::string> read_all(LineReader& reader, std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const LineReader::Taken taken = reader.take(bytes);
    if (taken.status == Status::kTooLong) {
      lines.emplace_back("<too long>");
      break;
    }
    if (taken.status == Status::kLine) lines.emplace_back(taken.line);
    bytes.remove_prefix(taken.bytes);
  }
  return lines;
}

TEST(LineReader, EverySplitInThreeGivesTheSameLines) {
  const std::string_view text = "stap 5.6\r\n\nrun ./a.ko\nquit\n";
  const std::vector<std::string> want{"stap 5.6", "", "run ./a.ko", "quit"};
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      LineReader reader(64);
      std::vector<std::string> lines;
      for (const std::string_view piece :
           {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        for (std::string& line : read_all(reader, piece)) lines.push_back(std::move(line));
      }
      ASSERT_EQ(lines, want) << first << ' ' << second;
      ASSERT_EQ(reader.partial(), "");
    }
  }
}

TEST(LineReader, TheLimitCountsWithoutTheNewline) {
  LineReader fits(4);
  EXPECT_EQ(read_all(fits, "1234\n"), std::vector<std::string>{"1234"});
  LineReader at_once(4);
  EXPECT_EQ(read_all(at_once, "12345\n"), std::vector<std::string>{"<too long>"});
  LineReader endless(4);
  EXPECT_EQ(endless.take("123").status, Status::kNeedMore);
  EXPECT_EQ(endless.partial(), "123");
  EXPECT_EQ(endless.take("45").status, Status::kTooLong);
}

}  // namespace
}  // namespace stapsh
