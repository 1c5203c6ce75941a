// SPDX-License-Identifier: Apache-2.0
#include "client/output/shown_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "client/output/label_colour.h"
#include "client/output/text_look.h"

namespace stapsh::client {
namespace {

TEST(ShownNames, AreHarmlessAndDifferent) {
  event::RunStarted run;
  for (const char* name :
       {"web1", "exec:a\nb", "x\033]0;t\007", "x^[]0;t^G", "rstap", "rstap:22", "target rstap", "\xe2\x80\xae",
        "rst\xe2\x80\x8b"
        "ap",
        "web1",
        "we\xe2\x80\x8b"
        "b1"}) {
    run.targets.push_back({name, ""});
  }
  EXPECT_THAT(shown_names(run), testing::ElementsAre("web1", "exec:a^Jb", "x^[]0;t^G", "x^[]0;t^G#3", "target rstap",
                                                     "target rstap:22", "target rstap#6", "<U+202E>",
                                                     "target rst\xe2\x80\x8b"
                                                     "ap#8",
                                                     "web1#9",
                                                     "we\xe2\x80\x8b"
                                                     "b1#10"));
}

TEST(LabelColour, IsTheTargetsOwn) {
  EXPECT_EQ(in_colour_of("web1", "web1:"), in_colour_of("web1", "web1:"));
  std::set<std::string> colours;
  for (int i = 0; i < 40; ++i) colours.insert(in_colour_of("web" + std::to_string(i), "x"));
  EXPECT_EQ(colours.size(), 10U) << "all are used";
  EXPECT_THAT(in_colour_of("a", "x"), testing::MatchesRegex("\033\\[[0-9]+mx\033\\[0m"));
}

TEST(TextLook, FollowsTerminalsOptionsAndNoColor) {
  struct Case {
    std::optional<ColourWhen> when;
    const char* no_color;
    bool terminal, want;
  };
  const Case cases[] = {
      {std::nullopt, nullptr, true, true},     {std::nullopt, nullptr, false, false},
      {std::nullopt, "1", true, false},        {std::nullopt, "", true, true},
      {ColourWhen::kAuto, "1", true, true},    {ColourWhen::kAuto, nullptr, false, false},
      {ColourWhen::kAlways, "1", false, true}, {ColourWhen::kNever, nullptr, true, false},
  };
  for (const Case& c : cases) {
    OutputOptions options;
    options.colour = c.when;
    const TextLook look = text_look(options, {c.terminal, false}, c.no_color);
    EXPECT_EQ(look.coloured[0], c.want);
    EXPECT_EQ(look.coloured[1], c.when == ColourWhen::kAlways);
    EXPECT_EQ(look.spelled[0], c.terminal);
    options.raw = true;
    EXPECT_FALSE(text_look(options, {c.terminal, c.terminal}, c.no_color).spelled[0]);
  }
}

}  // namespace
}  // namespace stapsh::client
