// SPDX-License-Identifier: Apache-2.0
#include "client/targets/hosts_by_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace stapsh::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HostsByCommand, AreWhatStandsBeforeTheFirstExec) {
  EXPECT_EQ(split_hosts_by_command("pod-[01-20],db=exec:sh -c 'a=exec:b,c'"),
            (HostsByCommand{"pod-[01-20],db", "sh -c 'a=exec:b,c'"}));
  EXPECT_EQ(split_hosts_by_command("=exec:"), (HostsByCommand{"", ""}));
}

// What was a target without them stays what it was.
TEST(HostsByCommand, AreInNoOtherForm) {
  for (const std::string_view value : {"exec:env A=exec:b sh", "unix:/run/a=exec:b", "exec:sh", "web1", "a=b:22", ""}) {
    EXPECT_EQ(split_hosts_by_command(value), std::nullopt) << value;
  }
}

TEST(HostsByCommand, HaveTheirNameInTheCommandAndAsALabel) {
  const auto targets = reach_by_command({{"pod-01"}, {"a.b_C"}}, "ssh gw 'kubectl exec {host} -- sh' # {host}{host");
  ASSERT_TRUE(targets);
  EXPECT_THAT(*targets, ElementsAre(NamedAddress{"exec:ssh gw 'kubectl exec pod-01 -- sh' # pod-01{host", "pod-01"},
                                    NamedAddress{"exec:ssh gw 'kubectl exec a.b_C -- sh' # a.b_C{host", "a.b_C"}));
  EXPECT_THAT(*reach_by_command({{"db"}}, "ssh gw stapsh"), ElementsAre(NamedAddress{"exec:ssh gw stapsh", "db"}));
}

TEST(HostsByCommand, OnlyPlainWordsReachAShell) {
  for (const std::string_view host : {"root@web1", "web1:22", "[::1]", "-x", "", "a b", "a;b", "a'b", "$(a)", "a\nb",
                                      "a`b`", "unix:/run/a", "stapsh:", "exec:sh", "a{host}", "\xc3\xa4"}) {
    SCOPED_TRACE(host);
    const auto targets = reach_by_command({{std::string(host)}}, "podman exec -i {host} sh");
    ASSERT_FALSE(targets);
    EXPECT_EQ(targets.error().code, Errc::kUsage);
    EXPECT_THAT(targets.error().what, HasSubstr("can't be a host of '=exec:podman exec -i {host} sh': a name is of"));
  }
}

TEST(HostsByCommand, SeveralDoNotHaveOneCommand) {
  const auto targets = reach_by_command({{"a"}, {"b"}}, "podman exec -i a sh");
  ASSERT_FALSE(targets);
  EXPECT_EQ(targets.error().what,
            "'=exec:podman exec -i a sh' reaches the same for all 2 hosts: say {host} where their names belong");
}

}  // namespace
}  // namespace stapsh::client
