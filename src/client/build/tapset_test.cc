// SPDX-License-Identifier: Apache-2.0
#include "client/build/tapset.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(Tapset, IsForScriptsThatMayUseIt) {
  const std::vector<std::string> places{"/nowhere", STAPSH_TAPSET};
  const std::string uses = "probe end { @rstap_count_by(\"opens\", opens, who) }", other = "probe begin { exit() }";
  JobOptions job;
  EXPECT_EQ(tapset_for(job, uses, places), STAPSH_TAPSET);
  EXPECT_EQ(tapset_for(job, other, places), "");
  EXPECT_EQ(tapset_for(job, uses, {"/nowhere"}), "");
  job.answers_wanted = true;  // A tapset of theirs may use it.
  EXPECT_EQ(tapset_for(job, other, places), STAPSH_TAPSET);
  job.tapset_directories = {"/nowhere", STAPSH_TAPSET};
  EXPECT_EQ(tapset_for(job, uses, places), "");
  job.tapset_directories.clear();
  job.runtime = Runtime::kBpftrace;
  EXPECT_EQ(tapset_for(job, uses, places), "");
}

TEST(Tapset, StandsInTheBuildsTree) {
  JobOptions job;
  job.answers_wanted = true;
  EXPECT_NE(tapset_for(job, "", tapset_places()), "");
}

}  // namespace
}  // namespace stapsh::client
