// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace stapsh {
namespace {

Result<std::unique_ptr<int>> make(bool ok) {
  if (!ok) return fail(Errc::kLimit, "too many");
  return std::make_unique<int>(7);
}

Result<int> use(bool ok) {
  const std::unique_ptr<int> value = TRY(make(ok));
  return *value;
}

TEST(Result, TryHandsOnAValueThatOnlyMoves) { EXPECT_EQ(*use(true), 7); }

TEST(Result, TryReturnsTheError) {
  const Result<int> result = use(false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kLimit);
  EXPECT_EQ(result.error().what, "too many");
}

TEST(Result, ErrnoBecomesTheReasonAndContextComesFirst) {
  const Error error = add_context("web01", fail_errno("open probe.ko", ENOENT).value()).value();
  EXPECT_EQ(error.what, "web01: open probe.ko: No such file or directory");
  EXPECT_EQ(error.sys_errno, ENOENT);
}

}  // namespace
}  // namespace stapsh
