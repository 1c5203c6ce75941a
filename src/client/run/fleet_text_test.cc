// SPDX-License-Identifier: Apache-2.0
#include "client/run/fleet_text.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(FleetText, VariablesOfBpftraceThatStayHereAreNamedOnce) {
  const char* const environment[] = {"BPFTRACE_STRLEN=9", "HOME=/", "BPFTRACE_BTF=/f", "BPFTRACE_COLOR=never", nullptr};
  JobOptions job;
  job.runtime = Runtime::kBpftrace;
  job.runner_environment = {"BPFTRACE_COLOR=always"};
  const auto text = [&](const std::vector<std::string>& uris) {
    std::vector<Target> targets;
    for (const std::string& uri : uris) targets.push_back({0, uri, parse_remote_uri(uri).value(), uri});
    return untravelled_text(targets, job, environment).value_or("");
  };
  EXPECT_EQ(text({"stapsh:", "web1", "web2"}),
            "set here, and not on the targets: BPFTRACE_BTF, BPFTRACE_STRLEN; --env=NAME=VALUE sets one there");
  EXPECT_EQ(text({"stapsh:", "direct:"}), "");
  job.runtime = Runtime::kBpf;
  EXPECT_EQ(text({"web1"}), "");
  job.runtime = Runtime::kBpftrace;
  job.runner_environment = {"BPFTRACE_COLOR=always", "BPFTRACE_BTF=/x", "BPFTRACE_STRLEN=1"};
  EXPECT_EQ(text({"web1"}), "");
}

}  // namespace
}  // namespace stapsh::client
