// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "client/cli/command_line.h"

namespace stapsh::client {
namespace {

using Words = std::vector<std::string>;

const KernelId kLocal{"6.1.0", "x86_64"};

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "|") + word;
  return text;
}

std::string build_of(const Words& command_line, const KernelId& kernel,
                     const std::vector<KernelDirectory>& directories = {}) {
  const auto options = parse_rstap_arguments(command_line);
  if (!options) return options.error().what;
  return joined(build_arguments(options->job, kernel, kLocal, directories, "/b"));
}

TEST(BuildArguments, AServersClientIsElsewhere) {
  const std::string here = std::filesystem::current_path().string() + "/";
  EXPECT_EQ(
      build_of({"--use-server", "-Itap", "-I", "/t", "-R", "run", "-d", "./x", "a.stp", "b"}, kLocal),
      "stap|-p4|-d|./x|-I|" + here + "tap|-I|/t|-R|" + here + "run|--use-server|--tmpdir=/b|--|" + here + "a.stp|b");
  for (const Words& words : {Words{"--use-server-on-error"}, {"--stap-arg=--use-server=a:1"}}) {
    Words all = words;
    all.emplace_back("a.stp");
    EXPECT_THAT(build_of(all, kLocal), testing::EndsWith("|--|" + here + "a.stp"));
  }
  EXPECT_THAT(build_of({"--use-server-on-error=no", "a.stp"}, kLocal), testing::EndsWith("|--|a.stp"));
}

