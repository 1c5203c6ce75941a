// SPDX-License-Identifier: Apache-2.0
// A fleet of emulated hosts says something of a real one only if nobody can tell one from the other: the same
// conversations with an emulated agent (bench/fleet) and with the built stapsh, whose bpftrace plays the same script,
// are the same, byte for byte.
#include <sys/utsname.h>

#include "emulated_host.h"
#include "harness/agent_test.h"
#include "sys/clock.h"

namespace stapsh::real {
namespace {

// What the client says, and what it waits for before it says more.
struct Step {
  std::string says;
  std::string until = {};
};

struct Conversation {
  const char* name;
  std::vector<Step> steps;
  bool hangs_up = false;  // The client's end, instead of a quit.
};

const std::string kScript = "// quiet\n";
const std::string kFile = "file " + std::to_string(kScript.size()) + " s.bt\n" + kScript;
const std::string kRun = "run -f json ./s.bt\n";
const std::string kOptions =
    "option exit\noption data\noption proof\noption reason\noption progress\noption signal\noption policy\n"
    "option digest\noption keepalive=60\n";

const std::vector<Conversation> kConversations{
    {"a whole run", {{"stap 5.6\n" + kOptions + kFile, "OK\n"}, {kRun, "attached_probes"}, {"quit\n"}}},
    {"a released client", {{"stap 5.6\noption data\n" + kFile}, {kRun, "attached_probes"}, {"quit\n"}}},
    {"a client that goes", {{"stap 5.6\n" + kOptions + kFile}, {kRun, "attached_probes"}}, true},
    {"nothing is run", {{"stap 5.6\n" + kOptions + kFile}, {"quit\n"}}},
    {"nothing is said", {}, true},
    {"unknown words", {{"stap 5.6\n" + kOptions + "option dance\nfile x\ndance\n"}, {"quit\n"}}},
    {"against the policy", {{"stap 5.6\n" + kOptions + kFile + "run --unsafe ./s.bt\n"}, {"quit\n"}}},
    {"another runner", {{"stap 5.6\n" + kOptions + "file 3 a.ko\nabcrun ./a.ko\n"}, {"quit\n"}}},
    {"arguments one by one",
     {{"stap 5.6\n" + kOptions + kFile + "arg 2\n-farg 4\njsonarg 6\n./s.bt" + "run\n", "attached_probes"},
      {"quit\n"}}},
    {"a file that is not what it should be",
     {{"stap 5.6\n" + kOptions + "file 3 s.bt " + std::string(64, 'a') + "\nabc"}, {"quit\n"}}},
    {"no hello", {{"dance\n"}}, true},
};

// Without what only says that time passes: an emulated runner takes none to end.
std::string without_waiting(const std::string& out) {
  std::string rest;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = std::min(out.find('\n', at), out.size() - 1) + 1;
    const std::string line = out.substr(at, end - at);
    if (line != "ping\n" && !line.starts_with("working ")) rest += line;
    at = end;
  }
  return rest;
}

class EmulatedAgentTest : public AgentTest {
 protected:
  EmulatedAgentTest() : folder_(scratch_.make_folder("etc-stapsh")) {
    mounts_.replace("/usr/bin/bpftrace", STAPSH_SCRIPTED_BPFTRACE);
    mounts_.policy_folder(folder_);
    scratch_.write("etc-stapsh/policy", fleet::kEmulatedPolicy);
  }

  std::string real(const Conversation& conversation) const {
    Program stapsh(agent(Input::kSocket, {"--as", "bench"}));
    for (const Step& step : conversation.steps) {
      EXPECT_TRUE(stapsh.write(step.says));
      if (step.until.empty()) continue;
      EXPECT_TRUE(stapsh.wait_for_out(step.until));
    }
    if (conversation.hangs_up) stapsh.close_input();
    const int code = stapsh.wait_exit();
    return without_waiting(stapsh.out()) + "exit code " + std::to_string(code) + "\n";
  }

  static std::string emulated(const Conversation& conversation) {
    utsname kernel{};
    ::uname(&kernel);
    const TimePoint now = sys::now();
    fleet::EmulatedAgent agent(fleet::emulated_settings({"here", kernel.machine, kernel.release, {}}, "bench"),
                               fleet::Scenario::kQuiet, now);
    std::string out;
    const auto collect = [&] {
      while (!agent.output().empty()) {
        const std::string said(agent.output());
        out += said;
        agent.on_sent(said.size(), now);
      }
    };
    for (const Step& step : conversation.steps) {
      agent.on_bytes(step.says, now);
      collect();
      EXPECT_NE(out.find(step.until), std::string::npos) << out;
    }
    if (conversation.hangs_up) agent.on_end_of_input(now);
    collect();
    EXPECT_TRUE(agent.exited()) << out;
    return out + "exit code " + std::to_string(agent.exit_code()) + "\n";
  }

  const std::string folder_;
};

TEST_F(EmulatedAgentTest, SaysWhatARealOneSays) {
  for (const Conversation& conversation : kConversations) {
    SCOPED_TRACE(conversation.name);
    EXPECT_EQ(emulated(conversation), real(conversation));
  }
}

}  // namespace
}  // namespace stapsh::real
