// SPDX-License-Identifier: Apache-2.0
// Real runs that are recorded: the fixture of the tests of events and of replays, and every way to show a run.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "harness/remote_test.h"

namespace stapsh::real {

using Words = std::vector<std::string>;

/// Every option of Output has a row, alone and with what it goes along with. DIR is a folder of the test's own; what is
/// written there is compared as well.
inline const std::vector<Words> kWaysToShow = {
    {},
    {"-v"},
    {"--quiet"},
    {"--label"},
    {"--remote-prefix"},
    {"--label", "-v"},
    {"--gather"},
    {"--gather", "-v"},
    {"--diff"},
    {"--diff", "--gather", "--label"},
    {"--raw"},
    {"--line-buffer", "--label"},
    {"--label", "--color=always"},
    {"--gather", "--color=always"},
    {"--progress=never"},
    {"--timestamps", "--label", "-v"},
    {"--timestamps=delta"},
    {"--by-time=0.05", "--label"},
    {"--by-time", "--timestamps=delta", "-v"},
    {"--outdir=DIR/out", "--errdir=DIR/err"},
    {"--outdir=DIR/both", "--errdir=DIR/both", "--label"},
    {"--joblog=DIR/joblog"},
    {"--format=json"},
    {"--format=json", "-v"},
};

class RecordedRun : public RemoteTest {
 protected:
  RecordedRun() {
    mounts_.replace("/usr/bin/stapsh", agent_program()).replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER).tracing();
  }

  Words rstap(const Words& words) const {
    Words all{STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  /// A module that is ready, run by fake_runner in these steps on all `remotes`.
  Words fake(const Words& remotes, const Words& steps) const {
    Words words;
    for (const std::string& remote : remotes) words.insert(words.end(), {"--remote", remote});
    words.push_back(scratch_.write("probe.ko", "no module"));
    for (const std::string& step : steps) words.push_back("--runner-arg=" + step);
    return words;
  }

  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// Every file below `folder`, by name.
  static std::map<std::string, std::string> files_in(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files[entry.path().lexically_relative(folder)] = content(entry.path());
    }
    return files;
  }

  /// All that a program shows: both streams, its code, the files of `way`'s DIR.
  struct Shown {
    std::string out, err;
    int code = 0;
    std::map<std::string, std::string> files;
    bool operator==(const Shown&) const = default;
  };
  Shown show(Words words, const Words& way) {
    const std::string folder = scratch_.make_folder("shown" + std::to_string(folders_++));
    for (std::string each : way) {
      if (const std::size_t at = each.find("DIR"); at != std::string::npos) each.replace(at, 3, folder);
      words.push_back(each);
    }
    Program program(client(words));
    const int code = program.wait_exit();
    return {program.out(), program.err(), code, files_in(folder)};
  }

  /// A run that is shown in some way and recorded, and its recording shown in that way, are the same.
  void expect_replay_shows_the_run(const Words& run) {
    for (const Words& way : kWaysToShow) {
      std::string title = "way:";
      for (const std::string& each : way) title += " " + each;
      SCOPED_TRACE(title);
      const std::string recording = scratch_.path("run.zst");
      Words live_words = rstap({"--record", recording});
      live_words.insert(live_words.end(), run.begin(), run.end());
      const Shown live = show(live_words, way);
      const Shown replayed = show({STAPSH_CLIENT, "replay", recording}, way);
      EXPECT_EQ(replayed.out, live.out);
      EXPECT_EQ(replayed.err, live.err);
      EXPECT_EQ(replayed.code, live.code);
      EXPECT_EQ(replayed.files, live.files);
      EXPECT_FALSE(live.out.empty() && live.err.empty() && live.code != 0) << "nothing was shown of a failure";
    }
  }

 private:
  int folders_ = 0;
};

}  // namespace stapsh::real
