// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

namespace stapsh::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Bytes that look like the protocol as often as not.
std::string nasty_bytes(Random& random, std::size_t max, bool zero_too) {
  static constexpr std::string_view kWords[] = {"quit\n", "OK\n",   "data stdout 5\n", "exit 3\n",   "\n", "\r\n",
                                                "=",      "stapsh", "ERROR: x\n",      "file 9 x\n", " ",  "\x7f\xff"};
  std::string bytes;
  for (std::size_t size = random.size(max); bytes.size() < size;) {
    if (random.chance(50)) {
      bytes += kWords[random.below(std::size(kWords))];
    } else {
      bytes += static_cast<char>(zero_too ? random.below(256) : random.between(1, 255));
    }
  }
  return bytes;
}

RunnerPlan draw_runner(Random& random) {
  RunnerPlan plan;
  for (std::size_t chunks = random.size(30); plan.output.size() < chunks;) {
    plan.output.push_back({random.chance(70) ? Stream::kStdout : Stream::kStderr, nasty_bytes(random, 400, true),
                           random.chance(70) ? Duration{} : random.up_to(seconds(4))});
  }
  plan.endless = random.chance(5);
  plan.waits = random.chance(30);
  plan.bye = nasty_bytes(random, 600, true);
  plan.exit_code = static_cast<int>(random.chance(50) ? 0 : random.below(256));
  plan.ignores_stop = random.chance(15);
  plan.ignores_terminate = random.chance(30);
  plan.immortal = random.chance(2);
  if (random.chance(20)) {
    plan.straggler = random.chance(50) ? RunnerPlan::Straggler::kShort : RunnerPlan::Straggler::kStubborn;
  }
  return plan;
}

}  // namespace

Plan::Plan(std::uint64_t seed_given) : seed(seed_given) {
  Random random(seed);
  agent.identity = {std::string(kSpokenVersion), "x86_64", "6.1.0"};
  agent.verbose = random.chance(20) ? 1 : 0;
  client.force_rfc = random.chance(10);
  agent.force_rfc = client.force_rfc && random.chance(50);
  client.transport_is_rich = random.chance(50);
  client.want_time = random.chance(20);
  client.verbose = static_cast<unsigned>(random.chance(20) ? random.below(3) : 0);
  if (random.chance(20)) client.grace = "0.5";
  if (random.chance(20)) client.keepalive = seconds(random.between(2, 90));
  if (random.chance(10)) client.deadline = std::to_string(random.between(1, 200));
  client.want_proof = random.chance(30);
  static constexpr std::string_view kExtensions[] = {".ko", ".bo", ".so", ".bt", ""};
  for (std::size_t files = random.below(4); upload.files.size() < files;) {
    contents.push_back(nasty_bytes(random, 3'000, true));
    upload.files.push_back(
        {"f" + std::to_string(contents.size()) + std::string(kExtensions[random.below(5)]), contents.back().size()});
  }
  for (std::size_t args = random.size(20); upload.run_args.size() < args;) {
    upload.run_args.push_back(random.chance(10) ? "" : nasty_bytes(random, 40, false));
  }
  runner = draw_runner(random);
  link_capacity = random.chance(20) ? random.between(1, 20) : random.between(100, 5'000);
  pipe_capacity = random.chance(20) ? random.between(1, 20) : random.between(100, 5'000);
  module_after = random.up_to(seconds(100));
  start_after = random.up_to(seconds(100));

  if (random.chance(50)) fault = static_cast<Fault>(random.between(1, 8));
  fault_at = random.up_to(seconds(random.chance(50) ? 10 : 250));
  fault_lasts = random.up_to(seconds(120));
  static constexpr std::string_view kFileSteps[] = {"create", "write", "commit"};
  failing_file_step = kFileSteps[random.below(3)];
  failing_file = random.below(3);
  Link::Faults& link = random.chance(50) ? to_agent : to_client;
  if (fault == Fault::kCut) link.cut_at = random.size(8'000);
  if (fault == Fault::kCorrupt) link.corrupt_at = random.size(3'000);

  if (fault == Fault::kLimit) {
    agent.limits.files_max = random.below(4);
    agent.limits.files_bytes_max = random.size(6'000);
    agent.limits.args_max = random.below(20);
  }
  rude = fault == Fault::kNone && random.chance(20);
  // Half the grace time that the agent will keep to (0.5 seconds, if the client asks for that).
  if (random.chance(30)) runner.bye_pause = random.up_to(client.grace.empty() ? seconds(2) : milliseconds(200));

  const bool must_stop = runner.endless || runner.waits || runner.immortal;
  std::size_t stop_count = random.chance(50) ? 0 : random.between(1, 3);
  if (must_stop) stop_count = std::max<std::size_t>(stop_count, 1);
  // Output is progress, so a flood that does not hear the stop goes on until the person gives up.
  if (runner.endless && runner.ignores_stop) stop_count = 3;
  for (Duration at{}; stops.size() < stop_count; stops.push_back(at)) {
    at += random.up_to(seconds(random.chance(30) ? 2 : 250));
  }
  client.want_reason = random.chance(70);
  // A trickle holds a client that hears nothing else no longer than a minute, and its agent a little longer.
  client.want_progress = random.chance(70) || runner.endless;
  client.want_clock = random.chance(50);
  // Only bpftrace is given any.
  const bool is_bpftrace = !upload.files.empty() && upload.files.front().name.ends_with(".bt");
  if (is_bpftrace && !client.force_rfc && random.chance(50)) {
    client.environment = {"BPFTRACE_STRLEN=" + std::to_string(random.below(1'000)), "BPFTRACE_STR_TRUNC_TRAILER= =%"};
  }
  client.want_signal = random.chance(50);
  client.want_runners = random.chance(50);
  client.want_environment = random.chance(50);
  client.stop_timeout_released = client.stop_timeout;  // Nothing here tells it from ours but its dialect.
  // Without a word of it the client would give up.
  if (client.want_progress && !client.force_rfc && random.chance(30)) runner.works = random.up_to(seconds(400));
}

Plan Plan::over_a_broker(std::uint64_t seed) {
  Plan plan(seed);
  Random random(seed ^ 0xb40c3eU);
  // A socket at both ends, and nothing beside it; what is left without a word must find that out itself.
  plan.client.transport_is_rich = false;
  plan.client.force_rfc = plan.agent.force_rfc = false;
  if (!plan.client.keepalive) plan.client.keepalive = seconds(random.between(10, 90));
  plan.agent.hello_timeout = seconds(60);
  plan.agent.idle_timeout = seconds(600);
  plan.to_agent = plan.to_client = {};
  const bool is_cut = plan.fault == Fault::kCut || plan.fault == Fault::kCorrupt;
  if (!is_cut && (plan.fault != Fault::kNone || random.chance(50))) return plan;
  plan.fault = Fault::kBroker;
  plan.broker.kind = static_cast<BrokerFault::Kind>(random.between(1, 4));
  plan.broker.to_agent = random.chance(50);
  plan.broker.at = random.size(100);
  plan.broker.count = random.chance(70) ? 1 : random.between(2, 4);
  plan.broker.noticed_after = random.up_to(seconds(300));
  plan.broker.back_after = random.up_to(seconds(60));
  return plan;
}

}  // namespace stapsh::sim
