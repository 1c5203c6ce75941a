// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocol/words.h"

namespace stapsh::agent {
namespace {

// STAPSH_RUNNER_DIR is one of the fixed folders unless a build says otherwise: it was named twice.
TEST(RunnerFinder, EachFolderIsNamedOnce) {
  const Result<std::string> path = find_runner(RunnerKind::kStapdyn);
  if (path) GTEST_SKIP() << "needs a machine without stapdyn; here is " << *path;
  const std::string& what = path.error().what;
  std::vector<std::string_view> words = split_words(std::string_view(what).substr(0, what.find(';')));
  EXPECT_NE(std::find(words.begin(), words.end(), "/usr/bin"), words.end()) << what;
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::adjacent_find(words.begin(), words.end()), words.end()) << what;
}

}  // namespace
}  // namespace stapsh::agent
