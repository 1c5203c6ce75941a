// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "sys/child.h"
#include "sys/executable.h"
#include "sys/open_inside.h"
#include "sys/test_support.h"
#include "sys/workspace.h"

namespace stapsh::sys {
namespace {

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

TEST(Executable, SaysWhatExecWouldRefuse) {
  const TestDirectory directory;
  struct Case {
    std::string_view name;
    std::string path;
    int want;
    std::string_view says;
  };
  const Case cases[] = {
      {"program", "/bin/sh", 0, ""},
      {"script", directory.write("script", "#! /bin/sh -e\nexit 0\n", 0755), 0, ""},
      {"missing", "/no/such", ENOENT, "/no/such: No such file or directory"},
      {"below a file", "/bin/sh/x", ENOTDIR, "Not a directory"},
      {"directory", "/tmp", EISDIR, "/tmp: Is a directory"},
      {"device", "/dev/null", EACCES, "Permission denied"},
      {"not executable", directory.write("plain", "\177ELF"), EACCES, "Permission denied"},
      {"text", directory.write("text", "hello", 0755), ENOEXEC, "neither a program nor a #! script"},
      {"empty", directory.write("empty", "", 0755), ENOEXEC, "neither a program nor a #! script"},
      {"interpreter missing", directory.write("lost", "#!/no/such/sh -e\n", 0755), ENOENT,
       "its interpreter /no/such/sh: No such file or directory"},
      {"interpreter not executable", directory.write("null", "#!/dev/null\n", 0755), EACCES, "/dev/null"},
      {"no interpreter", directory.write("none", "#! \n/bin/sh", 0755), ENOEXEC, "names no interpreter"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto checked = check_executable(c.path);
    EXPECT_EQ(checked ? 0 : checked.error().sys_errno, c.want);
    const std::string what = checked ? "" : checked.error().what;
    EXPECT_NE(what.find(c.says), std::string::npos) << what;
  }
}

TEST(Executable, ProgramThatWeMayNotReadPasses) {
  const TestDirectory directory;
  const std::string path = directory.write("secret", "secret", 0711);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  EXPECT_EQ(in_other_process([&] { return ::setuid(65534) == 0 && check_executable(path) ? 0 : 1; }), 0);
}

TEST(Executable, SaysWhichArgumentsTheKernelRefuses) {
  const std::size_t one_max = 32 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) - 1;
  const std::vector<std::string> env{"A=b"};
  // The kernel has the last word: what passes is executed, what is refused is not.
  const auto kernel_takes = [&](const std::vector<std::string>& argv) {
    return spawn({.program = "/bin/true", .argv = argv, .env = env}).has_value();
  };
  EXPECT_TRUE(check_arguments({"true", std::string(one_max, 'x')}, env));
  EXPECT_TRUE(kernel_takes({"true", std::string(one_max, 'x')}));
  const auto one = check_arguments({"true", std::string(one_max + 1, 'x')}, env);
  ASSERT_FALSE(one);
  EXPECT_TRUE(one.error().what.starts_with("argument 1 has " + std::to_string(one_max + 1) + " bytes"))
      << one.error().what;
  EXPECT_FALSE(kernel_takes({"true", std::string(one_max + 1, 'x')}));
  const auto variable = check_arguments({"true"}, {"LONG=" + std::string(one_max, 'x')});
  ASSERT_FALSE(variable);
  EXPECT_TRUE(variable.error().what.starts_with("the environment's LONG has ")) << variable.error().what;
  std::vector<std::string> many{"true"};
  while (check_arguments(many, env)) many.emplace_back(65'536, 'x');
  EXPECT_NE(check_arguments(many, env).error().what.find("ulimit -s"), std::string::npos);
  many.pop_back();
  EXPECT_TRUE(kernel_takes(many));
}

TEST(Executable, FirstFolderThatHasItWins) {
  const TestDirectory directory;
  ASSERT_EQ(::mkdir(directory.path("a").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(directory.path("b").c_str(), 0755), 0);
  (void)directory.write("a/tool", "#!/bin/sh\n", 0644);
  const std::string right = directory.write("b/tool", "#!/bin/sh\n", 0755);
  const std::string dirs[] = {"/no/such", "", directory.path("a"), directory.path("b")};
  EXPECT_EQ(find_executable(dirs, "tool"), right);
  for (const std::string bad : {"", "none", "../b/tool", "/bin/sh"})
    EXPECT_EQ(find_executable(dirs, bad), std::nullopt);
  EXPECT_TRUE(find_in_path("sh"));
  EXPECT_FALSE(find_in_path("no-such-program"));
}

TEST(ReadWhole, TakesAsMuchAsItMay) {
  const TestDirectory directory;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{99}, std::size_t{100}}) {
    const std::string bytes(size, 'x');
    EXPECT_EQ(must(read_whole(must(open_at(AT_FDCWD, directory.write("file", bytes), O_RDONLY)).get(), 100)), bytes);
  }
  const UniqueFd longer = must(open_at(AT_FDCWD, directory.write("file", std::string(101, 'x')), O_RDONLY));
  EXPECT_EQ(read_whole(longer.get(), 100).error().sys_errno, EFBIG);
}

TEST(ReadWhole, TakesWhatDoesNotSayHowMuchItIs) {
  const UniqueFd file = must(open_at(AT_FDCWD, "/proc/self/smaps", O_RDONLY));
  EXPECT_GT(must(read_whole(file.get(), 10'000'000)).size(), 8'192U);
  EXPECT_EQ(read_whole(file.get(), 5'000).error().sys_errno, EFBIG);
  EXPECT_EQ(read_whole(file.get(), 500).error().sys_errno, EFBIG);
}

TEST(Workspace, IsPrivateAndGoes) {
  const NoLeak no_leak;
  const TestDirectory directory;
  Workspace workspace = must(Workspace::create(directory.path()));
  const std::string path = workspace.path();
  EXPECT_TRUE(path.starts_with(directory.path("stapsh.")));
  EXPECT_EQ(status_of(path).st_mode, static_cast<mode_t>(S_IFDIR | 0700));
  UniqueFd file = must(workspace.create_file("probe.ko", 5));
  must(write_all(file.get(), "hello", kPatience));
  must(close_checked(std::move(file), "probe.ko"));
  EXPECT_EQ(status_of(path + "/probe.ko").st_mode, static_cast<mode_t>(S_IFREG | 0600));
  EXPECT_EQ(status_of(path + "/probe.ko").st_size, 5);
  must(workspace.remove());
  EXPECT_FALSE(exists(path));
  EXPECT_FALSE(workspace.valid());
  must(workspace.remove());
}

TEST(Workspace, RefusesNamesThatLeadElsewhere) {
  const TestDirectory directory;
  const Workspace workspace = must(Workspace::create(directory.path()));
  ASSERT_EQ(::symlink("/tmp/elsewhere", (workspace.path() + "/link").c_str()), 0);
  (void)must(workspace.create_file("there", 0));
  struct Case {
    std::string name;
    int want;
  };
  const Case cases[] = {{"", 0},
                        {".", 0},
                        {"..", 0},
                        {"a/b", 0},
                        {std::string("a\0b", 3), 0},
                        {std::string(256, 'x'), 0},
                        {"link", EEXIST},
                        {"there", EEXIST}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto file = workspace.create_file(c.name, 0);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().sys_errno, c.want);
    EXPECT_FALSE(exists("/tmp/elsewhere"));
  }
  must(workspace.remove_file("there"));
  EXPECT_EQ(workspace.remove_file("there").error().sys_errno, ENOENT);
  EXPECT_EQ(workspace.remove_file("../x").error().code, Errc::kUsage);
}

TEST(Workspace, RemovesAllAndFollowsNothing) {
  const TestDirectory directory;
  const std::string kept = directory.write("kept", "mine");
  std::string path;
  {
    const Workspace workspace = must(Workspace::create(directory.path()));
    path = workspace.path();
    std::string deep = path;
    for (int depth = 0; depth < 50; ++depth) {
      deep += "/d";
      ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
    }
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(workspace.create_file("file" + std::to_string(i), 0));
    ASSERT_EQ(::symlink(directory.path().c_str(), (path + "/link").c_str()), 0);
    ASSERT_EQ(::symlink("..", (path + "/d/up").c_str()), 0);
    ASSERT_EQ(::mkfifo((path + "/fifo").c_str(), 0), 0);
    ASSERT_EQ(::chmod(deep.c_str(), 0), 0);
    ASSERT_EQ(::chmod((path + "/d/d").c_str(), 0500), 0);
  }
  EXPECT_FALSE(exists(path));
  EXPECT_TRUE(exists(kept));
}

TEST(Workspace, UnprivilegedUserRemovesClosedDirectories) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  const TestDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 01777), 0);
  EXPECT_EQ(in_other_process([&] {
              if (::setuid(65534) != 0) return 1;
              auto workspace = Workspace::create(directory.path());
              if (!workspace) return 2;
              const std::string sub = workspace->path() + "/sub";
              if (::mkdir(sub.c_str(), 0700) != 0 || ::mkdir((sub + "/sub").c_str(), 0) != 0) return 3;
              if (::chmod(sub.c_str(), 0) != 0) return 4;
              if (!workspace->remove()) return 5;
              return exists(sub) ? 6 : 0;
            }),
            0);
  EXPECT_TRUE(Workspace::candidates(directory.path()).empty());
}

// Only 64 levels were. And "too many levels of symbolic links" was said, where there was none.
TEST(Workspace, IsRemovedHoweverDeep) {
  const TestDirectory directory;
  Workspace workspace = must(Workspace::create(directory.path()));
  const std::string name(20, 'd');
  UniqueFd deepest = must(duplicate(workspace.fd()));
  for (int depth = 0; depth < 1'000; ++depth) {
    ASSERT_EQ(::mkdirat(deepest.get(), name.c_str(), 0700), 0);
    ASSERT_TRUE(open_at(deepest.get(), "file", O_WRONLY | O_CREAT, 0600));
    deepest = must(open_at(deepest.get(), name, O_RDONLY | O_DIRECTORY));
  }
  deepest.reset();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{open_descriptors() + 2, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto removed = workspace.remove();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(removed) << removed.error().what;
  EXPECT_FALSE(exists(workspace.path()));
}

/// Sets or clears FS_IMMUTABLE_FL; false where that can't be done.
bool set_immutable(const std::string& path, bool on) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  unsigned flags = 0;
  if (!fd.valid() || ::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return false;
  flags = on ? flags | FS_IMMUTABLE_FL : flags & ~static_cast<unsigned>(FS_IMMUTABLE_FL);
  return ::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) == 0;
}

// Its marker went first, so that no later sweep took it for a workspace.
TEST(Workspace, IsOneUntilAllElseIsGone) {
  const TestDirectory directory;
  std::string stays;
  {
    Workspace workspace = must(Workspace::create(directory.path()));
    (void)must(workspace.create_file("goes", 0));
    ASSERT_EQ(::mkdir((workspace.path() + "/d").c_str(), 0700), 0);
    stays = workspace.path() + "/d/stays";
    std::ofstream(stays) << "x";
    if (!set_immutable(stays, true)) GTEST_SKIP() << "cannot make a file immutable here";
    const auto removed = workspace.remove();
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().what, workspace.path() + ": d/stays (immutable; chattr -i): Operation not permitted");
    EXPECT_FALSE(exists(workspace.path() + "/goes"));
    workspace.abandon();
  }
  const auto names = Workspace::candidates(directory.path());
  ASSERT_EQ(names.size(), 1U);
  for (const bool last : {false, true}) {
    if (last) {
      EXPECT_TRUE(set_immutable(stays, false));
    }
    auto adopted = must(Workspace::adopt(directory.path(), names[0]));
    ASSERT_TRUE(adopted);
    EXPECT_EQ(adopted->remove().has_value(), last);
    adopted->abandon();
  }
  EXPECT_FALSE(exists(directory.path(names[0])));
}

