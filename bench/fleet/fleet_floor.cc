// SPDX-License-Identifier: Apache-2.0
// fleet_floor N SITE URL SECONDS: the least that a client of a fleet costs. One connection, for each host
// that answers a real ClientSession and a broker::Stream, all in one process, and whatever is said is counted and
// dropped. It finds N hosts, opens a session to each, sends a script, has it run for SECONDS after all have said
// something, and stops them all. Says, as `NAME VALUE`, what a client's user waits for.
#include <csignal>
#include <cstdio>
#include <deque>
#include <exception>

#include "base/overloaded.h"
#include "base/parse_int.h"
#include "base/sha256.h"
#include "broker/credit_pool.h"
#include "broker/stream.h"
#include "broker/subjects.h"
#include "broker/who.h"
#include "broker_socket.h"
#include "session/client_session.h"
#include "sys/clock.h"
#include "sys/random_name.h"
#include "timers.h"

namespace {

using namespace stapsh;
using namespace stapsh::fleet;

constexpr std::uint64_t kPoolBytes = std::uint64_t{16} << 20U;
constexpr std::uint32_t kSpreadMs = 500;
constexpr Duration kPatience = std::chrono::seconds(120);
// Where so much waits for the broker, no further session is opened.
constexpr std::size_t kUnsentBytes = std::size_t{1} << 20U;
constexpr std::string_view kScript = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(@); }\n";
constexpr unsigned kAnswers = 1, kUp = 2;
constexpr std::size_t kRunCharacters = 10;

struct Target {
  Target(broker::SessionName given, const ClientSettings& settings, broker::CreditPool& pool)
      : name(std::move(given)),
        session(settings),
        stream(broker::Stream::Side::kClient, broker::Stream::kFirstCredit, pool.base()),
        share(pool.open(pool.base())) {}

  broker::SessionName name;
  ClientSession session;
  broker::Stream stream;
  broker::CreditPool::Share share;
  std::string unsent;
  std::uint64_t said = 0;
  std::optional<Outcome> outcome;
};

class Floor {
 public:
  Floor(std::size_t hosts, std::string_view site, BrokerAddress broker, Duration lasts)
      : hosts_(hosts), subjects_(site), broker_(broker), lasts_(lasts), pool_(kPoolBytes, hosts), timers_(hosts) {}

  Result<> run() {
    run_ = TRY(sys::random_name(kRunCharacters));
    epoll_ = TRY(sys::Epoll::create());
    TRY(socket_.open(broker_, "fleet_floor", epoll_, 0));
    const std::string here = subjects_.here(kClient, run_);
    socket_.say(subscribe_line(here + ".*", kAnswers));
    socket_.say(subscribe_line(subjects_.all_up(kClient, run_), kUp));
    begun_ = sys::now();
    socket_.publish(subjects_.who(kClient), here, broker::format_who(broker::WhoQuestion{{}, kSpreadMs}));
    const TimePoint patience_ends = begun_ + kPatience + lasts_;
    std::vector<sys::Event> events(4);
    while (true) {
      TRY(socket_.flush());
      if (ended_ == hosts_ && socket_.unsent_bytes() == 0) break;  // Hosts have heard its last words as well.
      std::optional<TimePoint> wake = earlier(timers_.next(), stop_at_);
      const std::size_t count = TRY(epoll_.wait(events, earlier(wake, patience_ends)));
      for (std::size_t i = 0; i < count; ++i) {
        TRY(socket_.read([&](const WireEvent& event) { on_event(event); }));
      }
      const TimePoint now = sys::now();
      if (now >= patience_ends) return fail(Errc::kTimeout, why_so_long());
      open_some(now);
      if (stop_at_ && now >= *stop_at_) stop_all(now);
      while (const std::optional<std::size_t> due = timers_.take(now)) {
        targets_[*due].session.on_timer(now);
        perform(*due, now);
      }
    }
    tell("stop-s", since(stopped_));
    tell("said-bytes", static_cast<double>(said_bytes_));
    tell("clean", static_cast<double>(clean_));
    tell("failed", static_cast<double>(failed_));
    return {};
  }

