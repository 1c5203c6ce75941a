// SPDX-License-Identifier: Apache-2.0
// The fixture of the tests that speak the protocol's bytes to the built agent, with fake_runner where staprun is.
#pragma once

#include <string>
#include <vector>

#include "frames.h"
#include "real_test.h"

namespace stapsh::real {

class AgentTest : public RealTest {
 protected:
  using Input = ProgramOptions::Input;

  AgentTest() : mounts_(new_mounts()) { mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER); }

  /// The agent with a short grace time, so that a ladder climbed to its top takes a second.
  ProgramOptions agent(Input input = Input::kPipe, std::vector<std::string> words = {"--grace", "0.2"}) const {
    words.insert(words.begin(), agent_program());
    ProgramOptions all = options(words, &mounts_);
    all.input = input;
    return all;
  }

  /// The hello's answer, as any agent of this machine gives it, taken off the front of `out`.
  static std::string after_hello(const std::string& out) {
    const std::size_t end = out.find('\n');
    return out.starts_with("stapsh ") && end != std::string::npos ? out.substr(end + 1) : "no hello: " + out;
  }

  /// A whole session until the agent ends: `commands` in one write, the input held open.
  struct Session {
    int code = -1;
    std::string out, err;
  };
  static Session talk(const ProgramOptions& how, std::string_view commands) {
    Program program(how);
    EXPECT_TRUE(program.write(commands));
    const int code = program.wait_exit();
    return {code, after_hello(program.out()), program.err()};
  }

  MountNamespace mounts_;
};

}  // namespace stapsh::real
