// SPDX-License-Identifier: Apache-2.0
// A slow network: delayed_connect MILLISECONDS PORT, for ssh's ProxyCommand with ProxyUseFdpass, connects to
// 127.0.0.1:PORT after that time and hands the connection over, so that the delay is all that it costs.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const long delay = std::atol(argv[1]);
  const timespec pause{delay / 1000, delay % 1000 * 1'000'000};
  (void)::nanosleep(&pause, nullptr);
  int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<unsigned short>(std::atoi(argv[2])));
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 1;
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof connection)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof connection);
  std::memcpy(CMSG_DATA(header), &connection, sizeof connection);
  return ::sendmsg(STDOUT_FILENO, &message, 0) == 1 ? 0 : 1;
}