 private:
  static constexpr std::string_view kClient = "bench";

  static double since(TimePoint start) { return std::chrono::duration<double>(sys::now() - start).count(); }
  static void tell(const char* name, double value) {
    std::printf("%s %.3f\n", name, value);
    (void)std::fflush(stdout);
  }
  std::string why_so_long() const {
    return std::to_string(found_.size()) + " hosts answered, " + std::to_string(targets_.size()) +
           " sessions were opened, " + std::to_string(talking_) + " said something, " + std::to_string(ended_) +
           " ended";
  }

  void on_event(const WireEvent& event) {
    std::visit(Overloaded{
                   [&](const Delivery& delivery) {
                     delivery.subscription == kAnswers ? on_answer(delivery) : on_message(delivery);
                   },
                   [&](const BrokerPing&) { socket_.say(kPongLine); },
                   [](const BrokerError& error) {
                     std::fprintf(stderr, "the broker: %.*s\n", static_cast<int>(error.text.size()), error.text.data());
                   },
                   [](const auto&) {},
               },
               event);
  }

  void on_answer(const Delivery& delivery) {
    const Result<broker::WhoAnswer> answer = broker::parse_who_answer(delivery.payload);
    if (!answer || found_.size() == hosts_) return;
    found_.push_back(answer->host);
    if (found_.size() != hosts_) return;
    tell("discover-s", since(begun_));
    opened_ = sys::now();
  }

  void open_some(TimePoint now) {
    if (found_.size() < hosts_) return;
    while (targets_.size() < hosts_ && socket_.unsent_bytes() < kUnsentBytes) {
      ClientSettings settings;
      settings.want_proof = settings.want_reason = settings.want_progress = settings.want_policy = true;
      settings.want_runners = settings.want_digest = true;
      settings.keepalive = std::chrono::seconds(60);
      const std::size_t index = targets_.size();
      Target& target = targets_.emplace_back(
          broker::SessionName{found_[index], std::string(kClient), run_, static_cast<std::uint32_t>(index)}, settings,
          pool_);
      say(target, broker::Open{pool_.base()});
      target.session.on_start_of_transport(now);
      perform(index, now);
    }
  }

  void say(const Target& target, const broker::Message& message) {
    socket_.publish(subjects_.down(target.name), {}, broker::encode(message));
  }

  void on_message(const Delivery& delivery) {
    const auto name = subjects_.session_of_up(delivery.subject);
    const Result<broker::Message> message = broker::decode(delivery.payload);
    if (!name || !message || name->number >= targets_.size()) return;
    Target& target = targets_[name->number];
    if (target.outcome) return;
    const TimePoint now = sys::now();
    const Result<broker::Stream::Arrival> arrival = target.stream.receive(*message);
    if (!arrival) {
      target.session.on_transport_end({std::nullopt, arrival.error().what});
    } else {
      if (!arrival->bytes.empty()) target.session.on_bytes(arrival->bytes, now);
      perform(name->number, now);
      if (target.outcome) return;  // Its credit is given back.
      if (const auto credit = pool_.use(target.stream, target.share, arrival->bytes.size())) say(target, *credit);
      if (arrival->ended) target.session.on_transport_end({});
    }
    perform(name->number, now);
  }

  void perform(std::size_t index, TimePoint now) {
    Target& target = targets_[index];
    while (std::optional<ClientEffect> effect = target.session.next_effect()) perform(target, *effect, now);
    while (!target.unsent.empty() && target.stream.sendable() > 0) {
      const std::size_t count = std::min(target.unsent.size(), target.stream.sendable());
      say(target, target.stream.send(std::string_view(target.unsent).substr(0, count)));
      target.unsent.erase(0, count);
      target.session.on_send_progress(now);
    }
    if (target.outcome && !target.stream.has_sent_end()) say(target, target.stream.send_end());
    timers_.set(index, target.outcome ? std::nullopt : target.session.next_timer());
  }

