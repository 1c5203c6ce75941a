// SPDX-License-Identifier: Apache-2.0
#include "protocol/found_runners.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(FoundRunners, AreOneWord) {
  const FoundRunners all{
      {RunnerKind::kStaprun, false, "4.8"}, {RunnerKind::kStapbpf, true, ""}, {RunnerKind::kBpftrace, false, ""}};
  EXPECT_EQ(format_found_runners(all), "staprun:4.8,stapbpf:denied,bpftrace:unknown");
  EXPECT_EQ(parse_found_runners(format_found_runners(all)), all);
  EXPECT_EQ(format_found_runners({}), "none");
  EXPECT_EQ(parse_found_runners("none"), FoundRunners());
}

TEST(FoundRunners, AnyWordIsRead) {
  struct Case {
    std::string_view word, want;
  };
  const Case cases[] = {
      {"", "none"},
      {"stapnew:6.0,bpftrace:0.17.0", "bpftrace:0.17.0"},
      {"bpftrace", "bpftrace:unknown"},
      {"bpftrace:", "bpftrace:unknown"},
      {"bpftrace:\033[2J", "bpftrace:unknown"},
      {"bpftrace:0.17.0:more", "bpftrace:unknown"},
      {"bpftrace:123456789.123456789.123456789.123", "bpftrace:unknown"},
      {"bpftrace:0.17.0,bpftrace:0.20.0,,", "bpftrace:0.17.0"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.word);
    EXPECT_EQ(format_found_runners(parse_found_runners(c.word)), c.want);
  }
}

TEST(FoundRunners, AVersionIsFoundInWhatIsSaid) {
  struct Case {
    std::string_view said, want;
  };
  const Case cases[] = {
      {"bpftrace v0.17.0\n", "0.17.0"},
      {"bpftrace v0.24.0-123-gabc\n", "0.24.0-123-gabc"},
      {"Systemtap module loader/runner (version 4.8, Debian version 4.8-2)\r\nCopyright (C) 2005-2022", "4.8"},
      {"Systemtap translator/driver (version 5.0/0.188, release-5.0)", "5.0"},
      {"this is 5.1.", "5.1"},
      {"", ""},
      {"hello", ""},
      {"staprun: invalid option -- 'V' (7 of 9)", ""},
      {"error while loading shared libraries: libLLVM-14.so.1: cannot open", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.said);
    EXPECT_EQ(version_said(c.said), c.want);
  }
}

}  // namespace
}  // namespace stapsh
