// SPDX-License-Identifier: Apache-2.0
#include "client/output/status_line.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

std::string take(StatusLine& line) {
  std::string bytes(line.pending());
  line.consume(bytes.size());
  return bytes;
}

constexpr const char* kErase = "\r \033[J\r\033[K";
std::string drawn(std::string_view text) { return "\033[?7l" + std::string(text) + "\033[?7h\r"; }

TEST(StatusLine, IsErasedOnceBeforeOutput) {
  StatusLine line;
  line.erase();
  EXPECT_EQ(take(line), "");
  line.draw("1 running");
  EXPECT_EQ(take(line), drawn("1 running"));
  line.erase();
  line.erase();
  EXPECT_EQ(take(line), kErase);
  EXPECT_FALSE(line.shown());
}

TEST(StatusLine, NewTextTakesThePlaceOfTheOld) {
  StatusLine line;
  line.draw("1 running");
  (void)take(line);
  line.draw("1 done");
  EXPECT_EQ(take(line), kErase + drawn("1 done"));
  EXPECT_TRUE(line.shown());
}

TEST(StatusLine, StaysAwayFromAnUnfinishedLine) {
  StatusLine line;
  line.note_output('x');
  line.draw("1 running");
  EXPECT_EQ(take(line), "");
  EXPECT_FALSE(line.shown());
  line.note_output('\n');
  line.draw("1 running");
  EXPECT_EQ(take(line), drawn("1 running"));
}

TEST(StatusLine, LeavesWhatOthersWroteOverIt) {
  StatusLine line;
  line.draw("1 running");
  (void)take(line);
  line.yield();
  line.yield();
  line.erase();
  EXPECT_EQ(take(line), "\033[J");
}

TEST(StatusLine, HalfDrawnIsDrawnThenErased) {
  StatusLine line;
  line.draw("1 running");
  line.consume(7);
  line.erase();
  EXPECT_EQ(take(line), drawn("1 running").substr(7) + kErase);
}

}  // namespace
}  // namespace stapsh::client
