// SPDX-License-Identifier: Apache-2.0
#include "client/report/stack_order.h"

#include <gtest/gtest.h>

namespace stapsh::client::report {
namespace {

TEST(StackOrder, ReadsTheKeyOfAMap) {
  struct Case {
    std::string_view script, want;
  };
  const Case cases[] = {
      {"profile:hz:99 { @s[kstack, ustack(5), comm] = count(); }", "ku"},
      {"@s[ustack(perf, 3)] = count();", "u"},
      {"@s [comm, @depth[kstack_limit], kstack] = count();", "k"},
      {"// @s[ustack]\n@s[kstack] = count();", "k"},
      {"/* @s[ustack] */ printf(\"@s[ustack]\\\"\"); @s[kstack] = count();", "k"},
      {"@stacks[ustack] = count(); @s[kstack] = count();", "k"},
      {"print(@s); @s[kstack] = count();", "k"},
      {"@s[comm] = count();", ""},
      {"@s = count();", ""},
      {"@s[kstack", "k"},
      {"/*", ""},
      {"\"", ""},
      {"", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.script);
    std::string order;
    for (const StackKind kind : stack_order(c.script, "@s")) order += kind == StackKind::kKernel ? 'k' : 'u';
    EXPECT_EQ(order, c.want);
  }
}

}  // namespace
}  // namespace stapsh::client::report
