// SPDX-License-Identifier: Apache-2.0
// The examples that systemtap comes with (systemtap-doc): what its BPF runtime can build here does on two targets what
// it does alone, and the others are refused. systemtap_examples.txt says of each which it is, and why.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/lines.h"
#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

const fs::path kExamples = "/usr/share/systemtap/examples";
// Some say nothing until they end. By a timer: stapbpf 4.8 runs begin probes before it can be stopped well.
constexpr const char* kBegun = "-Eglobal begun probe timer.ms(10) { if (!begun) printf(\"begun\\n\"); begun = 1 }";

struct Example {
  std::string name, done;
};

std::vector<Example> listed() {
  std::vector<Example> examples;
  std::ifstream file(STAPSH_SYSTEMTAP_EXAMPLES);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    Example example;
    std::istringstream(line) >> example.name >> example.done;
    examples.push_back(example);
  }
  return examples;
}

std::vector<std::string> names(const std::string& done) {
  std::vector<std::string> found;
  for (const Example& example : listed()) {
    if (example.done == done) found.push_back(example.name);
  }
  return found;
}

class SystemtapExamples : public RemoteTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    if (!fs::exists(kExamples)) GTEST_SKIP() << "systemtap-doc is not installed";
    RemoteTest::SetUp();
  }
  static std::string path_of(const std::string& name) { return kExamples / (name + ".stp"); }

  /// Runs it to its own end, or stops it when all `count` have begun.
  static void run(Program& program, std::size_t count) {
    const auto settled = [&] {
      const std::string out = program.out();
      std::size_t begun = 0;
      for (std::size_t at = out.find("begun\n"); at != std::string::npos; at = out.find("begun\n", at + 1)) begun++;
      return begun == count || !program.running();
    };
    ASSERT_TRUE(becomes_true(settled, std::chrono::seconds(60))) << program.captured();
    program.send_signal(SIGINT);
    EXPECT_EQ(program.wait_exit(), 0) << program.captured();
  }
  /// What the example itself has said.
  static std::vector<std::string> own_lines(const std::string& out, std::string_view label = "") {
    std::vector<std::string> lines = lines_of(out, label);
    std::erase(lines, "begun");
    return lines;
  }
};

TEST_F(SystemtapExamples, OthersAreRefused) {
  for (const std::string& name : names("left-out")) {
    Program rstap(client({STAPSH_CLIENT, "--stapsh", agent_program(), "--bpf", "-r", stap_.kernel_build(), "--dry-run",
                          "--remote", "stapsh:", path_of(name)}));
    EXPECT_NE(rstap.wait_exit(), 0) << name << " can be built: systemtap_examples.txt says it is left out";
    EXPECT_NE(rstap.err().find(" error: "), std::string::npos) << rstap.captured();  // Of stap's own.
    EXPECT_TRUE(rstap.err().ends_with("rstap: 1 target: 0 succeeded, 1 failed; 0 clean, 1 not touched\n"))
        << rstap.captured();
  }
}

TEST_F(SystemtapExamples, AreAllListed) {
  std::vector<std::string> there, known;
  for (const auto& entry : fs::recursive_directory_iterator(kExamples)) {
    if (entry.path().extension() == ".stp") {
      there.push_back(fs::relative(entry.path(), kExamples).replace_extension().string());
    }
  }
  for (const Example& example : listed()) known.push_back(example.name);
  std::sort(there.begin(), there.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(there, known);
}

TEST_P(SystemtapExamples, DoOnTwoTargetsWhatTheyDoAlone) {
  const std::string script = path_of(GetParam());
  Program alone(client({"/usr/bin/stap", "--bpf", "-r", stap_.kernel_build(), kBegun, script}));
  run(alone, 1);

  const Site& site = start_site(Via::kStapsh, agent_program());
  Program rstap(client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "--label", "--bpf", "-r", stap_.kernel_build(),
                        kBegun, "--remote", site.uri(), "--remote", site.uri(), script}));
  run(rstap, 2);
  EXPECT_NE(rstap.err().find("rstap: 2 targets: 2 succeeded; all clean\n"), std::string::npos) << rstap.captured();
  const std::vector<std::string> said = own_lines(alone.out());
  for (const std::string label : {"stapsh: ", "stapsh#2: "}) EXPECT_EQ(own_lines(rstap.out(), label), said) << label;
}

INSTANTIATE_TEST_SUITE_P(List, SystemtapExamples, testing::ValuesIn(names("run")),
                         [](const auto& example) { return fs::path(example.param).filename().string(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SystemtapExamples);

}  // namespace
}  // namespace stapsh::real
