// SPDX-License-Identifier: Apache-2.0
// The harness itself: a test bench that can't find a fault proves nothing.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "harness/frames.h"
#include "harness/real_test.h"
#include "harness/sshd.h"
#include "harness/stap_environment.h"

namespace stapsh::real {
namespace {

class Harness : public RealTest {};

TEST_F(Harness, ProgramReportsOutputAndExitAsAShellWould) {
  const struct {
    const char* script;
    int code;
    const char *out, *err;
  } cases[] = {
      {"echo a; echo b >&2; exit 3", 3, "a\n", "b\n"},
      {"kill -9 $$", 137, "", ""},
      {"exec /nowhere/at/all 2>/dev/null", 127, "", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.script);
    Program program(options({"sh", "-c", c.script}));
    EXPECT_EQ(program.wait_exit(), c.code);
    EXPECT_EQ(program.out(), c.out);
    EXPECT_EQ(program.err(), c.err);
  }
}

TEST_F(Harness, ProgramTalksOverPipesAndSockets) {
  for (const auto input : {ProgramOptions::Input::kPipe, ProgramOptions::Input::kSocket}) {
    ProgramOptions cat = options({"cat"});
    cat.input = input;
    Program program(cat);
    EXPECT_TRUE(program.write("one\n"));
    EXPECT_TRUE(program.wait_for_out("one\n"));
    program.close_input();
    EXPECT_EQ(program.wait_exit(), 0);
  }
}

TEST_F(Harness, FailedWaitSaysWhatWasCaptured) {
  ProgramOptions cat = options({"sh", "-c", "echo so far; exec cat"});
  cat.input = ProgramOptions::Input::kPipe;
  Program program(cat);
  EXPECT_TRUE(program.wait_for_out("so far"));
  const testing::AssertionResult result = program.wait_for_out("never", Bound(1));
  EXPECT_FALSE(result);
  EXPECT_NE(std::string(result.message()).find("so far"), std::string::npos);
}

TEST_F(Harness, ATestThatIsKilledLeavesNoProgram) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t test = ::fork();
  if (test == 0) {
    const Program program(options({"sleep", "1000"}));
    const pid_t pid = program.pid();
    (void)!::write(ends[1], &pid, sizeof pid);
    while (true) (void)::pause();
  }
  pid_t program = -1;
  EXPECT_EQ(::read(ends[0], &program, sizeof program), static_cast<ssize_t>(sizeof program));
  (void)::kill(test, SIGKILL);
  EXPECT_EQ(::waitpid(test, nullptr, 0), test);
  EXPECT_TRUE(becomes_true([&] { return ::waitpid(program, nullptr, WNOHANG) == program; }));  // It became ours.
  for (const int fd : ends) (void)::close(fd);
}

TEST_F(Harness, OracleFindsADaemonAndAFile) {
  Program program(options({"sh", "-c", "setsid sleep 1000 <&- >&- 2>&- & : > $TMPDIR/forgotten"}));
  EXPECT_EQ(program.wait_exit(), 0);
  const std::vector<std::string> left = oracle_.left(Bound(1));
  ASSERT_EQ(left.size(), 2U);
  EXPECT_NE(left[0].find("process "), std::string::npos) << left[0];
  EXPECT_NE(left[1].find("/forgotten"), std::string::npos) << left[1];
  ASSERT_EQ(::unlink((scratch_.tmp() + "/forgotten").c_str()), 0);
}

TEST_F(Harness, MountNamespaceReplacesAddsAndHides) {
  MountNamespace mounts = new_mounts();
  const std::string wrapper = scratch_.write("wrapper", "#!/bin/sh\necho wrapper\n", 0755);
  mounts.replace("/usr/bin/staprun", wrapper).replace("/usr/bin/stapsh", wrapper).hide("/usr/bin/stapbpf");
  Program program(options({"sh", "-c", "staprun; stapsh; test -e /usr/bin/stapbpf || echo hidden"}, &mounts));
  EXPECT_EQ(program.wait_exit(), 0);
  EXPECT_EQ(program.out(), "wrapper\nwrapper\nhidden\n");
  EXPECT_NE(::access("/usr/bin/stapsh", F_OK) == 0 && read_file("/usr/bin/stapsh") == read_file(wrapper), true);
}

TEST_F(Harness, SmallDiskIsSmall) {
  MountNamespace mounts = new_mounts();
  mounts.small_disk(scratch_.tmp(), 64);
  Program program(options({"sh", "-c", "head -c 100000 /dev/zero > $TMPDIR/big"}, &mounts));
  EXPECT_EQ(program.wait_exit(), 1) << program.captured();
}

TEST_F(Harness, SshdServesACommandWithItsEnvironment) {
  const LoopbackSshd sshd(scratch_, {.environment = {"COLOUR=red", "SHAPE=round"}});
  Program ssh(options({sshd.wrapper_folder() + "/ssh", "h7", "echo $COLOUR $SHAPE; exit 5"}));
  EXPECT_EQ(ssh.wait_exit(), 5) << ssh.captured();
  EXPECT_EQ(ssh.out(), "red round\n");
}

TEST_F(Harness, StapbpfRunsAScript) {
  const StapEnvironment bpf(scratch_);
  MountNamespace mounts = new_mounts();
  mounts.lift_memlock_limit();
  Program stapbpf(options({"stapbpf", bpf.build(bpf.one(), "one")}, &mounts));
  EXPECT_EQ(stapbpf.wait_exit(), 0) << stapbpf.captured();
  EXPECT_EQ(stapbpf.out(), "hello\ntick\nbye\n");
}

TEST_F(Harness, FramesAreTakenApartStrictly) {
  const Frames good = parse_frames("OK\ndata stdout 3\nabcdata stderr 2 1.5\nxystapsh: debug\nquit\n");
  EXPECT_EQ(good.fault, "");
  EXPECT_EQ(good.out, "abc");
  EXPECT_EQ(good.err, "xy");
  EXPECT_EQ(good.lines, (std::vector<std::string>{"OK", "quit"}));
  EXPECT_NE(parse_frames("data stdout 8\nabquit\n").fault, "");
  EXPECT_NE(parse_frames("quit").fault, "");
}

// What it builds for itself was left behind when it was interrupted.
TEST_F(Harness, EnterLeavesNothingInTheFolderForTemporaryFiles) {
  Program enter(options({STAPSH_ENTER, "sh", "-c", "ls -A \"$TMPDIR\"; kill -TERM $$"}));
  EXPECT_EQ(enter.wait_exit(), 128 + SIGTERM) << enter.captured();
  EXPECT_EQ(enter.out(), "");
  const std::string slow = scratch_.write("bin/cc", "#!/bin/sh\necho building >&2\nexec sleep 1000\n", 0755);
  ProgramOptions how = options({STAPSH_ENTER, "true"});
  how.env.push_back("PATH=" + scratch_.path("bin") + ":/usr/bin:/bin");
  Program builds(how);
  if (builds.wait_for_err("building", Bound(2'000))) builds.send_group_signal(SIGTERM);  // Else it needs none.
  (void)builds.wait_exit();
}

}  // namespace
}  // namespace stapsh::real
