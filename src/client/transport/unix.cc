// SPDX-License-Identifier: Apache-2.0
// To an agent behind a listening unix socket.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "client/transport/transport_table.h"
#include "sys/unix_socket.h"
#include "sys/user_name.h"

namespace stapsh::client {
namespace {

// A path says little about who listens there. The kernel says it of the connection that we have, so that nothing can be
// put in its place after the look; the owner of the socket's file could be another one by then.
Result<> check_owner(int socket, const UnixUri& uri, const std::vector<std::string>& allowed) {
  const uid_t owner = TRY(sys::peer_user(socket));
  if (owner == 0 || owner == ::geteuid()) return {};
  const std::string number = std::to_string(owner);
  const std::string name = sys::user_name(owner);
  const auto names_owner = [&](const std::string& user) { return user == number || (user == name && !name.empty()); };
  if (std::ranges::any_of(allowed, names_owner)) return {};
  return fail(Errc::kPeer,
              fmt::format("{}: user {}{} listens there, not root and not you; they would get what is run, "
                          "and could answer anything. If you mean them, say --allow-owner={}",
                          uri.path, number, name.empty() ? "" : " (" + name + ")", name.empty() ? number : name));
}

class UnixTransport : public Transport {
 public:
  explicit UnixTransport(UnixUri uri) : uri_(std::move(uri)) {}

  Result<Connection> open(const ReachOptions& options, std::size_t) const override {
    sys::UniqueFd socket = TRY(sys::make_unix_socket());
    const bool is_connected = TRY(connected(socket.get(), options));
    return Connection{std::move(socket), {}, {}, {}, !is_connected, false};
  }

  // A queue that is full is asked until the connect timeout.
  Result<bool> connected(int fd, const ReachOptions& options) const override {
    const bool is_connected = TRY(sys::try_connect_unix(fd, uri_.path));
    if (is_connected) TRY(check_owner(fd, uri_, options.allowed_owners));
    return is_connected;
  }

  [[nodiscard]] std::size_t descriptors() const override { return 1; }

  // A guest's port has room for one client: a second one is not refused, it waits without a word.
  [[nodiscard]] std::string explain_silence(const Silence& silence) const override {
    if (!sys::connection_waits(uri_.path)) return std::string(silence.reason);
    return "busy: another client uses it, and this connection was not taken; try again when that one has ended, or "
           "raise --connect-timeout";
  }

 private:
  UnixUri uri_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(const UnixUri& uri) { return std::make_unique<UnixTransport>(uri); }

}  // namespace stapsh::client
