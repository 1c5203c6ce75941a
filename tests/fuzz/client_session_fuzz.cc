// SPDX-License-Identifier: Apache-2.0
// A list of operations on a ClientSession, one on each line, as ClientDriver spells them; a line that is
// none is bytes from the agent. The driver asserts that Finished is the last effect and that nothing is
// sent after CloseInput; here: any split of the bytes does the same, and it always ends with a reason.
#include <set>

#include "fuzz_target.h"
#include "session/client_driver.h"

using namespace stapsh;

namespace {

// A first line of letters: each sets something.
ClientSettings settings(std::string_view letters) {
  ClientSettings settings;
  const auto has = [&](char letter) { return letters.find(letter) != std::string_view::npos; };
  settings.force_rfc = has('f');
  settings.transport_is_rich = has('r');
  settings.want_time = has('t');
  settings.want_clock = has('c');
  settings.want_signal = has('i');
  settings.want_runners = has('u');
  settings.want_environment = has('e');
  settings.want_proof = has('p');
  settings.want_reason = has('w');
  settings.want_digest = has('d');
  settings.want_keep = has('n');
  settings.sweep_only = has('s');
  if (has('k')) settings.keepalive = std::chrono::seconds(9);
  if (has('g')) settings.grace = "0.5";
  if (has('v')) settings.verbose = 2;
  if (has('l')) settings.limits.line_bytes_max = 40;
  return settings;
}

bool is_step(std::string_view line, const ClientSession& session) {
  static const std::set<std::string_view> kSteps{"connect", "end", "lost", "stop", "abandon", "progress"};
  if (kSteps.contains(line)) return true;
  // Only when they are asked for: that is their contract.
  const bool asked = !session.stopping() && !session.ended();
  static const std::set<std::string_view> kModules{"module", "module stapbpf", "module bpftrace"};
  if (kModules.contains(line)) return asked && session.phase() == ClientSession::Phase::kConnected;
  if (line == "start") return asked && session.phase() == ClientSession::Phase::kReady;
  if (line.starts_with("end ")) return parse_int(line.substr(4), 0, 255).has_value();
  return line.starts_with("wait ") && parse_int(line.substr(5), 0, 1'000'000).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const std::string_view letters = fuzz::take_line(text);
  ClientDriver client(settings(letters));
  ClientDriver bytewise(settings(letters));
  if (letters.find('e') != std::string_view::npos) client.upload.run_args.emplace_back();
  if (letters.find('m') != std::string_view::npos) client.upload.files.push_back({"b.sgn", 0});
  if (letters.find('n') != std::string_view::npos) client.upload.files[0].digest = std::string(64, 'a');
  bytewise.upload = client.upload;
  while (!text.empty()) {
    const std::string_view line = fuzz::take_line(text);
    STAPSH_ASSERT(is_step(line, client.session) == is_step(line, bytewise.session));
    if (is_step(line, client.session)) {
      client.step(line);
      bytewise.step(line);
    } else {
      const std::string bytes = unescape(line);
      client.feed(bytes);
      for (const char c : bytes) bytewise.feed(std::string_view(&c, 1));
    }
  }
  client.step("abandon");
  bytewise.step("abandon");
  STAPSH_ASSERT(client.take_text() == bytewise.take_text());
  STAPSH_ASSERT(client.outcome.has_value());
  STAPSH_ASSERT(client.outcome->kind != Outcome::Kind::kFailed || !client.outcome->reason.empty());
  STAPSH_ASSERT(!client.session.next_timer());
  return 0;
}
