// SPDX-License-Identifier: Apache-2.0
// In the place of the connection, where libnats' headers were missing at build time.
#include "nats/connection.h"
#include "nats/nkey.h"

namespace stapsh::nats {
namespace {

constexpr std::string_view kNotBuilt = "this program was built without NATS; build it where libnats-dev is";

}  // namespace

class Connection::State {};

Result<> Connection::check(const Settings&) { return fail(Errc::kSystem, std::string(kNotBuilt)); }
Result<Connection> Connection::start(const Settings&) { return fail(Errc::kSystem, std::string(kNotBuilt)); }

Result<Nkey> make_nkey() { return fail(Errc::kSystem, std::string(kNotBuilt)); }
Result<Nkey> read_nkey(const std::string&) { return fail(Errc::kSystem, std::string(kNotBuilt)); }

Connection::Connection(std::shared_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

// There is none: nothing of this is called.
int Connection::fd() const { return -1; }
std::vector<Event> Connection::take() { return {}; }
// NOLINTNEXTLINE(performance-unnecessary-value-param): the connection that there is keeps them.
void Connection::publish(std::string, std::string, std::string) {}
std::string Connection::new_inbox() { return {}; }
std::string Connection::new_secret_inbox() { return {}; }
bool Connection::is_inbox(std::string_view) const { return false; }
std::size_t Connection::unsent() const { return 0; }
bool Connection::finish(Duration) { return true; }

}  // namespace stapsh::nats
