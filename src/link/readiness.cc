// SPDX-License-Identifier: Apache-2.0
// Source: sd_notify(3).
#include "link/readiness.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sys/unique_fd.h"

namespace stapsh::link {

std::string take_ready_socket() {
  const char* const variable = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): there is one thread yet.
  if (variable == nullptr) return {};
  std::string path = variable;
  (void)::unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): likewise.
  return path;
}

void say_ready(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';  // An abstract name.
  const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return;
  constexpr std::string_view kReady = "READY=1";
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // Who does not listen does not want to know.
  (void)::sendto(socket.get(), kReady.data(), kReady.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 size);  // NOLINT(*-reinterpret-cast): the sockets API.
}

}  // namespace stapsh::link
