// SPDX-License-Identifier: Apache-2.0
// The page as text; tests/page opens it in a browser.
#include "client/report/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "client/report/page_template.h"
#include "client/report/report_data.h"

namespace stapsh::client::report {
namespace {

using testing::HasSubstr;

std::size_t times(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(ReportPage, IsWholeAndAsksNobody) {
  const std::string page = report_page(Report{});
  EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>\n"));
  EXPECT_THAT(page, testing::EndsWith("</html>\n"));
  for (const std::string_view mark : {"@csp@", "@title@", "@data@", "@style@", "@d3@", "@script@"}) {
    EXPECT_EQ(times(page, mark), 0U) << mark;
  }
  EXPECT_EQ(times(page, " src=\""), 0U);
  EXPECT_EQ(times(page, "<link"), 0U);
  EXPECT_EQ(times(page, "\nimport "), 0U);
  EXPECT_EQ(times(page, "\nexport "), 0U);
  EXPECT_THAT(page, HasSubstr("Redistribution and use in source and binary forms"));  // d3's licence goes with it.
}

TEST(ReportPage, TheTemplatesDigestsAreThoseOfItsScripts) {
  std::string page;
  for (const std::string_view piece : page_template()) page += piece;
  std::size_t at = 0;
  for (const std::string_view digest : page_script_digests()) {
    at = page.find("<script>", at) + std::string_view("<script>").size();
    EXPECT_EQ(sha256_hex(page.substr(at, page.find("</script>", at) - at)), digest);
  }
  at = page.find("<style>") + std::string_view("<style>").size();
  EXPECT_EQ(sha256_hex(page.substr(at, page.find("</style>") - at)), page_style_digest());
}

TEST(ReportPage, TextsAddNoMarkup) {
  const std::string plain = report_page(Report{});
  Report report;
  report.script = report.script_text = report.command = report.version =
      "</title></script><script>alert(1)</script><!--@data@@csp@";
  report.targets.resize(1);
  report.targets[0].name = report.script;
  const std::string page = report_page(report);
  for (const std::string_view mark : {"<script", "</script", "<!--", "</title"})
    EXPECT_EQ(times(page, mark), times(plain, mark)) << mark;
}

TEST(ReportData, HasColumnsAndSpellsEachValue) {
  Report report;
  report.began = std::chrono::seconds(100);
  report.ended = std::chrono::milliseconds(102'500);
  report.exit_code = 3;
  report.targets.resize(2);
  report.targets[0].name = "a";
  report.targets[1].name = "b";
  report.targets[0].phases = {{TargetState::kRunning, std::chrono::seconds(101), std::chrono::seconds(102)}};
  report.targets[0].outcome = Outcome{Outcome::Kind::kEnded, 3};
  Map map;
  map.name = "@m";
  map.kind = MapKind::kHist;
  map.asked = 2;
  map.keys = {"x", "y", "z", "t", "u"};
  map.sums = {Histogram{{0, 0, 2}, {std::nullopt, -1, 1}}, Number{7}, Stats{1, 2}, Spread{1, 2, 3, 4},
              NotMerged{"because"}};
  map.hosts = {{0, {{0, Histogram{{0, 0, 2}, {4, 7, 0}}}, {2, Stats{1, 2}}, {3, Text{"\"s\""}}}}};
  map.missing = {{1, "no data"}};
  map.snapshots = {{std::chrono::seconds(101), 1, {{0, Histogram{{1, 1, 9}}}}}};
  report.maps = {map};
  const std::string data = report_data(report);
  EXPECT_THAT(data, HasSubstr(R"("began":100,"took":2.5,"code":3)"));
  EXPECT_THAT(data, HasSubstr(R"("name":["a","b"])"));
  EXPECT_THAT(data, HasSubstr(R"("failed":[1,1],"code":[3,null])"));
  EXPECT_THAT(data, HasSubstr(R"("phases":[[5,1,2],[]])"));
  EXPECT_THAT(
      data,
      HasSubstr(
          R"("missing":[{"why":"no data","names":"b","t":[1]}],"notes":[],"faults":[],"keys":["x","y","z","t","u"])"));
  EXPECT_THAT(data, HasSubstr(R"("buckets":[[null,-1],[0,0],[1,1],[4,7]])"));
  EXPECT_THAT(data,
              HasSubstr(R"("sums":[[1,2,0,1],7,{"c":1,"t":2},{"min":1,"med":2,"max":3,"hosts":4},{"why":"because"}])"));
  EXPECT_THAT(data, HasSubstr(R"("hosts":[{"t":0,"k":[0,2,1],"v":[[1,2],{"c":1,"t":2},"\"s\""]}])"));
  EXPECT_THAT(data, HasSubstr(R"("snapshots":[{"at":1,"hosts":1,"k":[0],"v":[[2,9]]}])"));
}

TEST(ReportData, OfALargeMapOnlyTheLargestKeysAreThereByHost) {
  Report report;
  Map map;
  map.kind = MapKind::kSum;
  for (int key = 0; key < 10'000; ++key) {
    map.keys.push_back(std::to_string(key));
    map.sums.emplace_back(Number{key});
  }
  for (std::size_t target = 0; target < 400; ++target) {
    report.targets.push_back({});
    HostColumn& host = map.hosts.emplace_back(HostColumn{target, {}});
    for (KeyIndex key = 0; key < 10'000; ++key) host.values.emplace_back(key, Number{1});
  }
  report.maps = {map};
  const std::string data = report_data(report);
  EXPECT_THAT(data, HasSubstr(R"("byHost":7500,"hosts":[{"t":0,"k":[2500,1,)"));
  EXPECT_THAT(data, HasSubstr(R"("sums":[0,1,2,)"));
}

}  // namespace
}  // namespace stapsh::client::report
