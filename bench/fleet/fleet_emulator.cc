// SPDX-License-Identifier: Apache-2.0
// fleet_emulator N SITE URL [maps|flood|quiet]: N hosts of a site behind
// nats://HOST:PORT or tls://HOST:PORT, in one process. Each has a connection
// of its own to the broker and says there what stapsh-link and stapsh would say (emulated_host.h, emulated_agent.h):
// its name is host00001, host00002 …, its labels are role=web|db|cache|batch and dc=ams|fra. Says `ready N` on standard
// output when all are subscribed, and again when all have come back after the broker was lost; ends with SIGINT or
// SIGTERM. Then, and at each SIGUSR1, it says what there was.
#include <csignal>
#include <cstdio>
#include <deque>

#include "base/parse_int.h"
#include "broker/subjects.h"
#include "emulated_host.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/signal_fd.h"
#include "timers.h"

namespace {

using namespace stapsh;
using namespace stapsh::fleet;

// So many at a time: a broker takes them one after the other, and a full queue of its drops some.
constexpr std::size_t kConnecting = 512;
constexpr std::size_t kHostsMax = 1'000'000;
// Where a broker dies, each of its hosts would say the same.
constexpr std::uint64_t kLossesSaid = 3;

struct Options {
  std::size_t hosts = 0;
  std::string site;
  BrokerAddress broker;
  Scenario scenario = Scenario::kMaps;
};

Result<Options> parse(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    return fail(Errc::kUsage, "usage: fleet_emulator N SITE URL [maps|flood|quiet]");
  }
  Options options;
  options.hosts = TRY(parse_int<std::size_t>(argv[1], 1, kHostsMax));
  options.site = argv[2];
  if (!broker::is_name(options.site)) return fail(Errc::kUsage, "'" + options.site + "' is no site's name");
  options.broker = TRY(resolve_broker(argv[3]));
  const auto scenario = scenario_of(argc > 4 ? argv[4] : "maps");
  if (!scenario) return fail(Errc::kUsage, std::string("no scenario '") + argv[4] + "': maps, flood, quiet");
  options.scenario = *scenario;
  return options;
}

class Fleet {
 public:
  explicit Fleet(Options options)
      : options_(std::move(options)), subjects_(options_.site), timers_(options_.hosts), lost_(options_.hosts) {}

  Result<> run() {
    epoll_ = TRY(sys::Epoll::create());
    const sys::SignalFd signals = TRY(sys::SignalFd::create({SIGINT, SIGTERM, SIGUSR1}));
    const sys::Watch watch = TRY(epoll_.add(signals.fd(), EPOLLIN, options_.hosts));
    std::vector<sys::Event> events(1'024);
    while (true) {
      TRY(connect_some());
      const std::size_t count = TRY(epoll_.wait(events, timers_.next()));
      for (const sys::Event& event : std::span(events).first(count)) {
        if (event.id != options_.hosts) {
          take(static_cast<std::size_t>(event.id), event.events);
        } else if (is_told_to_end(signals)) {
          return {};
        }
      }
      const TimePoint now = sys::now();
      while (const std::optional<std::size_t> due = timers_.take(now)) {
        note(*due, lost_[*due] ? open_again(*due) : hosts_[*due].on_timer(now));
      }
    }
  }

  void report() const {
    std::printf("connected %llu lost %llu answered %llu opened %llu ended %llu reset %llu published %llu\n",
                number(counts_.connected), number(counts_.lost), number(counts_.answered), number(counts_.opened),
                number(counts_.ended), number(counts_.reset), number(counts_.published));
    (void)std::fflush(stdout);
  }

 private:
  static unsigned long long number(std::uint64_t value) { return value; }

  bool is_told_to_end(const sys::SignalFd& signals) const {
    while (const std::optional<sys::SignalInfo> signal = signals.read()) {
      if (signal->signo != SIGUSR1) return true;
      report();
    }
    return false;
  }

  Result<> connect_some() {
    while (hosts_.size() < options_.hosts && hosts_.size() < counts_.connected + kConnecting) {
      const std::size_t index = hosts_.size();
      EmulatedHost& host = hosts_.emplace_back(index, subjects_, options_.scenario, counts_);
      const Result<> opened = host.open(options_.broker, epoll_, index);
      if (!opened) return fail(sys::with_descriptor_advice(opened.error()));
    }
    const bool ready = counts_.connected == options_.hosts;
    if (ready && !std::exchange(ready_, ready)) {
      std::printf("ready %zu\n", options_.hosts);
      (void)std::fflush(stdout);
    }
    ready_ = ready;
    return {};
  }

  Result<> open_again(std::size_t index) {
    lost_[index] = false;
    return hosts_[index].open(options_.broker, epoll_, index);
  }

  void take(std::size_t index, std::uint32_t events) {
    if (lost_[index]) return;
    note(index, hosts_[index].on_socket(events, sys::now()));
  }

  void note(std::size_t index, const Result<>& done) {
    EmulatedHost& host = hosts_[index];
    if (done) return timers_.set(index, host.next_timer());
    lost_[index] = true;
    host.disconnect(done.error().what);
    timers_.set(index, sys::now() + host.next_pause());
    if (counts_.lost++ < kLossesSaid) std::fprintf(stderr, "%s: %s\n", host.name().c_str(), done.error().what.c_str());
  }

  Options options_;
  broker::Subjects subjects_;
  FleetCounts counts_;
  sys::Epoll epoll_;
  std::deque<EmulatedHost> hosts_;
  Timers timers_;
  std::vector<bool> lost_;  // It waits to open again.
  bool ready_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)sys::raise_descriptor_limit();
  Result<Options> options = parse(argc, argv);
  Result<> done = options ? Result<>() : fail(options.error());
  if (options) {
    Fleet fleet(*std::move(options));
    done = fleet.run();
    fleet.report();
  }
  if (done) return 0;
  std::fprintf(stderr, "fleet_emulator: %s\n", done.error().what.c_str());
  return done.error().code == Errc::kUsage ? 2 : 1;
}
