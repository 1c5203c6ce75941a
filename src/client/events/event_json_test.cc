// SPDX-License-Identifier: Apache-2.0
// Events to JSON and back.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/events/event_names.h"
#include "client/events/event_reader.h"
#include "client/events/event_writer.h"
#include "client/events/json_text.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

const WallTime kAt = 1'764'198'418'123'456'789ns;

Event started(std::vector<std::string> names) {
  event::RunStarted e{"0.1.0", "iotop.stp", std::string(64, 'a'), {}, "iotop.stp 'two words'"};
  for (const std::string& name : names) e.targets.push_back({name, "ssh://" + name});
  return {kAt, std::nullopt, std::move(e)};
}

std::string line_of(EventWriter& writer, const Event& event) {
  ByteBuffer to;
  writer.write(event, to);
  return std::string(to.view());
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n') + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

Event output(std::string_view bytes, std::optional<WallTime> time = std::nullopt) {
  return {kAt, 0, event::Output{Stream::kStdout, bytes, time}};
}

TEST(EventWriter, EachEventIsOneLine) {
  EventWriter writer;
  EXPECT_EQ(line_of(writer, started({"web01", "web02"})),
            R"({"event":"run_started","time":1764198418.123456789,"format":1,"version":"0.1.0","script":"iotop.stp",)"
            R"("sha256":")" +
                std::string(64, 'a') + R"(","command":"iotop.stp 'two words'",)" +
                R"("targets":[{"name":"web01","uri":"ssh://web01"},{"name":"web02","uri":"ssh://web02"}]})" + "\n");
  struct Case {
    Event event;
    std::string_view want;
  };
  Outcome left{Outcome::Kind::kFailed, std::nullopt, "lost", Outcome::Remains::kLeft, {{"process", "4711"}}, "", true};
  Outcome killed{Outcome::Kind::kEnded, 137};
  killed.signal = 9;
  killed.kept = "/tmp/stapsh-agents-0/5ha";
  killed.kept_modules = "/tmp/stapsh-modules-0";
  const Case cases[] = {
      {{kAt, 0, event::Connected{"6.1", "x86_64", "stapsh 5.6", -5ns, 90us}},
       R"("connected","time":1764198418.123456789,"target":0,"name":"web01","release":"6.1","machine":"x86_64",)"
       R"("agent":"stapsh 5.6","clock_offset":-0.000000005,"clock_uncertainty":0.000090000)"},
      {{kAt, 0,
        event::Connected{
            "6.1", "x86_64", "stapsh 5.6", {}, {}, parse_found_runners("staprun:4.8,stapbpf:denied,bpftrace:unknown")}},
       R"("connected","time":1764198418.123456789,"target":0,"name":"web01","release":"6.1","machine":"x86_64",)"
       R"("agent":"stapsh 5.6","runners":[{"name":"staprun","state":"there","version":"4.8"},)"
       R"({"name":"stapbpf","state":"denied"},{"name":"bpftrace","state":"there"}])"},
      {{kAt, 0, event::Connected{"6.1", "x86_64", "stapsh 5.6", {}, {}, FoundRunners()}},
       R"("connected","time":1764198418.123456789,"target":0,"name":"web01","release":"6.1","machine":"x86_64",)"
       R"("agent":"stapsh 5.6","runners":[])"},
      {{kAt, 0, event::Connected{"6.1", "x86_64", "stapsh 5.6", {}, {}, {}, parse_environment("btf:no,folder:/tmp")}},
       R"("connected","time":1764198418.123456789,"target":0,"name":"web01","release":"6.1","machine":"x86_64",)"
       R"("agent":"stapsh 5.6","environment":"btf:no,groups:none,folder:/tmp")"},
      {{kAt, 0, event::StateChanged{TargetState::kReady}},
       R"("state","time":1764198418.123456789,"target":0,"name":"web01","state":"ready")"},
      {{kAt, std::nullopt, event::Built{"6.1", "x86_64", 1'500ms}},
       R"("built","time":1764198418.123456789,"release":"6.1","machine":"x86_64","seconds":1.500000000)"},
      {output("a \"b\"\n", kAt + 1ns),
       R"("output","time":1764198418.123456789,"target":0,"name":"web01","stream":"stdout",)"
       R"("agent_time":1764198418.123456790,"text":"a \"b\"\n")"},
      {{kAt, std::nullopt, event::Note{event::Note::Kind::kWarning, "odd \xff"}},
       R"("note","time":1764198418.123456789,"kind":"warning","text":{"base64":"b2RkIP8="})"},
      {{kAt, std::nullopt, event::StopAsked{event::StopAsked::Why::kSignal, 2}},
       R"("stop_asked","time":1764198418.123456789,"why":"signal","signal":2)"},
      {{kAt, 0, event::Ended{left, 1ULL << 63, 1}},
       R"("ended","time":1764198418.123456789,"target":0,"name":"web01","outcome":"failed","reason":"lost",)"
       R"("remains":"left","left":[{"kind":"process","name":"4711"}],"has_output":true,)"
       R"("stdout_bytes":9223372036854775808,"stderr_bytes":1)"},
      {{kAt, 1, event::Ended{killed, 0, 0}},
       R"("ended","time":1764198418.123456789,"target":1,"name":"web02","outcome":"ended","exit_code":137,"signal":9,)"
       R"("kept":"/tmp/stapsh-agents-0/5ha","kept_modules":"/tmp/stapsh-modules-0",)"
       R"("remains":"unknown","has_output":false,"stdout_bytes":0,"stderr_bytes":0)"},
      {{kAt, std::nullopt, event::RunEnded{130}}, R"("run_ended","time":1764198418.123456789,"exit_code":130)"},
  };
  EventReader reader;
  EventWriter again;
  ASSERT_TRUE(reader.read(line_of(writer, started({"web01", "web02"}))));
  (void)line_of(again, started({"web01", "web02"}));
  EventWriter once;
  (void)line_of(once, started({"web01", "web02"}));
  for (const Case& c : cases) {
    const std::string line = line_of(once, c.event);
    EXPECT_EQ(line, "{\"event\":" + std::string(c.want) + "}\n");
    const Result<std::optional<Event>> read = reader.read(line);
    ASSERT_TRUE(read && *read) << line << (read ? "" : read.error().what);
    EXPECT_EQ(line_of(again, **read), line);
  }
  EXPECT_TRUE(reader.run_ended());
}

TEST(EventNames, EveryValueHasAWordOfItsOwn) {
  for (std::size_t i = 0; i < kTargetStates; ++i) {
    const auto state = static_cast<TargetState>(i);
    EXPECT_EQ(word_for(kStateNames, state), state_name(state));
    EXPECT_EQ(value_for(kStateNames, state_name(state)), state);
  }
  EXPECT_EQ(value_for(kStateNames, "asleep"), std::nullopt);
}

// What is written is cut so that each line, read and written again, is itself; joined they are the bytes.
void expect_lossless(std::string_view bytes, std::size_t pieces) {
  EventWriter writer;
  EventReader reader;
  ASSERT_TRUE(reader.read(line_of(writer, started({"web01"}))));
  const std::vector<std::string> lines = lines_of(line_of(writer, output(bytes)));
  EXPECT_EQ(lines.size(), pieces);
  std::string joined;
  for (const std::string& line : lines) {
    const Result<std::optional<Event>> read = reader.read(line);
    ASSERT_TRUE(read && *read) << line;
    const std::string piece(std::get<event::Output>((*read)->what).bytes);
    joined += piece;
    EXPECT_EQ(line_of(writer, output(piece)), line);
  }
  EXPECT_EQ(joined, bytes);
}

TEST(EventWriter, OnlyWhatIsTornIsBase64) {
  struct Case {
    std::string_view name, bytes;
    std::size_t pieces;
  };
  const Case cases[] = {
      {"text", "one\ntwo", 1},
      {"no newline, torn", "abc\xe2\x82", 1},
      {"torn at the end", "one\ntwo\nthr\xe2\x82", 2},
      {"torn at the beginning", "\xac one\ntwo\nthree", 2},
      {"torn at both ends", "\xac one\ntwo\nthr\xe2\x82", 3},
      {"both ends, nothing between", "\xac one\n\xe2\x82", 2},
      {"binary", "one\n\xff\ntwo\n", 1},
      {"binary line", "\xff\n", 1},
      {"many", "a\n\xff\nb\n\xc3", 1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    expect_lossless(c.bytes, c.pieces);
  }
}

TEST(EventWriter, AllBytesAtAllPlacesSurvive) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  expect_lossless(bytes, 2);
  for (std::size_t pad = 0; pad < 17; ++pad) {
    for (int byte = 0; byte < 128; ++byte) {
      const std::string text = std::string(pad, 'x') + static_cast<char>(byte) + std::string(16 - pad, 'y');
      expect_lossless(text, 1);
    }
  }
  expect_lossless(std::string(100'000, '\x1b'), 1);
  std::string wide;
  for (int i = 0; i < 30'000; ++i) wide += "\xd0\xb6\xe2\x82\xac\xf0\x9f\x98\x80x";
  expect_lossless(wide, 1);
}

TEST(JsonText, WhatMovesATerminalIsEscaped) {
  ByteBuffer to;
  append_json_text(to, "\x1b]0;x\x07 \x7f \xc2\x9b \xe2\x80\xae \xe2\x81\xa9 \xd8\x9c \xc3\xa9 \xe2\x82\xac \r\t");
  EXPECT_EQ(to.view(), "\\u001b]0;x\\u0007 \\u007f \\u009b \\u202e \\u2069 \\u061c \xc3\xa9 \xe2\x82\xac \\r\\t");
}

TEST(JsonText, Base64IsThatOfTheRfc) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : cases) {
    ByteBuffer to;
    append_base64(to, bytes);
    EXPECT_EQ(to.view(), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
  for (const std::string_view bad : {"Z", "Zg=", "Zg", "Zh==", "Zm9=v", "====", "Zm9v\n", "Z-9v"}) {
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  }
}

TEST(JsonText, SecondsLoseNoNanosecond) {
  const std::pair<std::chrono::nanoseconds, std::string_view> cases[] = {
      {0ns, "0.000000000"},       {1ns, "0.000000001"},          {-1ns, "-0.000000001"},
      {-1'500ms, "-1.500000000"}, {kAt, "1764198418.123456789"}, {9'223'372'035s, "9223372035.000000000"},
  };
  for (const auto& [time, text] : cases) {
    ByteBuffer to;
    append_seconds(to, time);
    EXPECT_EQ(to.view(), text);
    EXPECT_EQ(parse_exact_seconds(text), time);
  }
  EXPECT_EQ(parse_exact_seconds("5"), 5s);
  EXPECT_EQ(parse_exact_seconds("0.25"), 250ms);
  for (const std::string_view bad :
       {"", "-", ".5", "5.", "1e3", "01", "+1", " 1", "1.0000000001", "99999999999", "9223372036", "nan", "\"1\""}) {
    EXPECT_EQ(parse_exact_seconds(bad), std::nullopt) << bad;
  }
}

class EventReaderTest : public testing::Test {
 protected:
  std::string read_error(std::string_view line) {
    const Result<std::optional<Event>> read = reader_.read(line);
    return read ? (*read ? "an event" : "") : read.error().what;
  }
  void start() {
    EventWriter writer;
    ASSERT_TRUE(reader_.read(line_of(writer, started({"web01", "web02"}))));
  }

  EventReader reader_;
};

TEST_F(EventReaderTest, WhatIsNoRecordingIsSaid) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"hello", "no recording of rstap"},
      {"[1]", "no recording of rstap"},
      {"{}", "no recording of rstap"},
      {"{", "no recording of rstap"},
      {"\x1f\x8b\x08", "no recording of rstap"},
      {"\xff\xfe{\0", "UTF-16"},
      {R"({"event":"output","time":1})", "does not begin with run_started, but with 'output'"},
      {R"({"event":"run_started","time":1,"format":2,"version":"9.0"})", "format 2 by rstap 9.0"},
      {R"({"event":"run_started","time":1,"format":1,"version":"1"})", "'script' is missing"},
      {R"({"event":"run_started","time":9000000000,"format":1,"version":"1","script":"","targets":[]})",
       "'time' is not"},
      {R"({"event":"run_started","time":"1","format":1,"version":"1","script":"","targets":[]})", "'time'"},
      {R"({"event":"run_started","time":1,"format":1,"version":"1","script":"","targets":[{"name":"a","uri":"a"},)"
       R"({"name":"a","uri":"b"}]})",
       "two targets are called 'a'"},
  };
  for (const auto& [line, want] : cases) {
    EventReader reader;
    const Result<std::optional<Event>> read = reader.read(line);
    ASSERT_FALSE(read) << line;
    EXPECT_NE(read.error().what.find(want), std::string::npos) << read.error().what;
  }
}

TEST_F(EventReaderTest, NewerFieldsEventsAndWordsAreSkipped) {
  EXPECT_EQ(read_error("\xef\xbb\xbf"
                       R"( { "later" : [1, {"x": 99999999999999999999999}], "event" : "run_started" , "time" : 1 ,)"
                       R"("format" : 1 , "version":"1", "script":"s", "targets":[{"uri":"b","name":"a","x":{}}]} )"),
            "an event");
  EXPECT_EQ(read_error(R"({"event":"metrics","values":[1,2]})"), "");
  EXPECT_EQ(read_error(R"({"event":"state","time":1,"target":0,"state":"asleep"})"), "");
  EXPECT_EQ(read_error(R"({"event":"state","time":1,"target":0,"state":"ready","because":"so"})"), "an event");
  EXPECT_EQ(read_error(""), "");
  EXPECT_EQ(read_error("\r\n"), "");
}

TEST_F(EventReaderTest, RulesOfARunHold) {
  start();
  EXPECT_NE(read_error(R"({"event":"run_started","time":1,"format":1})").find("a second run"), std::string::npos);
  EXPECT_NE(read_error(R"({"event":"state","time":1,"state":"ready"})").find("'target' is missing"), std::string::npos);
  EXPECT_NE(read_error(R"({"event":"state","time":1,"target":2,"state":"ready"})").find("has 2 targets"),
            std::string::npos);
  EXPECT_NE(read_error(R"({"event":"state","time":1,"target":-1,"state":"ready"})").find("'target'"),
            std::string::npos);
  const std::string end =
      R"({"event":"ended","time":1,"target":1,"outcome":"ended","exit_code":0,"remains":"clean","has_output":false,)"
      R"("stdout_bytes":0,"stderr_bytes":18446744073709551615})";
  EXPECT_EQ(read_error(end), "an event");
  EXPECT_TRUE(reader_.target_ended(1));
  EXPECT_FALSE(reader_.target_ended(0));
  EXPECT_NE(read_error(end).find("has ended before"), std::string::npos);
  EXPECT_EQ(read_error(R"({"event":"run_ended","time":1,"exit_code":3})"), "an event");
  EXPECT_NE(read_error(R"({"event":"run_started"})").find("follows the end"), std::string::npos);
}

TEST_F(EventReaderTest, WrongFieldsAreNamed) {
  start();
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"event":"output","time":1,"target":0,"stream":"stdout"})", "'base64' is missing"},
      {R"({"event":"output","time":1,"target":0,"stream":"stdout","base64":"x"})", "'base64' is no base64"},
      {R"({"event":"output","time":1,"target":0,"stream":"stdout","text":1})", "'text' is no string"},
      {R"({"event":"output","time":1e9,"target":0,"stream":"stdout","text":""})", "'time' is no number of seconds"},
      {R"({"event":"run_ended","time":4600000000.000000001,"exit_code":0})",
       "'time' is not from 0 to 4600000000 seconds"},
      {R"({"event":"run_ended","time":-0.000000001,"exit_code":0})", "'time' is not from 0 to 4600000000 seconds"},
      {R"({"event":"run_ended","time":9000000000,"exit_code":0})", "'time' is not from 0"},
      {R"({"event":"run_ended","time":1,"exit_code":256})", "'exit_code'"},
      {R"({"event":"note","time":1,"kind":"info","text":{"base65":""}})", "'text' is no text"},
      {R"({"event":"note","time":1,"kind":"info","text":"\ud800"})", "'text' is no text"},
  };
  for (const auto& [line, want] : cases) EXPECT_NE(read_error(line).find(want), std::string::npos) << read_error(line);
}

}  // namespace
}  // namespace stapsh::client
