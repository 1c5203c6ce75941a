// SPDX-License-Identifier: Apache-2.0
// The tools that bpftrace comes with, which people run unchanged: on two targets each does what bpftrace alone does
// with it here. What bpftrace alone can't load here (docs/scripts.md says why), no target loads, for the same reason.
#include <glob.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <filesystem>
#include <set>

#include "harness/lines.h"
#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

std::vector<std::string> tools() {
  std::vector<std::string> found;
  glob_t paths;
  if (::glob("/usr/sbin/*.bt", 0, nullptr, &paths) == 0) found.assign(paths.gl_pathv, paths.gl_pathv + paths.gl_pathc);
  ::globfree(&paths);
  return found;
}

/// The names of maps, `@name`, that stand behind each `before`.
std::set<std::string> maps_behind(const std::string& before, const std::vector<std::string>& lines) {
  const auto is_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  std::set<std::string> names;
  for (const std::string& line : lines) {
    for (std::size_t at = line.find(before + "@"); at != std::string::npos; at = line.find(before + "@", at + 1)) {
      const auto name = line.begin() + static_cast<std::ptrdiff_t>(at + before.size());
      names.insert({name, std::find_if_not(name + 1, line.end(), is_name)});
    }
  }
  return names;
}

/// The maps that are printed, but not those from which the tool takes entries again: what they hold is a matter of
/// moments.
std::set<std::string> lasting_maps(const std::vector<std::string>& said, const std::string& tool) {
  std::vector<std::string> printed;
  for (const std::string& line : said) {  // `@name: value` or `@name[key]: value`.
    if (line.starts_with("@")) printed.push_back(line.substr(0, line.find_first_of("[:")));
  }
  std::set<std::string> names = maps_behind("", printed);
  for (const char* word : {"delete(", "clear("}) {
    for (const std::string& name : maps_behind(word, lines_of(read_file(tool)))) names.erase(name);
  }
  return names;
}

/// The reasons for which bpftrace could not go on: its own errors and its compiler's, without the place before them.
std::vector<std::string> errors_in(const std::vector<std::string>& lines) {
  std::vector<std::string> errors;
  for (const std::string& line : lines) {
    for (const char* word : {"ERROR: ", "fatal error: "}) {
      if (const std::size_t at = line.find(word); at != std::string::npos) errors.push_back(line.substr(at));
    }
  }
  return errors;
}

class BpftraceTools : public RemoteTest, public testing::WithParamInterface<std::string> {
 protected:
  // "Attaching N probes..." is said before they are attached, the first line of BEGIN after that.
  static constexpr std::size_t kBanner = 1, kReadyLines = 2;
  // Three compilers at once on a busy machine; and bpftrace detaches one tracepoint after the other.
  static constexpr Bound kLong = std::chrono::seconds(60);

  BpftraceTools() { mounts_.tracing(); }

  static testing::AssertionResult is_ready_or_ended(Program& program, const std::vector<std::string>& labels) {
    const auto settled = [&] {
      const std::string out = program.out();
      return !program.running() || std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
        return lines_of(out, label).size() >= kReadyLines;
      });
    };
    if (becomes_true(settled, kLong)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "neither ready nor ended: " << program.captured();
  }

  /// Something of all that tools look at: processes, files, signals, sleeps, users, names of hosts, a disk's work.
  void make_events() {
    Program busy(
        options({"/bin/sh", "-c",
                 "/bin/true; stat / > out; stat -f / >> out; dd if=/dev/zero of=block bs=4k count=4 conv=fsync;"
                 " kill -0 $$; sleep 0.01; getent ahosts localhost; cat block > /dev/null"}));
    EXPECT_EQ(busy.wait_exit(), 0) << busy.captured();
  }
};

TEST_P(BpftraceTools, DoesOnTwoTargetsWhatItDoesAlone) {
  if (!std::filesystem::exists("/usr/bin/bpftrace")) GTEST_SKIP() << "bpftrace is not installed";
  const std::vector<std::string> labels{"stapsh: ", "stapsh#2: "};
  const Site& site = start_site(Via::kStapsh, agent_program());
  Program rstap(client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "--label", "--remote", site.uri(), "--remote",
                        site.uri(), GetParam()}));
  ASSERT_TRUE(is_ready_or_ended(rstap, labels));
  // It starts after them and ends before them: what it has seen, they have.
  Program alone(client({"/usr/bin/bpftrace", GetParam()}));
  ASSERT_TRUE(is_ready_or_ended(alone, {""}));

  if (!alone.running()) {
    const int code = alone.wait_exit(kLong);
    EXPECT_NE(code, 0) << alone.captured();
    EXPECT_EQ(rstap.wait_exit(kLong), code);
    const std::vector<std::string> errors = errors_in(lines_of(alone.err()));
    ASSERT_FALSE(errors.empty()) << alone.captured();
    for (const std::string& label : labels) EXPECT_EQ(errors_in(lines_of(rstap.err(), label)), errors) << label;
    EXPECT_NE(rstap.err().find("rstap: 2 targets: 0 succeeded, 2 ended with an error; all clean\n"), std::string::npos)
        << rstap.captured();
    RecordProperty("outcome", "bpftrace alone can't load it here: " + errors.back());
    return;
  }

  ASSERT_TRUE(rstap.running()) << rstap.captured();
  make_events();
  alone.send_signal(SIGINT);
  // bpftrace 0.17 forgets a signal that comes while it reads what was printed, and ends by the next. rstap asks again
  // itself.
  if (!alone.wait_gone(std::chrono::seconds(10))) alone.send_signal(SIGINT);
  EXPECT_EQ(alone.wait_exit(kLong), 0) << alone.captured();
  rstap.send_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(kLong), 0) << rstap.captured();
  EXPECT_NE(rstap.err().find("rstap: 2 targets: 2 succeeded; all clean\n"), std::string::npos) << rstap.captured();

  const std::vector<std::string> said = lines_of(alone.out());
  const std::set<std::string> maps = lasting_maps(said, GetParam());
  for (const std::string& label : labels) {
    const std::vector<std::string> there = lines_of(rstap.out(), label);
    EXPECT_EQ(there.at(kBanner), said.at(kBanner));
    const std::set<std::string> maps_there = lasting_maps(there, GetParam());
    EXPECT_TRUE(std::includes(maps_there.begin(), maps_there.end(), maps.begin(), maps.end()))
        << label << rstap.captured() << alone.captured();
  }
}

INSTANTIATE_TEST_SUITE_P(Debian, BpftraceTools, testing::ValuesIn(tools()),
                         [](const auto& tool) { return std::filesystem::path(tool.param).stem().string(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BpftraceTools);

}  // namespace
}  // namespace stapsh::real