TEST(BuildArguments, HoldWhatTheBuildNeeds) {
  struct Case {
    Words command_line;
    std::string want;
  };
  const Case cases[] = {
      {{"a.stp"}, "stap|-p4|--tmpdir=/b|--|a.stp"},
      {{"a.stp", "x", "--", "-y"}, "stap|-p4|--tmpdir=/b|--|a.stp|x|-y"},
      {{"-e", "probe begin {}", "x"}, "stap|-p4|--tmpdir=/b|-e|probe begin {}|--|x"},
      {{"-", "x"}, "stap|-p4|--tmpdir=/b|--|-|x"},
      {{"-l", "syscall.*"}, "stap|-l|syscall.*|--tmpdir=/b"},
      {{"-L", "syscall.*", "-vv", "--bpf", "-Itap"}, "stap|-L|syscall.*|-v|-v|--runtime=bpf|-I|tap|--tmpdir=/b"},
      {{"-vv", "-w", "-g", "-b", "a.stp"}, "stap|-p4|-b|-w|--vp|22212|-g|--tmpdir=/b|--|a.stp"},
      {{"--bpf", "-vv", "a.stp"}, "stap|-p4|--vp|22222|--runtime=bpf|--tmpdir=/b|--|a.stp"},
      {{"-m", "m", "-vvv", "a.stp"}, "stap|-p4|--vp|33313|-m|m|--tmpdir=/b|--|a.stp"},
      {{"--vp=0001", "--vp=00022", "-v", "a.stp"}, "stap|-p4|--vp|11113|--tmpdir=/b|--|a.stp"},
      {{"--use-server", "-vv", "--vp=1", "-e", "x"}, "stap|-p4|-v|-v|--vp=1|--use-server|--tmpdir=/b|-e|x|--"},
      {{"--bpf", "a.stp"}, "stap|-p4|--runtime=bpf|--tmpdir=/b|--|a.stp"},
      {{"--runtime=dyninst", "a.stp"}, "stap|-p4|--runtime=dyninst|--tmpdir=/b|--|a.stp"},
      {{"--runtime=kernel", "a.stp"}, "stap|-p4|--tmpdir=/b|--|a.stp"},
      {{"-c", "ls -l", "a.stp"}, "stap|-p4|-c|ls -l|--tmpdir=/b|--|a.stp"},
      {{"-x", "5", "-T", "0.5", "a.stp"}, "stap|-p4|-x|5|-T|0.5|--tmpdir=/b|--|a.stp"},
      {{"-DA=1", "-DB", "-I", "i", "-d", "ext4", "-m", "m.ko", "-R", "rt", "a.stp"},
       "stap|-p4|-D|A=1|-D|B|-m|m|-d|ext4|-I|i|-R|rt|--tmpdir=/b|--|a.stp"},
      {{"--color", "a.stp"}, "stap|-p4|--color=always|--tmpdir=/b|--|a.stp"},
      // Not the build's.
      {{"-o", "/f", "-S4", "-s4", "-Gg=1", "--remote", "h", "--remote-prefix", "a.stp"},
       "stap|-p4|--tmpdir=/b|--|a.stp"},
      {{"--stap-arg=-B", "--stap-arg=A=y", "--runner-arg=-N", "a.stp"}, "stap|-p4|-B|A=y|--tmpdir=/b|--|a.stp"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(joined(c.command_line));
    EXPECT_EQ(build_of(c.command_line, kLocal), c.want);
  }
}

TEST(BuildArguments, NameTheKernelOnlyWhereItIsNotStapsOwn) {
  const std::vector<KernelDirectory> directories{{"/old", {"5.10.0"}}, {"/older", {"5.10.0"}}, {"/mine", {}}};
  EXPECT_EQ(build_of({"a"}, kLocal), "stap|-p4|--tmpdir=/b|--|a");
  EXPECT_EQ(build_of({"a"}, {"6.6.1", "x86_64"}), "stap|-p4|-r|6.6.1|--tmpdir=/b|--|a");
  EXPECT_EQ(build_of({"a"}, {"6.6.1", "aarch64"}), "stap|-p4|-r|6.6.1|-a|aarch64|--tmpdir=/b|--|a");
  EXPECT_EQ(build_of({"a"}, {"5.10.0", "x86_64"}, directories), "stap|-p4|-r|/older|--tmpdir=/b|--|a");
  EXPECT_EQ(build_of({"a"}, kLocal, directories), "stap|-p4|-r|/mine|--tmpdir=/b|--|a");
  EXPECT_EQ(build_of({"a"}, {"6.6.1", "x86_64"}, directories), "stap|-p4|-r|6.6.1|--tmpdir=/b|--|a");
  EXPECT_EQ(build_of({"a"}, kLocal, {read_kernel_directory("6.1.0")}), "stap|-p4|-r|6.1.0|--tmpdir=/b|--|a");
}

TEST(BuildArguments, KernelFoldersSayTheirReleases) {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "kernel_folder.XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  EXPECT_TRUE(read_kernel_directory(name).releases.empty());
  fs::create_directories(name + "/include/config");
  fs::create_directories(name + "/include/generated");
  std::ofstream(name + "/include/config/kernel.release") << "6.1.192\n";
  EXPECT_THAT(read_kernel_directory(name).releases, testing::ElementsAre("6.1.192"));
  // Debian's headers differ in this.
  std::ofstream(name + "/include/generated/utsrelease.h") << "#define UTS_RELEASE \"6.1.0-56-amd64\"\n";
  EXPECT_THAT(read_kernel_directory(name).releases, testing::ElementsAre("6.1.0-56-amd64", "6.1.192"));
  std::ofstream(name + "/include/generated/utsrelease.h") << "no release";
  EXPECT_THAT(read_kernel_directory(name).releases, testing::ElementsAre("6.1.192"));
  fs::remove_all(name);
}

TEST(BuildArguments, TheModulesNameIsTheLastLineThatNamesOne) {
  EXPECT_EQ(*module_from_build_output("stap_4683.bo\n"), "stap_4683.bo");
  EXPECT_EQ(*module_from_build_output("/home/u/.systemtap/cache/cc/stap_cc_1126.ko"),
            "/home/u/.systemtap/cache/cc/stap_cc_1126.ko");
  EXPECT_EQ(*module_from_build_output("noise\nfoo.ko\nmore noise\n"), "foo.ko");
  for (const std::string_view output : {"", "\n", "\n\nnoise\n", ".ko"}) {
    SCOPED_TRACE(output);
    EXPECT_FALSE(module_from_build_output(output));
  }
}

TEST(BuildArguments, KeepFilesWhereStapIsTold) {
  for (const auto& [word, keeps] : {std::pair("-k", true),
                                    {"--stap-arg=-k", true},
                                    {"--stap-arg=-wk", true},
                                    {"-v", false},
                                    {"--stap-arg=-Bkm=y", false},
                                    {"--stap-arg=-Dk", false},
                                    {"--stap-arg=--skip-badvars", false}}) {
    SCOPED_TRACE(word);
    EXPECT_EQ(keeps_files(parse_rstap_arguments(Words{word, "a.stp"})->job), keeps);
  }
}

TEST(BuildArguments, ALocalModuleMayBeCopied) {
  EXPECT_TRUE(may_leave_copy(parse_rstap_arguments(Words{"a.stp"})->job));
  EXPECT_TRUE(may_leave_copy(parse_rstap_arguments(Words{"--bpf", "a.stp"})->job));
  EXPECT_FALSE(may_leave_copy(parse_rstap_arguments(Words{"--use-server", "a.stp"})->job));
  EXPECT_FALSE(may_leave_copy(parse_rstap_arguments(Words{"-l", "syscall.*"})->job));
}

}  // namespace
}  // namespace stapsh::client
