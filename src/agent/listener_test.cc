// SPDX-License-Identifier: Apache-2.0
// Who may connect. Listening itself is tested with the built programs, in tests/real and tests/guest.
#include "agent/listener.h"

#include <gtest/gtest.h>

namespace stapsh::agent {
namespace {

TEST(Listener, TakesTheHostUnlessToldOtherwise) {
  struct Case {
    std::vector<std::uint32_t> allowed;
    std::uint32_t cid;
    bool want;
  };
  constexpr std::uint32_t kAny = 0xffff'ffff;
  const Case cases[] = {
      {{}, 2, true},   {{}, 1, false},    {{}, 3, false},     {{}, 0, false},     {{3}, 3, true},
      {{3}, 2, false}, {{3, 1}, 1, true}, {{3, 1}, 2, false}, {{kAny}, 77, true}, {{3, kAny}, 2, true},
  };
  for (const Case& c : cases) {
    AgentOptions options;
    options.allowed_cids = c.allowed;
    EXPECT_EQ(may_connect(options, c.cid), c.want) << c.cid << " with " << c.allowed.size() << " allowed";
  }
}

}  // namespace
}  // namespace stapsh::agent
