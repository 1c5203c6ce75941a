// SPDX-License-Identifier: Apache-2.0
#include "client/output/live_screen.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "client/answers/answer_book.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::vector<Answer> latest(std::string_view program, const std::vector<std::vector<std::string>>& maps_of_hosts) {
  AnswerOptions options;
  options.live = true;
  AnswerBook book(ProgramMaps(program), maps_of_hosts.size(), options);
  for (std::size_t host = 0; host < maps_of_hosts.size(); ++host) {
    for (const std::string& map : maps_of_hosts[host]) {
      book.on_output(host, R"({"type": "map", "data": {)" + map + "}}\n", 1s);
    }
  }
  EXPECT_FALSE(book.next());
  return book.latest();
}

const std::vector<std::string> kNames{"a1", "a2"};

TEST(LiveScreen, ShowsWhatEachHostSaidLast) {
  const std::vector<Answer> answers = latest("t:x { @c = count(); }", {{R"("@c": 1)", R"("@c": 5)"}, {R"("@c": 2)"}});
  EXPECT_THAT(live_lines(answers, kNames, {}, {}, {"head"}), ElementsAre("head", "@c: sum of 2 hosts", "@c: 7"));
}

TEST(LiveScreen, SaysSoWhereNothingWasMeasured) {
  EXPECT_THAT(live_lines({}, kNames, {}, {}, {"head", 10}), ElementsAre("head", "  nothing was measured yet"));
}

TEST(LiveScreen, WhatDoesNotFitIsCutAndOfKeysTheLargestStay) {
  std::string keys;
  for (int i = 0; i < 100; ++i) keys += fmt::format(R"({}"k{:02}": {})", i == 0 ? "" : ", ", i, i);
  const std::vector<Answer> answers = latest("t:x { @c = count(); @k[comm] = count(); @l[comm] = count(); }",
                                             {{R"("@c": 1)", R"("@k": {)" + keys + "}", R"("@l": {)" + keys + "}"}});
  for (std::size_t lines_max = 0; lines_max < 300; ++lines_max) {
    EXPECT_LE(live_lines(answers, kNames, {}, {}, {"head", lines_max}).size(), std::max<std::size_t>(lines_max, 1));
  }
  EXPECT_THAT(live_lines(answers, kNames, {}, {}, {"head", 14}),
              ElementsAre("head", "@c: sum of 1 host", "@c: 1", "@k: sum of 1 host, 3 of 100 keys", "@k[k97]: 97",
                          "@k[k98]: 98", "@k[k99]: 99", "@l: sum of 1 host, 3 of 100 keys", "@l[k97]: 97",
                          "@l[k98]: 98", "@l[k99]: 99"));
}

TEST(LiveScreen, AFrameErasesWhatWasThere) {
  EXPECT_EQ(screen_frame(std::vector<std::string>{"a", "b"}),
            "\033[?2026h\033[?7l\033[Ha\033[K\r\nb\033[K\033[J\033[?7h\033[?2026l");
}

}  // namespace
}  // namespace stapsh::client
