// SPDX-License-Identifier: Apache-2.0
// A list of operations on an AgentSession, one on each line, as AgentDriver spells them; a line that is
// none is bytes from the client. The driver asserts that EndSession is the last effect; here: any split
// of the bytes does the same, no more replies than lines, and whoever is told to stop ends.
#include <algorithm>
#include <set>

#include "fuzz_target.h"
#include "policy/policy_reader.h"
#include "session/agent_driver.h"

using namespace stapsh;

namespace {

AgentSettings settings(bool small, bool is_signed) {
  AgentSettings settings;
  if (is_signed) {
    settings.gate = policy::Gate{{},
                                 *policy::parse_policy("allow args=safe signed=a\nallow operator=b\n"),
                                 {},
                                 ~policy::Capabilities{0},
                                 "n0nce"};
  }
  settings.identity = {"5.6", "x86_64", "6.1"};
  if (small) {
    settings.limits = {.line_bytes_max = 40,
                       .file_bytes_max = 20,
                       .files_bytes_max = 30,
                       .files_max = 2,
                       .args_max = 2,
                       .args_bytes_max = 12};
  }
  return settings;
}

bool is_step(std::string_view line) {
  static const std::set<std::string_view> kSteps{
      "eof",          "stop",         "peer gone",   "gone",  "progress", "drained",    "start fails", "late fail",
      "create fails", "commit fails", "write fails", "works", "idle",     "keep fails", "take fails"};
  if (kSteps.contains(line)) return true;
  if (line.starts_with("exit ")) return parse_int(line.substr(5), 0, 255).has_value();
  return line.starts_with("wait ") && parse_int(line.substr(5), 0, 1'000'000).has_value();
}

void feed_bytewise(AgentDriver& agent, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) agent.feed(bytes.substr(i, 1));
}

// From here on only the timer: what does not end by itself is given up.
void check_that_it_ends(AgentDriver& agent) {
  agent.step("stop");
  for (int i = 0; i < 50 && !agent.session.ended(); ++i) {
    if (const auto next = agent.session.next_timer()) agent.now = std::max(agent.now, *next);
    agent.step("wait 0");
    // Only output is left: the shell says when it is gone.
    if (i > 20) agent.step("drained");
  }
  STAPSH_ASSERT(agent.session.ended());
  STAPSH_ASSERT(!agent.session.next_timer());
  STAPSH_ASSERT(!agent.session.wants_input());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const bool small = text.starts_with("small\n");
  if (small) fuzz::take_line(text);
  const bool is_signed = text.starts_with("signed\n");
  if (is_signed) fuzz::take_line(text);
  AgentDriver agent(settings(small, is_signed));
  AgentDriver bytewise(settings(small, is_signed));
  // Whoever is asked after has signed.
  agent.signers = bytewise.signers = {{{"a", "b"}, {}, false}, {{"a"}, {}, false}};
  std::size_t lines = 0;
  // How much of a chunk was offered before its first write failed depends on the split, rightly.
  bool comparable = true;
  while (!text.empty()) {
    const std::string_view line = fuzz::take_line(text);
    comparable = comparable && line != "write fails";
    if (is_step(line)) {
      agent.step(line);
      bytewise.step(line);
    } else {
      const std::string bytes = unescape(line);
      lines += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      agent.feed(bytes);
      feed_bytewise(bytewise, bytes);
    }
    const auto replies = static_cast<std::size_t>(std::count(agent.sent.begin(), agent.sent.end(), '\n'));
    STAPSH_ASSERT(agent.session.ended() || replies <= lines + 1);  // A line too long has no end.
  }
  check_that_it_ends(agent);
  check_that_it_ends(bytewise);
  const std::string did = agent.take_text();
  STAPSH_ASSERT(!comparable || did == bytewise.take_text());
  return 0;
}