TEST(Workspace, IsRemovedWhateverHasItsMarkersName) {
  const TestDirectory directory;
  Workspace workspace = must(Workspace::create(directory.path()));
  const std::string marker = workspace.path() + "/.stapsh-workspace";
  ASSERT_EQ(::unlink(marker.c_str()), 0);
  ASSERT_EQ(::mkdir(marker.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((marker + "/inside").c_str(), 0700), 0);
  must(workspace.remove());
}

TEST(Workspace, RenamedIsFound) {
  const TestDirectory directory;
  Workspace workspace = must(Workspace::create(directory.path()));
  (void)must(workspace.create_file("file", 0));
  ASSERT_EQ(::mkdir(directory.path("sub").c_str(), 0700), 0);
  ASSERT_EQ(::rename(workspace.path().c_str(), directory.path("sub/renamed").c_str()), 0);
  // Somebody else's directory has its old name now.
  ASSERT_EQ(::mkdir(workspace.path().c_str(), 0700), 0);
  must(workspace.remove());
  EXPECT_TRUE(exists(workspace.path()));
  EXPECT_FALSE(exists(directory.path("sub/renamed")));
}

TEST(Workspace, DeletedUnderUsIsNoError) {
  const TestDirectory directory;
  Workspace workspace = must(Workspace::create(directory.path()));
  std::filesystem::remove_all(workspace.path());
  EXPECT_EQ(workspace.create_file("file", 0).error().sys_errno, ENOENT);
  must(workspace.remove());
}

// The sweep took a directory of the user's own for a dead session's: `stapsh.` and ten letters is a name like any
// other.
TEST(Workspace, OnlyWhatWasMadeAsOneIsAdopted) {
  const TestDirectory directory;
  const std::string mine = directory.path("stapsh.experiment");
  ASSERT_EQ(::mkdir(mine.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((mine + "/thesis").c_str(), 0700), 0);
  EXPECT_EQ(Workspace::adopt(directory.path(), "stapsh.experiment").error().sys_errno, ENOTEMPTY);
  EXPECT_TRUE(exists(mine + "/thesis"));
  // One whose maker died before it could mark it: empty.
  ASSERT_EQ(::mkdir(directory.path("stapsh.0123456789").c_str(), 0700), 0);
  EXPECT_FALSE(must(Workspace::adopt(directory.path(), "stapsh.0123456789")));
  EXPECT_FALSE(exists(directory.path("stapsh.0123456789")));
}

TEST(Workspace, ParentThatOthersMayRearrangeIsNotSwept) {
  const TestDirectory directory;
  const Workspace workspace = must(Workspace::create(directory.path()));
  EXPECT_EQ(Workspace::candidates(directory.path()).size(), 1U);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0777), 0);
  EXPECT_TRUE(Workspace::candidates(directory.path()).empty());
  ASSERT_EQ(::chmod(directory.path().c_str(), 01777), 0);  // As /tmp.
  EXPECT_EQ(Workspace::candidates(directory.path()).size(), 1U);
}

