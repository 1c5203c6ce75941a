// SPDX-License-Identifier: Apache-2.0
#include "agent/kept_modules.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/sha256.h"
#include "sys/open_inside.h"
#include "sys/test_support.h"

namespace stapsh::agent {
namespace {

class KeptModulesTest : public testing::Test {
 protected:
  [[nodiscard]] KeptModules open(std::uint64_t bytes_max = 1'000) const {
    Result<KeptModules> opened = KeptModules::open_in(directory_.path(), bytes_max);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? *std::move(opened) : KeptModules();
  }

  // Returns its digest.
  std::string add(KeptModules& kept, const std::string& content, bool fits = true) {
    const std::string path = directory_.path("sent");
    std::ofstream(path) << content;
    const auto file = sys::open_at(AT_FDCWD, path, O_RDONLY);
    EXPECT_EQ(kept.add(file->get(), sha256_hex(content)).has_value(), fits);
    return sha256_hex(content);
  }

  // Was used so many seconds ago.
  static void age(const KeptModules& kept, const std::string& digest, int seconds) {
    const std::filesystem::path file = kept.path() + "/" + digest;
    std::filesystem::last_write_time(file,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }

  sys::TestDirectory directory_;
};

TEST_F(KeptModulesTest, FindsWhatWasAdded) {
  KeptModules kept = open();
  const std::string digest = add(kept, "abc");
  (void)add(kept, "abc");  // By somebody else as well.
  const Result<KeptModules::Found> found = open().find(digest);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->size, 3U);
  EXPECT_EQ(*sys::read_whole(found->file.get(), 100), "abc");
  EXPECT_EQ(kept.find(std::string(64, '0')).error().sys_errno, ENOENT);
  EXPECT_EQ(KeptModules().find(digest).error().sys_errno, ENOENT);
  kept.remove(digest);
  EXPECT_FALSE(kept.find(digest));
}

TEST_F(KeptModulesTest, WhatWasNotUsedLongestGoesFirst) {
  KeptModules kept = open(10);
  const std::string first = add(kept, "1234"), second = add(kept, "5678");
  age(kept, first, 20);
  age(kept, second, 10);
  ASSERT_TRUE(kept.find(first));  // A use.
  const std::string third = add(kept, "9012");
  EXPECT_TRUE(kept.find(first));
  EXPECT_FALSE(kept.find(second));
  EXPECT_TRUE(kept.find(third));
  (void)add(kept, "more than ten bytes", false);
  EXPECT_TRUE(kept.find(third));
}

TEST_F(KeptModulesTest, TheNumberOfFilesHasALimit) {
  KeptModules kept = open();
  const std::string first = add(kept, "first");
  age(kept, first, 10);
  for (std::size_t i = 1; i <= KeptModules::kFilesMax; ++i) (void)add(kept, std::to_string(i));
  EXPECT_FALSE(kept.find(first));
  const auto entries = std::filesystem::directory_iterator(kept.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), static_cast<std::ptrdiff_t>(KeptModules::kFilesMax));
}

// One that was killed between two steps has left too many.
TEST_F(KeptModulesTest, OpeningItTidiesUp) {
  KeptModules kept = open();
  const std::string old = add(kept, "old"), recent = add(kept, "new");
  age(kept, old, 10);
  kept = open(5);
  EXPECT_FALSE(kept.find(old));
  EXPECT_TRUE(kept.find(recent));
}

TEST_F(KeptModulesTest, AFolderThatOthersCanChangeWillNotDo) {
  const std::string folder = open().path();
  ASSERT_EQ(::chmod(folder.c_str(), 0750), 0);
  EXPECT_FALSE(KeptModules::open_in(directory_.path(), 10));
  ASSERT_EQ(::rmdir(folder.c_str()), 0);
  ASSERT_EQ(::symlink(directory_.path().c_str(), folder.c_str()), 0);
  EXPECT_FALSE(KeptModules::open_in(directory_.path(), 10));
  ASSERT_EQ(::unlink(folder.c_str()), 0);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  EXPECT_FALSE(KeptModules::open_in(directory_.path(), 10));
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  EXPECT_TRUE(KeptModules::open_in(directory_.path(), 10));
}

TEST_F(KeptModulesTest, ALinkOrAFolderIsNoModule) {
  KeptModules kept = open();
  const std::string digest(64, 'a');
  ASSERT_EQ(::symlink("/etc/passwd", (kept.path() + "/" + digest).c_str()), 0);
  EXPECT_FALSE(kept.find(digest));
  kept.remove(digest);
  ASSERT_EQ(::mkdir((kept.path() + "/" + digest).c_str(), 0700), 0);
  EXPECT_FALSE(kept.find(digest));
}

}  // namespace
}  // namespace stapsh::agent
