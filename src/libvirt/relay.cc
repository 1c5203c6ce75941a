// SPDX-License-Identifier: Apache-2.0
// Two threads that block, and no event loop of libvirt's: with one, libvirt reads on while nobody takes what it has
// read, and keeps all of it in memory; without one it reads when it is asked to. Its keepalive needs the loop, too; the
// protocol has one of its own, from end to end.
#include "libvirt/relay.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "libvirt/session_port.h"
#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::libvirt {
namespace {

using namespace std::chrono_literals;

// One message of libvirt's carries 262,120 bytes at most.
constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
// libvirt answers in milliseconds, or not at all. SIGALRM then ends the process.
constexpr unsigned kEndSeconds = 20;
constexpr Duration kDomainEndLimit = 5s;
constexpr Duration kTidyConnectLimit = 5s;
constexpr Duration kTidyPatience = 2s;

void say(const std::string& line) {
  (void)sys::write_all(STDERR_FILENO, line + "\n", 1s);  // Nobody is there to be told.
}

/// Whatever libvirt is waiting for: when rstap is gone, or has had enough, there is an end to it.
void end_soon_after_input() {
  std::thread([] {
    pollfd input{STDIN_FILENO, 0, 0};  // A hang-up is always reported, also before all that came was read.
    while (::poll(&input, 1, -1) <= 0) continue;
    (void)::alarm(kEndSeconds);
  }).detach();
}

class Relay {
 public:
  Relay(Domain domain, SessionPort port) : domain_(std::move(domain)), port_(std::move(port)) {}

  [[noreturn]] void run() {
    std::thread([this] { relay_output(); }).detach();
    relay_input();
  }

 private:
  [[noreturn]] void relay_output() {
    std::string buffer(kBufferBytes, '\0');
    while (true) {
      const Result<std::size_t> got = port_.channel.receive(buffer);
      if (!got) end(got.error().what + "; the daemon was restarted or died, or the way to it broke off");
      if (*got == 0) end(why_closed());
      for (std::string_view rest(buffer.data(), *got); !rest.empty();) {
        const Result<sys::IoResult> wrote = sys::write_some(STDOUT_FILENO, rest);
        if (!wrote) end({});  // Nobody reads any more.
        rest.remove_prefix(wrote->bytes);
      }
    }
  }

  /// A domain's ports close a moment before libvirt says that it has ended.
  std::string why_closed() const {
    for (const TimePoint limit = sys::deadline_after(kDomainEndLimit); sys::now() < limit;) {
      if (domain_.has_ended()) return "domain " + domain_.name() + " has ended";
      std::this_thread::sleep_for(50ms);
    }
    return "port " + port_.port.name() + " was closed";
  }

  [[noreturn]] void relay_input() {
    std::string buffer(kBufferBytes, '\0');
    while (true) {
      const Result<sys::IoResult> got = sys::read_some(STDIN_FILENO, buffer);
      if (!got || got->end) end({});
      for (std::string_view rest(buffer.data(), got->bytes); !rest.empty();) {
        const Result<std::size_t> sent = port_.channel.send(rest);
        if (!sent) end(sent.error().what);
        rest.remove_prefix(*sent);
      }
    }
  }

  /// The thread that comes first ends the process; the other one is in the middle of libvirt or of a write.
  [[noreturn]] void end(const std::string& reason) {
    ending_.lock();
    (void)::alarm(kEndSeconds);
    if (!reason.empty()) say(reason);
    int code = reason.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
    if (port_.port.for_session) {
      // With the channel open: nobody else can have taken the port meanwhile.
      const Result<> unplugged = domain_.unplug(port_.port, Scope::kLive);
      if (!unplugged && !domain_.has_ended()) code = kExitPortLeft;
    } else {
      port_.channel.finish();  // Otherwise it is busy until libvirt has seen that we are gone.
    }
    ::_exit(code);
  }

  Domain domain_;
  SessionPort port_;
  std::mutex ending_;
};

Result<Domain> running_domain(Connection& connection, const std::string& name) {
  Domain domain = TRY(connection.find(name));
  if (domain.is_active()) return domain;
  const std::string state = TRY(domain.state());
  return fail(Errc::kUsage, "domain " + domain.name() + " is not running (" + state + "); start it: virsh -c " +
                                connection.uri() + " start " + domain.name());
}

/// Returns only with an Error.
Result<> relay(const std::string& name, const std::string& uri) {
  Connection connection = TRY(Connection::open(uri));
  Domain domain = TRY(running_domain(connection, name));
  SessionPort port = TRY(claim_port(domain));
  say("port " + port.port.name() + (port.port.for_session ? ", added for this session" : ""));
  Relay(std::move(domain), std::move(port)).run();
}

std::vector<std::string> words_for(std::string_view first, const std::string& domain, const std::string& connection) {
  return {std::string(first), domain, connection};
}

/// What words_for() made, without the first word.
Result<> check_words(std::span<const std::string> words) {
  if (words.size() == 2) return {};
  return fail(Errc::kUsage, "these words are for rstap's own use; say --remote libvirt://DOMAIN[/LIBVIRT_URI]");
}

}  // namespace

std::vector<std::string> relay_words(const std::string& domain, const std::string& connection) {
  return words_for(kRelayWord, domain, connection);
}

std::vector<std::string> tidy_words(const std::string& domain, const std::string& connection) {
  return words_for(kTidyWord, domain, connection);
}

Result<int> run_relay(std::span<const std::string> words) {
  TRY(check_words(words));
  // They are rstap's to act on.
  for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) (void)::signal(signo, SIG_IGN);
  end_soon_after_input();
  const Result<> failed = relay(words[0], words[1]);
  say(failed.error().what);  // As it is: rstap puts its own name and the target's before it.
  return EXIT_FAILURE;
}

Result<int> run_tidy(std::span<const std::string> words) {
  TRY(check_words(words));
  (void)::alarm(kEndSeconds);
  const TimePoint end = sys::deadline_after(kTidyConnectLimit);
  while (true) {
    Result<Connection> connection = Connection::open(words[1]);
    if (!connection && sys::now() < end) {
      std::this_thread::sleep_for(100ms);
      continue;
    }
    if (!connection) return fail(connection.error());
    Domain domain = TRY(connection->find(words[0]));
    if (domain.is_active()) (void)TRY(remove_stale_ports(domain, kTidyPatience));
    return 0;
  }
}

}  // namespace stapsh::libvirt