TEST(Workspace, LockedWhileAnyProcessHasIt) {
  const TestDirectory directory;
  Workspace workspace = must(Workspace::create(directory.path()));
  const auto names = Workspace::candidates(directory.path());
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(Workspace::adopt(directory.path(), names[0]).error().sys_errno, EWOULDBLOCK);

  // The agent dies; the guardian, forked from it, still has it.
  const UniqueFd guardian = must(duplicate(workspace.fd()));
  workspace.abandon();
  EXPECT_EQ(Workspace::adopt(directory.path(), names[0]).error().sys_errno, EWOULDBLOCK);
}

TEST(Workspace, DeadSessionsIsAdoptedAndRemoved) {
  const TestDirectory directory;
  must(Workspace::create(directory.path())).abandon();
  (void)::mkdir(directory.path("stapsh.abcdef").c_str(), 0700);  // The released agent's: never a candidate.
  const auto names = Workspace::candidates(directory.path());
  ASSERT_EQ(names.size(), 1U);
  auto adopted = must(Workspace::adopt(directory.path(), names[0]));
  ASSERT_TRUE(adopted);
  must(adopted->remove());
  EXPECT_FALSE(exists(directory.path(names[0])));
  EXPECT_FALSE(must(Workspace::adopt(directory.path(), names[0])));
}

