// SPDX-License-Identifier: Apache-2.0
#include "client/output/folder_sink.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace stapsh::client {
namespace {

namespace fs = std::filesystem;

class FolderSinkTest : public testing::Test {
 protected:
  FolderSinkTest() {
    std::string name = (fs::temp_directory_path() / "folder_sink.XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~FolderSinkTest() override { fs::remove_all(root_); }

  std::unique_ptr<FolderSink> make(const std::vector<std::string>& names, std::size_t open_files_max = 64) {
    auto sink = FolderSink::create({"--outdir", root_ + "/new/out", {true, false}, open_files_max},
                                   [this](std::string_view line) { said_.emplace_back(line); });
    EXPECT_TRUE(sink);
    event::RunStarted started;
    for (const std::string& name : names) started.targets.push_back({name, name});
    (*sink)->on_event({{}, std::nullopt, std::move(started)});
    return *std::move(sink);
  }
  static void say(FolderSink& sink, std::size_t target, std::string_view bytes, Stream stream = Stream::kStdout) {
    sink.on_event({{}, target, event::Output{stream, bytes, std::nullopt}});
  }
  [[nodiscard]] std::string path(const std::string& name) const { return root_ + "/new/out/" + name; }
  [[nodiscard]] std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    if (!file) return "no file";
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string root_;
  std::vector<std::string> said_;
};

TEST_F(FolderSinkTest, EachTargetHasItsBytesAfterEachPause) {
  const auto sink = make({"web01", "unix:/run/a", "silent"});
  say(*sink, 0, std::string("a\0b", 3));
  say(*sink, 1, "other");
  say(*sink, 1, "errors go elsewhere", Stream::kStderr);
  sink->on_pause();
  EXPECT_EQ(content("web01"), std::string("a\0b", 3));
  EXPECT_EQ(content("unix:%2Frun%2Fa"), "other");
  EXPECT_EQ(content("silent"), "");
  say(*sink, 0, "more");
  sink->on_event({{}, 0, event::Ended{}});
  EXPECT_EQ(content("web01"), std::string("a\0bmore", 7));
  EXPECT_TRUE(sink->complete());
  EXPECT_TRUE(said_.empty());
}

TEST_F(FolderSinkTest, MoreTargetsThanFilesMayBeOpen) {
  constexpr std::size_t kTargets = 40;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kTargets; ++i) names.push_back("n" + std::to_string(i));
  const auto sink = make(names, 3);
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < kTargets; ++i) {
      say(*sink, i, std::to_string(round));
      if (i % 2 == 0) sink->on_pause();
    }
    say(*sink, 7, std::string(100'000, 'x'));
  }
  sink->on_pause();
  for (std::size_t i = 0; i < kTargets; ++i) {
    if (i == 7) continue;
    EXPECT_EQ(content(names[i]), "01234");
  }
  EXPECT_EQ(content("n7").size(), 500'005u);
}

TEST_F(FolderSinkTest, WhatIsThereFromBeforeIsReplaced) {
  fs::create_directories(root_ + "/new/out");
  std::ofstream(path("a")) << "old and long";
  std::ofstream(path("b")) << "old";
  std::ofstream(path("others")) << "kept";
  const auto sink = make({"a", "b"});
  say(*sink, 0, "new");
  sink->on_pause();
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(content("b"), "");
  EXPECT_EQ(content("others"), "kept");
}

// A link or a pipe of somebody else's is neither followed nor waited for.
TEST_F(FolderSinkTest, WhatIsNoFileIsSaidOnceAndTheOthersAreWritten) {
  fs::create_directories(path("folder"));
  fs::create_symlink(root_ + "/elsewhere", path("link"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const auto sink = make({"folder", "link", "pipe", "file"});
  for (std::size_t i = 0; i < 4; ++i) say(*sink, i, "text");
  sink->on_pause();
  EXPECT_EQ(content("file"), "text");
  EXPECT_FALSE(fs::exists(root_ + "/elsewhere"));
  EXPECT_FALSE(sink->complete());
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_TRUE(said_[0].starts_with("--outdir: " + path("folder") + ": Is a directory; ")) << said_[0];
}

// What follows a gap would be taken for what follows the text.
TEST_F(FolderSinkTest, AFullFileKeepsWhatItTookAndIsSaidOnce) {
  const auto sink = make({"a", "b"});
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{100'000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  say(*sink, 0, std::string(99'990, 'x'));
  say(*sink, 0, "0123456789abcdef");
  sink->on_pause();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  (void)::signal(SIGXFSZ, before);
  say(*sink, 0, "behind a gap");
  say(*sink, 1, "text");
  sink->on_pause();
  EXPECT_EQ(content("a"), std::string(99'990, 'x') + "0123456789");
  EXPECT_EQ(content("b"), "text");
  EXPECT_FALSE(sink->complete());
  EXPECT_EQ(said_.size(), 1u);
}

TEST_F(FolderSinkTest, OneFolderForBothStreamsKeepsTheirOrder) {
  const auto sink = make({"a"});
  EXPECT_TRUE(sink->is_folder(root_ + "/new/../new/out/"));
  EXPECT_FALSE(sink->is_folder(root_ + "/new"));
  sink->add_stream(Stream::kStderr);
  say(*sink, 0, "one ");
  say(*sink, 0, "two ", Stream::kStderr);
  say(*sink, 0, "three");
  sink->on_pause();
  EXPECT_EQ(content("a"), "one two three");
}

TEST_F(FolderSinkTest, AFolderThatCannotBeIsAnErrorAtOnce) {
  std::ofstream(root_ + "/file") << "";
  for (const std::string& folder : {root_ + "/file", root_ + "/file/below", std::string("/proc/none/x")}) {
    const auto sink = FolderSink::create({"--errdir", folder, {}, 64}, [](std::string_view) {});
    ASSERT_FALSE(sink) << folder;
    EXPECT_EQ(sink.error().code, Errc::kUsage);
    EXPECT_TRUE(sink.error().what.starts_with("--errdir: " + folder + ": ")) << sink.error().what;
  }
}

}  // namespace
}  // namespace stapsh::client
