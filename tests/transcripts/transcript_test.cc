// SPDX-License-Identifier: Apache-2.0
// Each recorded session, into our agent and into our client, in any split of the bytes in three: all of
// them where the bytes are few, otherwise all splits in two and a sample of those in three, from a seed.
#include "transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/overloaded.h"
#include "protocol/command.h"
#include "session/agent_driver.h"
#include "session/client_driver.h"

namespace stapsh::transcripts {
namespace {

constexpr std::size_t kAllPairsBytesMax = 250;
constexpr int kSampledPairs = 1'500;

struct Recording {
  std::string name;
  Transcript transcript;
};

std::vector<Recording> recordings() {
  std::vector<Recording> all;
  for (const auto& entry : std::filesystem::directory_iterator(STAPSH_TRANSCRIPTS)) {
    if (entry.path().extension() != ".txt" || entry.path().filename() == "CMakeLists.txt") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    Result<Transcript> transcript = parse_transcript(text.str());
    EXPECT_TRUE(transcript) << entry.path() << ": " << transcript.error().what;
    if (transcript) all.push_back({entry.path().stem(), *std::move(transcript)});
  }
  std::sort(all.begin(), all.end(), [](const Recording& a, const Recording& b) { return a.name < b.name; });
  return all;
}

// What the client of a recording was told to do, read from what it said.
struct Job {
  std::string version;  // Of that client.
  HelloLine agent;
  bool framed = false;
  unsigned verbose = 0;
  Upload upload;
  std::vector<std::string> contents;  // Of its files.
  std::size_t replies = 0;            // Lines that the agent owes it, before any output.
  [[nodiscard]] bool rfc() const { return parse_version(version) < kFirstReleased; }
};

Job job_of(const Connection& connection) {
  Job job;
  bool body_is_arg = false;
  std::uint64_t body_bytes = 0;
  for (const Event& event : connection.events) {
    if (event.end) continue;
    std::string_view line = event.bytes;
    if (event.who == Event::Who::kAgent) {
      line.remove_suffix(1);
      const AgentLine parsed = parse_agent_line(line);
      if (const auto* hello = std::get_if<HelloLine>(&parsed)) job.agent = *hello;
      continue;
    }
    if (body_bytes > 0) {
      EXPECT_EQ(event.bytes.size(), body_bytes);
      (body_is_arg ? job.upload.run_args : job.contents).push_back(event.bytes);
      body_bytes = 0;
      continue;
    }
    line.remove_suffix(1);
    const Command command = parse_command(line, Limits{});
    if (!std::holds_alternative<QuitCommand>(command)) ++job.replies;
    std::visit(Overloaded{
                   [&](const HelloCommand& c) { job.version = c.version; },
                   [&](const OptionCommand& c) {
                     job.framed = job.framed || c.name == "data";
                     job.verbose += c.name == "verbose" ? 1 : 0;
                   },
                   [&](const FileCommand& c) {
                     job.upload.files.push_back({c.name, c.size});
                     body_is_arg = false;
                     body_bytes = c.size;
                   },
                   [&](const ArgCommand& c) {
                     body_is_arg = true;
                     body_bytes = c.size;
                   },
                   [&](const RunCommand& c) {
                     if (!c.args.empty()) job.upload.run_args = c.args;
                   },
                   [&](const auto&) {},
               },
               command);
  }
  if (job.rfc()) job.replies = 1;
  return job;
}

// Calls `play` with every pair of split points, or with a sample of them.
template <typename Play>
void for_each_split(std::size_t size, Play play) {
  if (size <= kAllPairsBytesMax) {
    for (std::size_t first = 0; first <= size; ++first) {
      for (std::size_t second = first; second <= size; ++second) play(first, second);
    }
    return;
  }
  for (std::size_t only = 0; only <= size; ++only) play(only, only);
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < kSampledPairs; ++i) {
    const std::size_t a = random() % (size + 1);
    const std::size_t b = random() % (size + 1);
    play(std::min(a, b), std::max(a, b));
  }
}

// What the agent of the recording said, without the runner's output.
std::string protocol_lines(const Connection& connection, const Job& job) {
  std::string lines;
  std::size_t replies = 0;
  std::uint64_t frame_bytes = 0;
  for (const Event& event : connection.events) {
    if (event.who != Event::Who::kAgent || event.end) continue;
    if (frame_bytes > 0) {
      frame_bytes -= event.bytes.size();
      continue;
    }
    if (replies == job.replies && !job.framed) break;  // Raw output from here on.
    const AgentLine line = parse_agent_line(std::string_view(event.bytes).substr(0, event.bytes.size() - 1));
    if (const auto* data = std::get_if<DataLine>(&line)) {
      frame_bytes = data->size;
      continue;
    }
    ++replies;
    lines += event.bytes;
  }
  return lines;
}

std::string play_to_agent(const Connection& connection, const Job& job, std::string_view bytes, std::size_t first,
                          std::size_t second, std::string& sent) {
  AgentSettings settings;
  settings.identity = job.agent;
  AgentDriver agent(settings);
  agent.feed(bytes.substr(0, first));
  agent.feed(bytes.substr(first, second - first));
  agent.feed(bytes.substr(second));
  for (const Event& event : connection.events) {
    if (event.who == Event::Who::kClient && event.end) agent.step("eof");
  }
  agent.step("exit " + std::to_string(connection.exit_code));
  agent.step("gone");
  agent.step("drained");
  EXPECT_TRUE(agent.session.ended());
  sent = agent.sent;
  return agent.take_text();
}

TEST(Transcripts, OurAgentAnswersAsTheReleasedOneInAnySplit) {
  for (const Recording& recording : recordings()) {
    for (const Connection& connection : recording.transcript.connections) {
      SCOPED_TRACE(recording.name);
      const Job job = job_of(connection);
      std::string bytes;
      for (const Event& event : connection.events) {
        if (event.who == Event::Who::kClient) bytes += event.bytes;
      }
      const std::string lines = protocol_lines(connection, job);
      std::string sent;
      const std::string whole = play_to_agent(connection, job, bytes, 0, 0, sent);
      ASSERT_EQ(sent, lines);
      for_each_split(bytes.size(), [&](std::size_t first, std::size_t second) {
        const std::string text = play_to_agent(connection, job, bytes, first, second, sent);
        ASSERT_EQ(sent, lines) << first << ' ' << second;
        ASSERT_EQ(text, whole) << first << ' ' << second;
      });
    }
  }
}

// What our client says where the recorded one said `event`: its own version, and one question more.
std::string as_we_say_it(const Event& event, const Job& job) {
  if (!event.bytes.starts_with("stap ")) return event.bytes;
  if (job.rfc()) return "stap 1.4\n";
  return "stap " + std::string(kSpokenVersion) + "\noption exit\n";
}

// The agent's bytes between two things that the client says: never before the client asked.
struct Turn {
  std::string agent_bytes;
  std::vector<Event> client_events;
};

std::vector<Turn> turns_of(const Connection& connection, const Job& job) {
  std::vector<Turn> turns(1);
  for (const Event& event : connection.events) {
    if (event.who == Event::Who::kClient) {
      if (!event.end || job.rfc()) turns.back().client_events.push_back(event);
    } else if (!event.end) {
      if (!turns.back().client_events.empty()) turns.emplace_back();
      turns.back().agent_bytes += event.bytes;
      // Where the answer to our own question stood, had it been asked.
      if (event.bytes.starts_with("stapsh ") && !job.rfc()) turns.back().agent_bytes += "ERROR: Invalid option\n";
    }
  }
  return turns;
}

struct Played {
  std::string text, standard_output, outcome;
};

Played play_to_client(const Connection& connection, const Job& job, const std::vector<Turn>& turns, std::size_t first,
                      std::size_t second) {
  ClientSettings settings;
  settings.transport_is_rich = !job.framed;
  settings.verbose = job.verbose;
  settings.force_rfc = job.rfc();
  ClientDriver client(settings);
  client.upload = job.upload;
  client.contents = job.contents;
  std::string want;
  std::size_t position = 0;
  for (const Turn& turn : turns) {
    std::string_view rest = turn.agent_bytes;
    for (const std::size_t split : {first, second}) {
      if (split <= position || split - position >= rest.size()) continue;
      client.feed(rest.substr(0, split - position));
      rest.remove_prefix(split - position);
      position = split;
    }
    client.feed(rest);
    position += rest.size();
    for (const Event& event : turn.client_events) {
      if (event.bytes.starts_with("stap ")) client.step("connect");
      if (client.connected && event.bytes.starts_with("file ")) {
        client.connected = false;
        client.step("module");
      }
      if (client.ready && (event.bytes.starts_with("run") || event.bytes.starts_with("arg "))) {
        client.ready = false;
        client.step("start");
      }
      if (event.bytes == "quit\n" || event.end) client.step("stop");
      want += as_we_say_it(event, job);
    }
    // The question that comes one line early in `want` is asked with the hello's answer.
    if (&turn != &turns.front()) {
      EXPECT_EQ(client.sent, want);
    }
  }
  client.step(job.framed ? "end" : "end " + std::to_string(connection.exit_code));
  EXPECT_TRUE(client.outcome);
  return {client.take_text(), client.standard_output, client.outcome ? outcome_text(*client.outcome) : ""};
}

TEST(Transcripts, OurClientSpeaksToTheReleasedAgentInAnySplit) {
  for (const Recording& recording : recordings()) {
    SCOPED_TRACE(recording.name);
    std::vector<std::string> output;
    for (const Connection& connection : recording.transcript.connections) {
      const Job job = job_of(connection);
      const std::vector<Turn> turns = turns_of(connection, job);
      const Played whole = play_to_client(connection, job, turns, 0, 0);
      EXPECT_EQ(whole.outcome, job.framed ? "ended ?" : "ended " + std::to_string(connection.exit_code));
      std::size_t size = 0;
      for (const Turn& turn : turns) size += turn.agent_bytes.size();
      for_each_split(size, [&](std::size_t first, std::size_t second) {
        ASSERT_EQ(play_to_client(connection, job, turns, first, second).text, whole.text) << first << ' ' << second;
      });
      std::istringstream lines(whole.standard_output);
      for (std::string line; std::getline(lines, line);) output.push_back(line);
    }
    // Two targets mix in what stap printed; the lines are the same.
    std::vector<std::string> want = recording.transcript.stap_stdout;
    std::sort(want.begin(), want.end());
    std::sort(output.begin(), output.end());
    EXPECT_EQ(output, want);
  }
}

TEST(Transcripts, TheNotationIsChecked) {
  EXPECT_TRUE(parse_transcript("[ 1.0 ms] C> stap 1\\n\n"));
  for (const std::string_view bad : {"", "no session", "[ 1.0 ms] C> <DATA x bytes>", "[ 1.0 ms] C> <DATA 5 bytes> ab",
                                     "[ 1.0 ms] C> <DATA 5 bytes", "[ 1.0 ms] Q: exit 256"}) {
    EXPECT_FALSE(parse_transcript(bad)) << bad;
  }
}

}  // namespace
}  // namespace stapsh::transcripts
