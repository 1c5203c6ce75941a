// SPDX-License-Identifier: Apache-2.0
#include "agent/error_advice.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace stapsh::agent {
namespace {

TEST(ErrorAdvice, SaysWhereAndWhatToDo) {
  const auto advised = [](int number, const char* what) {
    return with_advice(Error{Errc::kSystem, what, number}, "/tmp/stapsh.x").what;
  };
  EXPECT_EQ(advised(ENOSPC, "cannot write: full"),
            "cannot write: full, in /tmp/stapsh.x; make room there, or set TMPDIR of stapsh to another place");
  EXPECT_EQ(advised(EAGAIN, "cannot fork: none"),
            "cannot fork: none; raise ulimit -u for the user of stapsh, or pids.max of its control group");
  EXPECT_EQ(advised(EDQUOT, "no room (TMPDIR chooses another place)"), "no room (TMPDIR chooses another place)");
  EXPECT_EQ(advised(EMFILE, "too many"), "too many; raise ulimit -n of stapsh");
  EXPECT_EQ(advised(EPERM, "not you"), "not you");
}

}  // namespace
}  // namespace stapsh::agent
