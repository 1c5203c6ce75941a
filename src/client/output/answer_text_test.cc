// SPDX-License-Identifier: Apache-2.0
#include "client/output/answer_text.h"

#include <gmock/gmock.h>

#include "client/answers/answer_book.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// The last values of a program that printed these lines on host 0, 1, …; `lost`: this one was.
std::vector<std::string> lines_of(std::string_view program, const std::vector<std::string>& hosts,
                                  std::optional<unsigned> top = std::nullopt,
                                  std::optional<std::size_t> lost = std::nullopt) {
  AnswerBook book{ProgramMaps(program), hosts.size()};
  WallTime now = 1s;
  for (std::size_t host = 0; host < hosts.size(); ++host) book.on_started(host, now);
  for (std::size_t host = 0; host < hosts.size(); ++host) book.on_output(host, hosts[host], now);
  now += 400ms;
  for (std::size_t host = 0; host < hosts.size(); ++host) book.on_ended(host, host == lost ? "failed: gone" : "", now);
  book.on_run_ended(now);
  const std::vector<std::string> names{"a1", "a2", "a3", "b1"};
  std::vector<std::string> lines;
  while (std::optional<AnswerItem> item = book.next()) {
    if (const auto* answer = std::get_if<Answer>(&*item)) {
      const auto more = answer_lines(*answer, names, top);
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  return lines;
}

std::string map(std::string_view content) { return R"({"type": "map", "data": {)" + std::string(content) + "}}\n"; }

TEST(AnswerText, ANumberIsALine) {
  EXPECT_THAT(lines_of("BEGIN { @c = count(); }", {map(R"("@c": 3)"), map(R"("@c": 4)")}),
              ElementsAre("@c: sum of 2 hosts", "@c: 7"));
}

TEST(AnswerText, KeysStandInOrderAndOnlyTheLargestIfAsked) {
  const std::string_view program = "t:x { @c[comm] = count(); }";
  const std::vector<std::string> hosts{map(R"("@c": {"a": 1, "b": 5})"),
                                       map(R"("@c": {"a": 2, "\u001b[2Jrstap: x": 4})")};
  EXPECT_THAT(lines_of(program, hosts),
              ElementsAre("@c: sum of 2 hosts", "@c[a]: 3", "@c[^[[2Jrstap: x]: 4", "@c[b]: 5"));
  EXPECT_THAT(lines_of(program, hosts, 1), ElementsAre("@c: sum of 2 hosts, 1 of 3 keys", "@c[b]: 5"));
}

TEST(AnswerText, WhoIsMissingIsNamed) {
  EXPECT_THAT(
      lines_of("BEGIN { @m = max(1); }", {map(R"("@m": 3)"), "", map(R"("@m": 9)"), ""}, {}, 3),
      ElementsAre("@m: largest of 2 of 4 hosts", "  a2: no data", "  b1: failed: gone, 0 s after the start", "@m: 9"));
}

TEST(AnswerText, OfWhatNothingWasMergedThereIsNoSum) {
  const auto hist = [](std::string_view buckets) {
    return R"({"type": "hist", "data": {"@h": [)" + std::string(buckets) + "]}}\n";
  };
  const std::string low = R"({"min": 0, "max": 9, "count": 1})", wide = R"({"min": 0, "max": 19, "count": 1})";
  const std::vector<std::string> none = lines_of("BEGIN { @h = lhist(1, 0, 100, 10); }", {hist(low), hist(wide)});
  ASSERT_GE(none.size(), 2U);
  EXPECT_EQ(none[0], "@h: by host, not merged: 2 hosts");
  EXPECT_EQ(none[1], "@h: not merged: hosts have different buckets");
  // Some of it is a sum.
  const std::string mixed = map(R"("@c": {"a": 1, "b": "x"})");
  EXPECT_EQ(lines_of("BEGIN { @c[1] = count(); }", {mixed, mixed}).front(), "@c: sum of 2 hosts");
}

TEST(AnswerText, WhatIsNotMergedStandsByHost) {
  EXPECT_THAT(lines_of("BEGIN { @x = 1; }", {map(R"("@x": 3)"), map(R"("@x": 4)"), map(R"("@x": 3)")}),
              ElementsAre("@x: by host, not merged: 3 hosts", "@x:", "  a2: 4", "  a[1,3]: 3"));
  EXPECT_THAT(lines_of("BEGIN { @x[1] = avg(1); }", {R"({"type": "stats", "data": {"@x": {"1": 3}}})",
                                                     R"({"type": "stats", "data": {"@x": {"1": 9}}})"}),
              ElementsAre("@x: averages of 2 hosts", "@x[1]: min 3, median 3, max 9"));
}

TEST(AnswerText, AHistogramHasBarsAndAStackItsFrames) {
  const std::string host =
      R"({"type": "hist", "data": {"@h": {"\n    f+1\n    g+2\n": [{"min": 4, "max": 7, "count": 1}, {"min": 8, "max": 15, "count": 2}]}}})";
  EXPECT_THAT(lines_of("k:f { @h[kstack] = hist(1); }", {host, host}),
              ElementsAre("@h: sum of 2 hosts", "@h[", "    f+1", "    g+2", "]: count 6, p50 [8, 16), p99 [8, 16)",
                          "[4, 8)                  2 |" + std::string(26, '@') + std::string(26, ' ') + "|",
                          "[8, 16)                 4 |" + std::string(52, '@') + "|"));
}

// bpftrace prints "@c[]" as well: a name that is not known, and a stack that could not be taken.
TEST(AnswerText, AnEmptyKeyIsAKey) {
  EXPECT_THAT(lines_of("t:x { @c[comm] = count(); }", {map(R"("@c": {"": 3})")}),
              ElementsAre("@c: sum of 1 host", "@c[]: 3"));
  const std::string usual = map(R"("@c": {"\n": 800, "": 200})");
  EXPECT_THAT(lines_of("t:x { @c[ustack] = count(); }", {usual, usual, map(R"("@c": {"\n": 200, "": 800})"), usual}),
              ElementsAre("@c: sum of 4 hosts", "@c[]: 1400", "@c[", "]: 2600",
                          "  a3 differs: @c[] is 20 % of its own, 80 % of others'"));
}

// 100 values in the bucket of `min` and the one above it.
std::string hist(int min) {
  const auto bucket = [](int lower, int count) {
    return R"({"min": )" + std::to_string(lower) + R"(, "max": )" + std::to_string(2 * lower - 1) + R"(, "count": )" +
           std::to_string(count) + "}";
  };
  return R"({"type": "hist", "data": {"@h": [)" + bucket(min, 60) + ", " + bucket(2 * min, 40) + "]}}\n";
}

TEST(AnswerText, AHostThatIsNotLikeTheOthersIsNamed) {
  const auto lines = lines_of("k:f { @h = hist(1); }", {hist(16), hist(256), hist(16), hist(16)});
  EXPECT_EQ(lines.back(), "  a2 differs: p50 [256, 512), others [16, 32)  █▆") << testing::PrintToString(lines);
  EXPECT_EQ(lines_of("k:f { @h = hist(1); }", {hist(16), hist(16), hist(16), hist(16)}).back().substr(0, 8),
            "[32, 64)");
  EXPECT_EQ(lines_of("k:f { @c = count(); }",
                     {map(R"("@c": 1000)"), map(R"("@c": 1010)"), map(R"("@c": 990)"), map(R"("@c": 5000)")})
                .back(),
            "  b1 differs: 5.0 times as much as others");
  const std::string usual = map(R"("@c": {"a": 800, "b": 200})");
  EXPECT_EQ(lines_of("k:f { @c[comm] = count(); }", {usual, usual, map(R"("@c": {"a": 200, "b": 800})"), usual}).back(),
            "  a3 differs: @c[a] is 20 % of its own, 80 % of others'");
}

}  // namespace
}  // namespace stapsh::client