  void perform(Target& target, const ClientEffect& effect, TimePoint now) {
    std::visit(Overloaded{
                   [&](const SendBytes& e) { target.unsent += e.bytes; },
                   [&](const SendFile&) { target.unsent += kScript; },
                   [&](const CloseInput&) { target.unsent.clear(); },
                   [&](const Output& e) { on_output(target, e.bytes, now); },
                   [&](const Connected&) {
                     Upload upload;
                     upload.files = {{"script.bt", kScript.size(), {}, {}}};
                     upload.files[0].digest = digest_;
                     upload.run_args = {"-f", "json", "./script.bt"};
                     upload.runner = RunnerKind::kBpftrace;
                     target.session.on_module_ready(std::move(upload), now);
                   },
                   [&](const Ready&) { target.session.on_start(now); },
                   [&](const Finished& e) { on_finished(target, e.outcome); },
                   [](const auto&) {},
               },
               effect);
  }

  // A first answer is a map, not that probes are attached.
  void on_output(Target& target, std::string_view bytes, TimePoint now) {
    const bool is_answer = bytes.find("\"map\"") != bytes.npos || bytes.find("\"printf\"") != bytes.npos;
    said_bytes_ += bytes.size();
    if (!is_answer || target.said++ > 0 || ++talking_ < hosts_) return;
    tell("first-s", since(opened_));
    stop_at_ = now + lasts_;
  }

  void on_finished(Target& target, const Outcome& outcome) {
    target.outcome = outcome;
    pool_.close(target.stream);
    ++ended_;
    if (outcome.remains == Outcome::Remains::kClean) ++clean_;
    if (outcome.kind == Outcome::Kind::kEnded) return;
    if (++failed_ <= 3) std::fprintf(stderr, "%s: %s\n", target.name.host.c_str(), outcome.reason.c_str());
  }

  void stop_all(TimePoint now) {
    stop_at_.reset();
    stopped_ = now;
    for (std::size_t index = 0; index < targets_.size(); ++index) {
      if (targets_[index].outcome) continue;
      targets_[index].session.on_stop(now);
      perform(index, now);
    }
  }

  std::size_t hosts_;
  broker::Subjects subjects_;
  BrokerAddress broker_;
  Duration lasts_;
  std::string run_;
  broker::CreditPool pool_;
  sys::Epoll epoll_;
  BrokerSocket socket_;
  std::vector<std::string> found_;
  std::deque<Target> targets_;
  Timers timers_;
  std::string digest_ = sha256_hex(kScript);
  std::size_t talking_ = 0, ended_ = 0, clean_ = 0, failed_ = 0;
  std::uint64_t said_bytes_ = 0;
  TimePoint begun_, opened_, stopped_;
  std::optional<TimePoint> stop_at_;
};

Result<> run(int argc, char** argv) {
  if (argc != 5) return fail(Errc::kUsage, "usage: fleet_floor N SITE URL SECONDS");
  const std::size_t hosts = TRY(parse_int<std::size_t>(argv[1], 1, 1'000'000));
  const unsigned seconds = TRY(parse_int<unsigned>(argv[4], 0, 3'600));
  if (!broker::is_name(argv[2])) return fail(Errc::kUsage, std::string("'") + argv[2] + "' is no site's name");
  Floor floor(hosts, argv[2], TRY(resolve_broker(argv[3])), std::chrono::seconds(seconds));
  return floor.run();
}

}  // namespace

int main(int argc, char** argv) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  try {
    const Result<> done = run(argc, argv);
    if (done) return 0;
    std::fprintf(stderr, "fleet_floor: %s\n", done.error().what.c_str());
    return done.error().code == Errc::kUsage ? 2 : 1;
  } catch (const std::exception& error) {  // For want of memory.
    std::fprintf(stderr, "fleet_floor: %s\n", error.what());
    return 1;
  }
}
