// SPDX-License-Identifier: Apache-2.0
#include "agent/record_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>

#include "sys/test_support.h"

namespace stapsh::agent {
namespace {

using sys::must;

constexpr const char* kName = "stapsh.0123456789";

class RecordFileTest : public testing::Test {
 protected:
  RecordFileTest() { EXPECT_EQ(::chmod(directory_.path().c_str(), 0700), 0); }

  [[nodiscard]] RecordFolder folder() const { return must(RecordFolder::open_in(directory_.path())); }
  [[nodiscard]] std::string file(const std::string& name = kName) const { return directory_.path("stapsh/" + name); }
  static std::optional<SessionRecord> read(const RecordFile& file) {
    bool empty = false;
    return must(file.read(empty));
  }

  const sys::TestDirectory directory_;
};

TEST_F(RecordFileTest, IsKeptReadReplacedAndRemoved) {
  const RecordFolder folder = this->folder();
  RecordFile file = must(RecordFile::create(folder, kName));
  SessionRecord record = begin_record("/somewhere/" + std::string(kName));
  record.module = "a_long_name_of_a_module";
  must(file.write(record));
  EXPECT_EQ(folder.names(), std::vector<std::string>{kName});
  EXPECT_EQ(read(must(RecordFile::open(folder, kName))), record);
  record.module.clear();
  must(file.write(record));
  EXPECT_EQ(read(file), record);
  must(file.remove());
  EXPECT_FALSE(file.valid());
  EXPECT_TRUE(folder.names().empty());
}

TEST_F(RecordFileTest, IsLockedWhileAnyProcessHasIt) {
  const RecordFolder folder = this->folder();
  {
    const RecordFile agents = must(RecordFile::create(folder, kName));
    const sys::UniqueFd guardians = must(sys::duplicate(agents.descriptors()[1]));
    EXPECT_FALSE(must(must(RecordFile::open(folder, kName)).lock()));
    EXPECT_FALSE(RecordFile::create(folder, kName));
  }
  EXPECT_TRUE(must(must(RecordFile::open(folder, kName)).lock()));
}

TEST_F(RecordFileTest, OneThatWasRemovedMeanwhileIsNotLocked) {
  const RecordFolder folder = this->folder();
  const RecordFile old = [&] {
    RecordFile first = must(RecordFile::create(folder, kName));
    RecordFile second = must(RecordFile::open(folder, kName));
    must(first.remove());
    return second;
  }();
  const RecordFile next = must(RecordFile::create(folder, kName));
  EXPECT_FALSE(must(old.lock()));
  must(RecordFile(must(RecordFile::open(folder, kName))).remove());
}

TEST_F(RecordFileTest, EmptyOneIsTold) {
  const RecordFile file = must(RecordFile::create(folder(), kName));
  bool empty = false;
  EXPECT_FALSE(must(file.read(empty)));
  EXPECT_TRUE(empty);
}

// One session's record could have had another's processes ended.
TEST_F(RecordFileTest, OneThatSpeaksOfAnotherSessionIsNone) {
  const RecordFile file = must(RecordFile::create(folder(), kName));
  must(file.write(begin_record("/tmp/stapsh.ABCDEFGHIJ")));
  EXPECT_FALSE(read(file));
}

// A FIFO held the sweep for good.
TEST_F(RecordFileTest, WhateverElseLiesThereIsAnErrorAtOnce) {
  const RecordFolder folder = this->folder();
  const auto error = [&] {
    const auto opened = RecordFile::open(folder, kName);
    (void)::remove(file().c_str());
    return opened ? 0 : opened.error().sys_errno;
  };
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_EQ(error(), EINVAL);
  ASSERT_EQ(::mkdir(file().c_str(), 0700), 0);
  EXPECT_EQ(error(), EINVAL);
  ASSERT_EQ(::symlink("/etc/passwd", file().c_str()), 0);
  EXPECT_EQ(error(), EINVAL);
  const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  file().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(error(), EINVAL);
  if (::geteuid() == 0) {
    ASSERT_EQ(::mknod(file().c_str(), S_IFCHR | 0600, 0), 0);
    EXPECT_EQ(error(), EINVAL);
    sys::UniqueFd theirs(::open(file().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    ASSERT_EQ(::fchown(theirs.get(), 65534, 65534), 0);
    EXPECT_EQ(error(), EPERM);
  }
  // Ten gigabytes of nothing.
  const RecordFile big = must(RecordFile::create(folder, kName));
  ASSERT_EQ(::truncate(file().c_str(), 10'000'000'000), 0);
  bool empty = false;
  const auto read = big.read(empty);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().sys_errno, EFBIG);
}

TEST_F(RecordFileTest, FolderMustBeOursAlone) {
  (void)folder();
  for (const mode_t mode : {0755U, 0770U, 0702U}) {
    ASSERT_EQ(::chmod(directory_.path("stapsh").c_str(), mode), 0);
    const auto opened = RecordFolder::open_in(directory_.path());
    ASSERT_FALSE(opened) << mode;
    EXPECT_EQ(opened.error().sys_errno, EPERM);
  }
  ASSERT_EQ(::rename(directory_.path("stapsh").c_str(), directory_.path("elsewhere").c_str()), 0);
  ASSERT_EQ(::chmod(directory_.path("elsewhere").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("elsewhere", directory_.path("stapsh").c_str()), 0);
  EXPECT_FALSE(RecordFolder::open_in(directory_.path()));
  ASSERT_EQ(::unlink(directory_.path("stapsh").c_str()), 0);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  EXPECT_FALSE(RecordFolder::open_in(directory_.path()));
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);  // As a plain tmpfs has it: nobody else can replace ours.
  EXPECT_TRUE(RecordFolder::open_in(directory_.path()));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(directory_.path("stapsh").c_str(), 65534, 65534), 0);
  EXPECT_FALSE(RecordFolder::open_in(directory_.path()));
}

TEST_F(RecordFileTest, UserHasOneWhereTheSessionManagerMadeTheirs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  ASSERT_EQ(::chown(directory_.path().c_str(), 65534, 65534), 0);
  const auto opens_as_user = [&](const char* variable) {
    return sys::in_other_process([&] {
      if (::setuid(65534) != 0) return 2;
      if (variable == nullptr ? ::unsetenv("XDG_RUNTIME_DIR") : ::setenv("XDG_RUNTIME_DIR", variable, 1)) return 3;
      const auto folder = RecordFolder::open(RecordFolder::Missing::kMade);
      if (!folder) return 4;
      return *folder ? 1 : 0;
    });
  };
  EXPECT_EQ(opens_as_user(directory_.path().c_str()), 1);
  EXPECT_TRUE(sys::exists(directory_.path("stapsh")));
  EXPECT_EQ(opens_as_user(nullptr), 0);
  EXPECT_EQ(opens_as_user("relative"), 0);
  EXPECT_EQ(opens_as_user("/tmp"), 0);
  EXPECT_EQ(opens_as_user("/no/such"), 0);
  ASSERT_EQ(::chown(directory_.path().c_str(), 0, 0), 0);
  EXPECT_EQ(opens_as_user(directory_.path().c_str()), 0);  // As after su.
}

}  // namespace
}  // namespace stapsh::agent
