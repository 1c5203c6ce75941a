// SPDX-License-Identifier: Apache-2.0
// What is measured with emulated hosts (bench/fleet) holds for real ones only if rstap can't tell one from the other.
// So real links, with real agents and a runner that plays the same script, are among emulated hosts in one run: what
// the broker carries to rstap from each is the same, but for names and clocks.
#include <algorithm>
#include <map>
#include <regex>

#include "base/overloaded.h"
#include "broker/message.h"
#include "broker/subjects.h"
#include "emulated_host.h"
#include "nats/connection.h"
#include "rstap_nats_test.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::ptrdiff_t kReal = 20, kEmulated = 20, kAll = kReal + kEmulated;
// Of how many a host prints before its stop comes, time decides.
constexpr int kMapsCompared = 2;

// Of "key-000" of such a map; 0: it is none.
int map_number(std::string_view text) {
  static constexpr std::string_view kFirstKey = R"("key-000": )";
  const std::size_t at = text.find(kFirstKey);
  return at == std::string_view::npos ? 0 : std::atoi(std::string(text.substr(at + kFirstKey.size(), 8)).c_str());
}

// A host's part of a conversation, without what names the host and its kernel, says that time passes, or what time it
// is. Nor what version a runner has, which an agent of a busy machine does not find out in time. A frame of the
// runner's output is compared as one.
std::string comparable(const std::string& said) {
  static const std::regex kNames("^(stapsh [^ ]+ |OK clock=|OK runners=bpftrace:).*");
  static const std::regex kFrame("^(data [^ ]+ ([0-9]+))( .*)?$");
  std::string rest;
  for (std::size_t at = 0; at < said.size();) {
    const std::size_t end = std::min(said.find('\n', at), said.size());
    const std::string line = said.substr(at, end - at);
    at = std::min(end + 1, said.size());
    std::smatch parts;
    if (std::regex_match(line, parts, kFrame)) {
      const std::string frame = said.substr(at, std::stoul(parts[2]));
      at += frame.size();
      if (map_number(frame) <= kMapsCompared) rest += parts[1].str() + "\n" + frame;
    } else if (line != "ping" && !line.starts_with("working ")) {
      rest += std::regex_replace(line, kNames, "$1") + "\n";
    }
  }
  return rest;
}

// Hears along what all links say to client ann.
class Eavesdropper {
 public:
  explicit Eavesdropper(const NatsServer& server) : connection_(connect(server)) {
    EXPECT_TRUE(hear_until([this] { return connected_; }));
  }

  /// All data of each host, its sessions one behind the other.
  [[nodiscard]] const std::map<std::string, std::string>& said() const { return said_; }
  /// How many have taken leave. That a host's part of the connection has an end as well is said only while rstap's has
  /// none: on a busy machine rstap is gone by then.
  [[nodiscard]] std::ptrdiff_t over() const {
    return std::ranges::count_if(said_, [](const auto& host) { return host.second.ends_with("\nquit\n"); });
  }

  bool hear_until(const std::function<bool()>& is_so) {
    return becomes_true(
        [&] {
          for (const nats::Event& event : connection_.take()) take(event);
          return is_so();
        },
        60s);
  }

 private:
  static inline const broker::Subjects kSubjects{"here"};

  static nats::Connection connect(const NatsServer& server) {
    nats::Settings settings;
    settings.servers = {server.url()};
    settings.tls = false;
    settings.subscriptions = {kSubjects.all_up("ann", "*")};
    return *nats::Connection::start(settings);
  }

  void take(const nats::Event& event) {
    if (std::holds_alternative<nats::Connected>(event)) connected_ = true;
    const auto* const message = std::get_if<nats::Message>(&event);
    if (message == nullptr) return;
    const auto session = kSubjects.session_of_up(message->subject);
    const Result<broker::Message> what = broker::decode(message->data);
    ASSERT_TRUE(session && what) << message->subject;
    std::string& said = said_[session->host];
    std::visit(Overloaded{
                   [&](const broker::Data& data) { said += data.bytes; },
                   [&](const broker::Reset& reset) { said += "<reset: " + reset.reason + ">\n"; },
                   [](const auto&) {},
               },
               *what);
  }

  nats::Connection connection_;
  std::map<std::string, std::string> said_;
  bool connected_ = false;
};

class FleetLikeness : public RstapNatsTest {
 protected:
  FleetLikeness() {
    for (std::size_t i = 0; i < kReal; ++i) {
      add_host({.host = "real" + std::to_string(i), .policy = std::string(fleet::kEmulatedPolicy)},
               [](MountNamespace& view) {
                 view.replace("/usr/bin/bpftrace", STAPSH_SCRIPTED_BPFTRACE);
                 for (const char* other : {"/usr/bin/staprun", "/usr/bin/stapbpf"}) {
                   if (std::filesystem::exists(other)) view.hide(other);
                 }
               });
    }
    emulator_ = std::make_unique<Program>(options({STAPSH_FLEET_EMULATOR, std::to_string(kEmulated), "here",
                                                   "nats://127.0.0.1:" + std::to_string(server_->port()), "maps"}));
    oracle_.allow_helper(emulator_->pid());
    EXPECT_TRUE(emulator_->wait_for_out("ready"));
  }
  void TearDown() override {
    emulator_.reset();
    RstapNatsTest::TearDown();
  }
  /// rstap on all; its script is what real runners go by.
  std::unique_ptr<Program> begin() {
    const std::string program = script("// maps\ninterval:s:1 { @ = count(); print(@); }\n");
    return std::make_unique<Program>(nats_client({"--remote", "nats://here/*", "--sum", "--bpftrace", program}));
  }

  static inline const std::string kSumOfAll = "sum of " + std::to_string(kAll) + " hosts\n";
  std::unique_ptr<Program> emulator_;
};

TEST_F(FleetLikeness, RstapHearsTheSameFromAll) {
  Eavesdropper eavesdropper(*server_);
  const std::unique_ptr<Program> run = begin();
  ASSERT_TRUE(run->wait_for_out_times(kSumOfAll, kMapsCompared + 1));
  run->send_signal(SIGINT);
  EXPECT_EQ(run->wait_exit(), 0) << run->captured();
  EXPECT_THAT(run->err(), HasSubstr(std::to_string(kAll) + " succeeded; all clean"));
  ASSERT_TRUE(eavesdropper.hear_until([&] { return eavesdropper.over() == kAll; }));
  ASSERT_EQ(eavesdropper.said().size(), kAll);
  const std::string emulated = comparable(eavesdropper.said().at("host00001"));
  EXPECT_THAT(emulated, HasSubstr(R"("key-099": 200)"));
  for (const auto& [host, said] : eavesdropper.said()) EXPECT_EQ(comparable(said), emulated) << host;
}

TEST_F(FleetLikeness, AllComeBackAfterTheBrokersEnd) {
  const std::unique_ptr<Program> run = begin();
  ASSERT_TRUE(run->wait_for_out(kSumOfAll));
  server_->kill();
  server_->start_again();
  EXPECT_EQ(run->wait_exit(120s), 1);
  EXPECT_THAT(run->err(), HasSubstr(std::to_string(kAll) + " failed; all clean")) << run->captured();
  EXPECT_TRUE(emulator_->wait_for_out_times("ready", 2));
}

}  // namespace
}  // namespace stapsh::real
