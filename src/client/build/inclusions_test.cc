// SPDX-License-Identifier: Apache-2.0
#include "client/build/inclusions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Behind a name that may be included, a '?'.
std::vector<std::string> names(std::string_view text) {
  std::vector<std::string> names;
  for (const Inclusion& each : inclusions(text)) names.push_back(each.quoted + (each.certain ? "" : "?"));
  return names;
}

TEST(Inclusions, NamesStandBehindInclude) {
  EXPECT_THAT(names("#include <a.h>\n # \t include \"b.h\" // x\nBEGIN { }\n#define X\n#include X\n#include"),
              ElementsAre("<a.h>", "\"b.h\""));
  EXPECT_THAT(names("#include <a.h\n#include \"\"\n//#include <b.h>"), IsEmpty());
  EXPECT_THAT(names("/*\n#include <a.h>\n*/ #include <b.h>\nBEGIN { printf(\"/*\"); }\n#include <c//d.h>\n/* x"),
              ElementsAre("<b.h>"));
}

TEST(Inclusions, ABranchThatIsNeverTakenHasNone) {
  EXPECT_THAT(names("#if 0\n#include <a.h>\n#else\n#include <b.h>\n#endif\n#include <c.h>"),
              ElementsAre("<b.h>", "<c.h>"));
  EXPECT_THAT(names("# if 1 \r\n#include <a.h>\n#elif X\n#include <b.h>\n#else\n#include <c.h>\n#endif"),
              ElementsAre("<a.h>"));
  EXPECT_THAT(names("#if 0\n#if 1\n#include <a.h>\n#endif\n#ifdef X\n#include <b.h>\n#endif\n#endif"), IsEmpty());
  EXPECT_THAT(names("#if 0 // never\n#include <a.h>\n#endif"), IsEmpty());
}

TEST(Inclusions, WhatOnlyTheTargetDecidesIsUncertain) {
  EXPECT_THAT(names("#ifdef X\n#include <a.h>\n#else\n#include <b.h>\n#endif\n#include <c.h>"),
              ElementsAre("<a.h>?", "<b.h>?", "<c.h>"));
  EXPECT_THAT(names("#if 0\n#elif defined(X)\n#include <a.h>\n#elif 0\n#include <b.h>\n#endif"), ElementsAre("<a.h>?"));
}

TEST(Inclusions, AGuardIsNoCondition) {
  EXPECT_THAT(names("#ifndef A_H\n#define A_H\n#include <a.h>\n#endif"), ElementsAre("<a.h>"));
  EXPECT_THAT(names("#ifndef A_H\n#define B_H\n#include <a.h>\n#endif"), ElementsAre("<a.h>?"));
}

TEST(Inclusions, WhatDoesNotMatchDoesNoHarm) {
  EXPECT_THAT(names("#endif\n#else\n#elif 1\n#define\n#ifndef\n#define\n#endif\n#\n#include <a.h>"),
              ElementsAre("<a.h>"));
}

}  // namespace
}  // namespace stapsh::client
