// SPDX-License-Identifier: Apache-2.0
// What --format=json prints, of real runs, is what docs/events.schema.json says, and its examples for jq work.
#include <csignal>

#include "recorded_run.h"

namespace stapsh::real {
namespace {

class RstapEvents : public RecordedRun {
 protected:
  /// The kinds of events in it, sorted; or what is wrong.
  std::string validated(const std::string& events) {
    ProgramOptions how = client({STAPSH_VALIDATE_EVENTS, STAPSH_EVENTS_SCHEMA});
    how.input = ProgramOptions::Input::kPipe;
    Program python(how);
    EXPECT_TRUE(python.write(events));
    python.close_input();
    return python.wait_exit() == 0 ? python.out() : python.captured();
  }
};

TEST_F(RstapEvents, OfEveryKindFitTheSchema) {
  {
    Program run(client(rstap(
        {"--bpf", "--format=json", "--remote", "stapsh:", "--remote", "unix:/nowhere\xff/agent.sock", stap_.one()})));
    EXPECT_EQ(run.wait_exit(), 1) << run.captured();
    EXPECT_EQ(validated(run.out()), "built connected ended note output run_ended run_started state\n");
    // Standard error has nothing of the runner.
    EXPECT_EQ(run.err().find("hello"), std::string::npos) << run.captured();
  }
  Words words = rstap(fake({"stapsh:"}, {"say:ready", "out:3000", "err:9", "forever"}));
  words.insert(words.end(), {"--format=json", "-v"});
  Program run(client(words));
  ASSERT_TRUE(run.wait_for_out("\"stream\":\"stdout\""));
  run.send_signal(SIGUSR1);
  ASSERT_TRUE(run.wait_for_out("\"answer\""));
  run.send_signal(SIGINT);
  (void)run.wait_exit();
  EXPECT_EQ(validated(run.out()), "connected ended note output run_ended run_started state stop_asked\n") << run.err();
}

TEST_F(RstapEvents, JqReadsThem) {
  Words words = rstap(fake({"stapsh:"}, {"say:one", "say:two", "exit:4"}));
  words.insert(words.end(), {"--format=json"});
  const struct {
    std::string_view filter, want;
  } cases[] = {
      {R"(select(.event=="output" and .stream=="stdout") | .text // (.base64|@base64d))", "one\ntwo\n"},
      {R"(select(.event=="ended") | [.name, .outcome, .exit_code, .reason // ""] | @tsv)", "stapsh\tended\t4\t"},
  };
  Program run(client(words));
  EXPECT_EQ(run.wait_exit(), 4) << run.captured();
  for (const auto& c : cases) {
    ProgramOptions how = client({"jq", "-rj", std::string(c.filter)});
    how.input = ProgramOptions::Input::kPipe;
    Program jq(how);
    EXPECT_TRUE(jq.write(run.out()));
    jq.close_input();
    EXPECT_EQ(jq.wait_exit(), 0) << jq.captured();
    EXPECT_EQ(jq.out(), c.want);
  }
  Program digest(client({"sha256sum", scratch_.path("probe.ko")}));
  EXPECT_EQ(digest.wait_exit(), 0);
  EXPECT_NE(run.out().find("\"sha256\":\"" + digest.out().substr(0, 64) + "\""), std::string::npos) << run.captured();
}

}  // namespace
}  // namespace stapsh::real
