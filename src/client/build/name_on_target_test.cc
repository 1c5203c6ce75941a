// SPDX-License-Identifier: Apache-2.0
#include "client/build/name_on_target.h"

#include <gtest/gtest.h>

#include <set>

#include "protocol/command.h"

namespace stapsh::client {
namespace {

TEST(NameOnTarget, IsTheFilesOwnWhereThatFits) {
  EXPECT_EQ(name_on_target("opensnoop.bt", RunnerKind::kBpftrace), "opensnoop.bt");
  EXPECT_EQ(name_on_target("stap_1+2.bo", RunnerKind::kStapbpf), "stap_1+2.bo");
  EXPECT_EQ(name_on_target("prog.txt", RunnerKind::kBpftrace), "prog.txt.bt");
  EXPECT_EQ(name_on_target("x", RunnerKind::kBpftrace), "x.bt");
}

TEST(NameOnTarget, FitsWhateverAPersonWrote) {
  const std::string_view names[] = {"my script.bt", "my_script.bt", "naïve.bt",   "naive.bt", "-x.bt",
                                    "_x.bt",        ".bt",          ".hidden.bt", "a\nb.bt",  "a/b",
                                    "\xff.bt",      "\xfe.bt",      "-",          "名.bt"};
  std::set<std::string> seen;
  for (const std::string_view name : names) {
    SCOPED_TRACE(name);
    const std::string sent = name_on_target(name, RunnerKind::kBpftrace);
    EXPECT_TRUE(check_file_name(sent)) << sent;
    EXPECT_TRUE(sent.ends_with(".bt")) << sent;
    EXPECT_TRUE(seen.insert(sent).second) << sent;
    EXPECT_EQ(name_on_target(name, RunnerKind::kBpftrace), sent);
  }
  EXPECT_EQ(name_on_target("my script.bt", RunnerKind::kBpftrace).substr(0, 10), "my_script-");
  const std::string sent = name_on_target(std::string(250, 'x') + ".bt", RunnerKind::kBpftrace);
  EXPECT_LE(sent.size(), 200u);
  EXPECT_TRUE(check_file_name(sent));
}

TEST(NameOnTarget, AKernelModuleSaysItsOwn) {
  using namespace std::string_view_literals;
  EXPECT_EQ(kernel_module_name("ELF\0license=GPL\0name=stap_ab_12\0vermagic=6.1 SMP\0"sv), "stap_ab_12");
  EXPECT_EQ(kernel_module_name("ELF\0parmname=x\0"sv), std::nullopt);
  EXPECT_EQ(kernel_module_name("ELF\0name=../x\0"sv), std::nullopt);
  EXPECT_EQ(kernel_module_name(""), std::nullopt);
}

}  // namespace
}  // namespace stapsh::client