TEST(Workspace, UnusableParentIsNamed) {
  EXPECT_EQ(Workspace::create("/no/such").error().sys_errno, ENOENT);
  EXPECT_EQ(Workspace::create("/bin/sh").error().sys_errno, ENOTDIR);
  EXPECT_NE(Workspace::create("/proc/self").error().what.find("/proc/self"), std::string::npos);
  ASSERT_EQ(::setenv("TMPDIR", "relative", 1), 0);
  EXPECT_EQ(default_workspace_parent(), "/tmp");
  ASSERT_EQ(::setenv("TMPDIR", "/var/tmp", 1), 0);
  EXPECT_EQ(default_workspace_parent(), "/var/tmp");
}

constexpr int kCannotMount = 99;

/// Runs `body` where a small file system of its own is mounted at `path`.
template <typename Body>
int with_small_disk(const std::string& path, Body body) {
  return in_other_process([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kCannotMount;
    }
    return body();
  });
}

TEST(Workspace, AnnouncedBytesTakeNoRoom) {
  const TestDirectory directory;
  const int code = with_small_disk(directory.path(), [&] {
    auto workspace = Workspace::create(directory.path());
    if (!workspace) return 1;
    const auto first = workspace->create_file("first", 40'000);
    const auto second = workspace->create_file("second", 40'000);
    if (!first || !second) return 2;
    struct stat status {};
    if (::fstat(first->get(), &status) != 0 || status.st_blocks != 0) return 3;
    return workspace->remove() ? 0 : 4;
  });
  if (code == kCannotMount) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(code, 0);
}

TEST(Workspace, ParentIsCheckedBeforeItIsNeeded) {
  const TestDirectory directory;
  EXPECT_TRUE(check_workspace_parent(directory.path()));
  const std::string file = directory.write("file", "x");
  for (const std::string& bad : {directory.path("nowhere"), file}) {
    const auto checked = check_workspace_parent(bad);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().what.find("TMPDIR"), std::string::npos) << checked.error().what;
  }
}

TEST(Workspace, FullDiskShowsBeforeTheUpload) {
  const TestDirectory directory;
  const int code = with_small_disk(directory.path(), [&] {
    auto workspace = Workspace::create(directory.path());
    if (!workspace) return 1;
    const auto big = workspace->create_file("big", 1 << 20);
    if (big || big.error().sys_errno != ENOSPC) return 2;
    if (!workspace->create_file("big", 1 << 10)) return 3;  // Nothing of the first is left.
    return workspace->remove() ? 0 : 4;
  });
  if (code == kCannotMount) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(code, 0);
}

TEST(Workspace, MountPointInsideIsLeftAlone) {
  const TestDirectory directory;
  ASSERT_EQ(::mkdir(directory.path("outside").c_str(), 0700), 0);
  const std::string precious = directory.write("outside/precious", "x");
  const int code = in_other_process([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return kCannotMount;
    }
    auto workspace = Workspace::create(directory.path());
    if (!workspace) return 1;
    const std::string inside = workspace->path() + "/inside";
    if (::mkdir(inside.c_str(), 0700) != 0) return 2;
    // The same file system: by its device number alone it would pass for a plain directory.
    if (::mount(directory.path("outside").c_str(), inside.c_str(), nullptr, MS_BIND, nullptr) != 0) return kCannotMount;
    const auto removed = workspace->remove();
    if (removed || removed.error().what.find("inside (a mount point)") == std::string::npos) return 3;
    if (!exists(precious)) return 4;
    if (::umount(inside.c_str()) != 0) return 5;
    return workspace->remove() ? 0 : 6;
  });
  EXPECT_TRUE(exists(precious));
  if (code == kCannotMount) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace stapsh::sys
