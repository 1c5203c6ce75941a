// SPDX-License-Identifier: Apache-2.0
#include "sys/unix_socket.h"

#include <sys/stat.h>

#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

TEST(UnixSocket, ServesOneConnectionAfterTheOther) {
  const NoLeak no_leak;
  const TestDirectory directory;
  const std::string path = directory.path("socket");
  (void)::umask(0);
  const UnixListener listener = must(listen_unix(path));
  struct stat status {};
  ASSERT_EQ(::lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, static_cast<mode_t>(S_IFSOCK | 0600));
  EXPECT_FALSE(must(accept_one(listener)));
  const UniqueFd first = must(connect_unix(path));
  const UniqueFd second = must(connect_unix(path));
  for (const int client : {first.get(), second.get()}) {
    const auto server = must(accept_one(listener));
    ASSERT_TRUE(server);
    EXPECT_EQ(::fcntl(server->get(), F_GETFD), FD_CLOEXEC);
    must(write_all(server->get(), "hello\n", kPatience));
    EXPECT_EQ(read_line(client), "hello");
  }
  EXPECT_FALSE(must(accept_one(listener)));
}

TEST(UnixSocket, TellsWhetherAConnectionIsNotTaken) {
  const TestDirectory directory;
  const std::string path = directory.path("socket");
  const UnixListener listener = must(listen_unix(path));
  EXPECT_FALSE(connection_waits(path));
  const UniqueFd client = must(connect_unix(path));
  EXPECT_TRUE(connection_waits(path));
  EXPECT_FALSE(has_connection(path));
  EXPECT_FALSE(connection_waits(path + "2"));
  {
    const auto server = must(accept_one(listener));
    EXPECT_FALSE(connection_waits(path));
    EXPECT_TRUE(has_connection(path));
  }
  EXPECT_FALSE(has_connection(path));
  EXPECT_FALSE(has_connection(""));
}

TEST(UnixSocket, FileGoesWithTheListenerOnly) {
  const TestDirectory directory;
  const std::string path = directory.path("socket");
  {
    UnixListener listener = must(listen_unix(path));
    const UnixListener moved = std::move(listener);
    EXPECT_TRUE(exists(path));
  }
  EXPECT_FALSE(exists(path));
  {
    const UnixListener listener = must(listen_unix(path));
    ASSERT_EQ(::unlink(path.c_str()), 0);
    (void)directory.write("socket", "another one's");
  }
  EXPECT_TRUE(exists(path));
}

TEST(UnixSocket, StaleFileIsReplacedALivingOneIsNot) {
  const TestDirectory directory;
  const std::string path = directory.path("socket");
  {
    UnixListener dead = must(listen_unix(path));
    dead.abandon();
  }
  EXPECT_TRUE(exists(path));
  EXPECT_EQ(connect_unix(path).error().sys_errno, ECONNREFUSED);
  const UnixListener listener = must(listen_unix(path));
  const auto second = listen_unix(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, path + ": somebody listens there already: Address already in use");
  EXPECT_TRUE(connect_unix(path));
}

TEST(UnixSocket, BadPathsAreNamed) {
  const TestDirectory directory;
  const std::string file = directory.write("file", "precious");
  const std::string longest = directory.path(std::string(kSocketPathBytesMax - directory.path().size() - 1, 'x'));
  EXPECT_TRUE(listen_unix(longest));
  struct Case {
    std::string_view name;
    std::string path;
    std::string_view says;
  };
  const Case cases[] = {{"empty", "", "must not be empty"},
                        {"too long", longest + "x", "108 bytes; a socket path can have 107 at most"},
                        {"no directory", "/no/such/socket", "No such file or directory"},
                        {"another file", file, "is there, and is not a socket"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto listener = listen_unix(c.path);
    ASSERT_FALSE(listener);
    EXPECT_NE(listener.error().what.find(c.says), std::string::npos) << listener.error().what;
    EXPECT_FALSE(connect_unix(c.path));
  }
  EXPECT_TRUE(exists(file));
}

}  // namespace
}  // namespace stapsh::sys
