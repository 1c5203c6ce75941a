// SPDX-License-Identifier: Apache-2.0
#include "protocol/target_environment.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

using Fact = TargetEnvironment::Fact;

TEST(TargetEnvironment, IsReadAsItIsSaid) {
  const TargetEnvironment all{Fact::kYes,
                              Fact::kNo,
                              Fact::kYes,
                              "integrity",
                              1000,
                              {"stapdev", "stapusr"},
                              std::vector<std::string>{"bpf", "perfmon"},
                              TargetEnvironment::Policy::kBroken,
                              {"/tmp/a b,c:d", Fact::kYes, Fact::kNo, 4096}};
  const std::string word =
      "tracefs:yes,btf:no,kprobes:yes,lockdown:integrity,uid:1000,groups:stapdev+stapusr,caps:bpf+perfmon,"
      "policy:broken,writable:yes,executes:no,room:4096,folder:/tmp/a=20b,c:d";
  EXPECT_EQ(format_environment(all), word);
  EXPECT_EQ(parse_environment(word), all);
}

TEST(TargetEnvironment, WhatIsUnknownIsLeftOut) {
  EXPECT_EQ(format_environment({}), "groups:none");
  EXPECT_EQ(parse_environment("groups:none"), TargetEnvironment());
  EXPECT_EQ(parse_environment("caps:none").capabilities, std::vector<std::string>());
  EXPECT_EQ(parse_environment("").capabilities, std::nullopt);
}

TEST(TargetEnvironment, AnyWordIsOne) {
  for (const char* word :
       {"", ",", ":", ",,a:,:b", "tracefs", "tracefs:maybe", "uid:-1", "uid:4294967296", "room:x", "groups:root+wheel",
        "caps:chown", "policy:", "policy:good", "lockdown:full", "folder:", "folder:=", "folder:=0"}) {
    EXPECT_EQ(format_environment(parse_environment(word)).find("yes"), std::string::npos) << word;
  }
  const TargetEnvironment newer = parse_environment("colour:green,btf:yes,groups:stapusr+stapusr+x");
  EXPECT_EQ(newer.btf, Fact::kYes);
  EXPECT_EQ(newer.groups, std::vector<std::string>{"stapusr"});
}

}  // namespace
}  // namespace stapsh
