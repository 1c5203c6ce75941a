// SPDX-License-Identifier: Apache-2.0
// --keep-modules: what was sent stays on a target, and is not sent again; what may go wrong with it costs an upload.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/sha256.h"
#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kModuleBytes = 300'000;
// What a session says beside its files.
constexpr std::size_t kTalkBytesMax = 4'000;

class RstapKeptModules : public RemoteTest {
 protected:
  RstapKeptModules() { mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER); }

  struct Said {
    int code;
    std::string err;
    std::size_t bytes;  // That went to the target.
  };
  /// A run of a module that holds `letter`, with all that is sent counted.
  Said run(char letter = 'm', const std::vector<std::string>& more = {"--keep-modules"},
           const std::string& agent_words = "", int targets = 1) {
    const std::string sent = scratch_.path("sent");
    (void)fs::remove(sent);
    const std::string shell = scratch_.write(
        "target", "#!/bin/sh\ntee -a " + sent + " | " + agent_program() + " " + agent_words + "\n", 0755);
    std::vector<std::string> words{STAPSH_CLIENT};
    for (int i = 0; i < targets; ++i) words.insert(words.end(), {"--remote", "exec:" + shell});
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {scratch_.write("probe.ko", std::string(kModuleBytes, letter)), "--runner-arg=exit:0"});
    Program rstap(client(words));
    const int code = rstap.wait_exit();
    return {code, rstap.err(), read_file(sent).size()};
  }
  std::string folder() const { return scratch_.path("cache") + "/stapsh-modules-0"; }
  std::string file(char letter = 'm') const { return folder() + "/" + sha256_hex(std::string(kModuleBytes, letter)); }
  std::ptrdiff_t kept() const { return std::distance(fs::directory_iterator(folder()), fs::directory_iterator()); }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
};

TEST_F(RstapKeptModules, ASecondRunSendsNothing) {
  const Said first = run();
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_GT(first.bytes, kModuleBytes);
  EXPECT_TRUE(has(first.err, "its modules are kept there: " + folder() + "\n")) << first.err;
  EXPECT_TRUE(has(first.err, "; all clean")) << first.err;
  EXPECT_EQ(read_file(file()), std::string(kModuleBytes, 'm'));
  const Said second = run('m', {"--keep-modules", "-v"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_LT(second.bytes, kTalkBytesMax);
  EXPECT_TRUE(has(second.err, "probe.ko is there from before")) << second.err;
  EXPECT_TRUE(has(second.err, "; all clean")) << second.err;
  // Another one is sent.
  const Said other = run('n');
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_GT(other.bytes, kModuleBytes);
  EXPECT_EQ(kept(), 2);
}

TEST_F(RstapKeptModules, NothingStaysUnlessItIsAsked) {
  for (int i = 0; i < 2; ++i) {
    const Said said = run('m', {});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_GT(said.bytes, kModuleBytes);
    EXPECT_FALSE(has(said.err, "kept")) << said.err;
  }
  EXPECT_FALSE(fs::exists(folder()));
  EXPECT_EQ(run('m', {"--keep-modules", "--dry-run"}).code, 0);
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(RstapKeptModules, AnOwnerWhoWantsNothingKeptGetsNothing) {
  const Said said = run('m', {"--keep-modules"}, "--kept-bytes-max 0");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_FALSE(has(said.err, "kept")) << said.err;
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(RstapKeptModules, UnderAPolicyNothingStays) {
  mounts_.policy_folder(scratch_.make_folder("etc-stapsh"));
  scratch_.write("etc-stapsh/policy", "allow\n");
  for (int i = 0; i < 2; ++i) {
    const Said said = run();
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_GT(said.bytes, kModuleBytes);
    EXPECT_FALSE(has(said.err, "kept")) << said.err;
  }
  EXPECT_FALSE(fs::exists(folder()));
}

// As rstap says it after an older agent's answer.
TEST_F(RstapKeptModules, AnAgentThatKnowsNothingOfItIsSentAll) {
  for (int i = 0; i < 2; ++i) {
    const Said said = run('m', {"--keep-modules"}, "| sed -u 's/^OK kept=.*/ERROR: Invalid option: keep/'");
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_GT(said.bytes, kModuleBytes);
    EXPECT_FALSE(has(said.err, "kept there")) << said.err;
  }
}

TEST_F(RstapKeptModules, WhatWasChangedIsSentAnew) {
  ASSERT_EQ(run().code, 0);
  const std::string changed = std::string(kModuleBytes - 1, 'm') + "x";
  for (const std::string& content : {changed, std::string(), std::string(kModuleBytes + 1, 'm')}) {
    std::ofstream(file()) << content;
    const Said said = run();
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_GT(said.bytes, kModuleBytes);
    EXPECT_EQ(read_file(file()), std::string(kModuleBytes, 'm'));
    EXPECT_LT(run().bytes, kTalkBytesMax);
  }
}

TEST_F(RstapKeptModules, WhatWasUsedLastStays) {
  const std::string room = "--kept-bytes-max " + std::to_string(2 * kModuleBytes);
  for (const char letter : {'a', 'b', 'a', 'c'}) ASSERT_EQ(run(letter, {"--keep-modules"}, room).code, 0);
  EXPECT_TRUE(fs::exists(file('a')));
  EXPECT_FALSE(fs::exists(file('b')));
  EXPECT_TRUE(fs::exists(file('c')));
}

TEST_F(RstapKeptModules, AFullDiskEndsNoRun) {
  mounts_.small_disk(scratch_.path("cache"), 400);
  for (int i = 0; i < 2; ++i) {
    const Said said = run();
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_GT(said.bytes, kModuleBytes);
    EXPECT_TRUE(has(said.err, "; all clean")) << said.err;
  }
}

TEST_F(RstapKeptModules, SeveralAtOnceKeepOne) {
  const Said first = run('m', {"--keep-modules"}, "", 6);
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(has(first.err, "6 succeeded; all clean")) << first.err;
  EXPECT_EQ(kept(), 1);
  EXPECT_EQ(read_file(file()), std::string(kModuleBytes, 'm'));
  const Said second = run('m', {"--keep-modules"}, "", 6);
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_LT(second.bytes, 6 * kTalkBytesMax);
}

// A folder that another could have filled is not read, and the next one is taken.
TEST_F(RstapKeptModules, AFolderThatOthersMayWriteIsPassedOver) {
  fs::create_directory(folder());
  fs::permissions(folder(), fs::perms::all);
  fs::create_directory(scratch_.path("home") + "/.cache");
  const Said said = run();
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_TRUE(has(said.err, "its modules are kept there: " + scratch_.path("home") + "/.cache/stapsh-modules-0"))
      << said.err;
  EXPECT_EQ(kept(), 0);
}

TEST_F(RstapKeptModules, WhatChangesOnItsWayDoesNotRun) {
  const std::string shell =
      scratch_.write("target", "#!/bin/sh\nstdbuf -i0 -o0 tr M x | " + agent_program() + "\n", 0755);
  Program rstap(client({STAPSH_CLIENT, "--remote", "exec:" + shell, scratch_.write("probe.ko", std::string(100, 'M')),
                        "--runner-arg=exit:0"}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  const std::string sent = sha256_hex(std::string(100, 'M')).substr(0, 12);
  const std::string came = sha256_hex(std::string(100, 'x')).substr(0, 12);
  EXPECT_TRUE(has(rstap.err(), "file probe.ko: what came has the SHA256 " + came + "..., and not " + sent +
                                   "...: it was changed on its way; send it again"))
      << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
