// SPDX-License-Identifier: Apache-2.0
#include "client/build/input_probes.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(InputProbes, AreSeenByTheirNames) {
  for (const std::string_view script :
       {"probe input.char { print(char) }", "probe begin,input.line?{}", "input.char"}) {
    EXPECT_TRUE(names_input_probe(script)) << script;
  }
  for (const std::string_view script : {"", "probe begin {}", "probe my.input.char {}", "probe input.character {}",
                                        "probe noinput.line {}", "input.lin"}) {
    EXPECT_FALSE(names_input_probe(script)) << script;
  }
}

}  // namespace
}  // namespace stapsh::client
