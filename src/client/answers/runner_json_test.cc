// SPDX-License-Identifier: Apache-2.0
#include "client/answers/runner_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/overloaded.h"
#include "client/answers/value_shown.h"

namespace stapsh::client {
namespace {

class ShownSink : public MapSink {
 public:
  MapKind begin(std::string_view map) override {
    text = std::string(map);
    return kind;
  }
  void set_keyed(bool keyed) override { text += keyed ? " keyed" : " plain"; }
  void add(std::span<const KeyedNumber> numbers) override {
    for (const auto& [key, number] : numbers) text += " [" + std::string(key) + "]=" + std::to_string(number);
  }
  std::string add(std::string_view key, const Value& value) override {
    text += " [" + std::string(key) + "]=" + shown(value);
    return refusal;
  }
  MapKind kind = MapKind::kOther;
  std::string text, refusal;
};

class RunnerJsonTest : public testing::Test {
 protected:
  std::string read(std::string_view line, MapKind kind = MapKind::kOther) {
    sink.kind = kind;
    sink.text.clear();
    const RunnerSaid result = reader.read(line, sink);
    return std::visit(Overloaded{[](const said::Nothing&) { return std::string("nothing"); },
                                 [](const said::Output& o) { return "output " + std::string(o.bytes); },
                                 [&](const said::PrintedMap& m) {
                                   EXPECT_EQ(sink.text.substr(0, m.map.size()), m.map);
                                   return sink.text;
                                 },
                                 [](const said::AttachedProbes& a) {
                                   return "attached " + std::to_string(a.probes) + (a.counted ? " counted" : "");
                                 },
                                 [](const said::LostEvents& l) { return "lost " + std::to_string(l.events); },
                                 [](const said::Complaint& c) { return c.type + ": " + c.text; },
                                 [](const said::Plain& p) { return "plain " + std::string(p.line); },
                                 [](const said::Unreadable& u) { return "unreadable: " + u.why; }},
                      result);
  }
  ShownSink sink;
  RunnerJson reader;
};

TEST_F(RunnerJsonTest, ReadsWhatIsNoMap) {
  const struct {
    std::string_view line, want;
  } cases[] = {
      {"", "nothing"},
      {" \t\r", "nothing"},
      {"Attaching 2 probes...", "plain Attaching 2 probes..."},
      {" WARNING: {\"type\"", "plain  WARNING: {\"type\""},
      {R"({"type": "attached_probes", "data": {"probes": 6}})", "attached 6"},
      {R"({"type": "attached_probes", "count": 4, "data": {"probes": 4}})", "attached 4 counted"},
      {R"({"type": "lost_events", "data": {"events": 17}})", "lost 17"},
      {R"({"type": "printf", "data": "a\tb\n\u0001\"c\\"})", "output a\tb\n\001\"c\\"},
      {R"({"type": "printf", "data": ""})", "output "},
      {R"({"type": "time", "data": "16:49:11\n"})", "output 16:49:11\n"},
      {R"({"type": "cat", "data": "Linux\n"})", "output Linux\n"},
      {R"({"type": "syscall", "data": "sys\n"})", "output sys\n"},
      {R"({"type": "join", "data": "/bin/echo hi"})", "output /bin/echo hi\n"},
      {R"({"type": "value", "data": [1,2,"x"]})", "output (1, 2, x)\n"},
      {R"({"type": "value", "data": [1,[2,"a, \"b]"]]})", "output (1, (2, a, \"b]))\n"},
      {R"({"type": "value", "data": -5})", "output -5\n"},
      {R"({"type": "value", "data": "lit\u0041\n"})", "output litA\n\n"},
      {R"({"type": "value", "data": 03})", "output 03\n"},
      {R"({"type": "value", "data": 00:00:00:00:00:00})", "output 00:00:00:00:00:00\n"},
      {R"({"type": "value", "data": [1,03]})", "output (1, 03)\n"},
      {R"({"type": "value", "data": { "m": 0, "n": "", "z": [0,0,0] }})", "output { .m = 0, .n = , .z = [0,0,0] }\n"},
      {R"({"type": "errorf", "msg": "bad 3", "filename": "ts.bt", "line": 1, "col": 67})",
       "errorf: bad 3 at ts.bt:1:67"},
      {R"({"type": "warnf", "msg": "w"})", "warnf: w"},
      {R"({"type": "helper_error", "msg": "Argument list too long", "helper": "map_update_elem", "retcode": -7, "line": 1, "col": 9})",
       "helper_error: Argument list too long (map_update_elem, -7) at 1:9"},
      {R"({"type": "runtime_error", "msg": "divide by zero"})", "runtime_error: divide by zero"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.line), c.want) << c.line;
}

TEST_F(RunnerJsonTest, ReadsMaps) {
  const struct {
    std::string_view line;
    MapKind kind;
    std::string_view want;
  } cases[] = {
      {R"({"type": "map", "data": {"@c": 5}})", MapKind::kCount, "@c plain []=5"},
      {R"({"type": "map", "data": {"@": {}}})", MapKind::kCount, "@ keyed"},
      {R"({"type": "map", "data": {"@c": {"a b": 1, "ab": 2, "ab": 3}}})", MapKind::kCount,
       "@c keyed [a b]=1 [ab]=2 [ab]=3"},
      {R"({"type": "map", "data": {"@c": {"": 1, "c]\"x,2": -3}}})", MapKind::kSum, "@c keyed []=1 [c]\"x,2]=-3"},
      {R"({"type":"map","data":{"@c":{"a b" : 1 ,"c:d":  23, "":12345678,"f" :123456789, "g": -1}}})", MapKind::kCount,
       "@c keyed [a b]=1 [c:d]=23 []=12345678 [f]=123456789 [g]=-1"},
      {R"({"type":"map","data":{"@c":{"a b" : 1 ,"c\": d":23, "":0}}})", MapKind::kCount,
       "@c keyed [a b]=1 [c\": d]=23 []=0"},
      {R"({"type": "map", "data": {"@v": "9007199254740993"}})", MapKind::kOther, "@v plain []=9007199254740993"},
      {R"({"type": "map", "data": {"@v": {"a": "18446744073709551615", "b": 18446744073709551615}}})", MapKind::kSum,
       "@v keyed [a]=18446744073709551615 [b]=18446744073709551615"},
      {R"({"type": "map", "data": {"@v": "17"}})", MapKind::kOther, "@v plain []=\"17\""},
      {R"({"type": "map", "data": {"@v": "17"}})", MapKind::kCount, "@v plain []=17"},
      {R"({"type": "map", "data": {"@q": {"x": "str"}}})", MapKind::kOther, "@q keyed [x]=\"str\""},
      {R"({"type": "map", "data": {"@t": [1,"two",[3,4]]}})", MapKind::kOther, "@t plain []=[1,\"two\",[3,4]]"},
      {R"({"type": "map", "data": {"@m": {"1,x": [1, 2], "2,y": { "m": 0 }}}})", MapKind::kOther,
       "@m keyed [1,x]=[1, 2] [2,y]={ \"m\": 0 }"},
      {R"({"type": "map", "data": {"@f": 1.5}})", MapKind::kOther, "@f plain []=1.5"},
      {R"({"type": "map", "data": {"@k": {"\n    f+12\n": 1, "\\n        f+12\\n": 2}}})", MapKind::kCount,
       "@k keyed [\n    f+12\n]=1 [\\n        f+12\\n]=2"},
      {R"({"type": "hist", "data": {"@h": [{"max": -1, "count": 1}, {"min": 0, "max": 0, "count": 0}, {"min": 8, "count": 2}]}})",
       MapKind::kHist, "@h plain []={..-1:1 0..0:0 8..:2}"},
      {R"({"type": "hist", "data": {"@h": {"a": [{"min": 4, "max": "9007199254740993", "count": "7"}], "b": []}}})",
       MapKind::kHist, "@h keyed [a]={4..9007199254740993:7} [b]={}"},
      {R"({"type": "hist", "data": {"@h": [{"min": 4, "max": 7, "count": 1}, {"min": 2, "max": 3, "count": 1}]}})",
       MapKind::kHist, "@h plain []={2..3:1 4..7:1}"},
      {R"({"type": "stats", "data": {"@a": 3}})", MapKind::kAvg, "@a plain []=3"},
      {R"({"type": "stats", "data": {"@a": {"count": 3, "x": 4}}})", MapKind::kAvg, "@a keyed [count]=3 [x]=4"},
      {R"({"type": "stats", "data": {"@a": {"x": 4}}})", MapKind::kOther, "@a keyed [x]=4"},
      {R"({"type": "stats", "data": {"@s": {"count": 1, "average": -3, "total": "-9007199254740993"}}})",
       MapKind::kStats, "@s plain []=1x-9007199254740993"},
      {R"({"type": "stats", "data": {"@s": {"count": 1, "average": 4, "total": 4}}})", MapKind::kOther,
       "@s plain []=1x4"},
      {R"({"type": "stats", "data": {"@s": {"count": {"count": 2, "average": 3, "total": 6}}}})", MapKind::kStats,
       "@s keyed [count]=2x6"},
      {R"({"type": "stats", "data": {"@s": {}}})", MapKind::kStats, "@s keyed"},
      {R"({"type": "tseries", "data": {"@a": [{"interval_start":"2026","value":3}]}})", MapKind::kOther,
       "@a plain []=[{\"interval_start\":\"2026\",\"value\":3}]"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.line, c.kind), c.want) << c.line;
}

TEST_F(RunnerJsonTest, KeepsBytesThatAreNoText) {
  // 0.17 writes each byte from 0x80 on so; later versions as it is, cut within a character or not.
  EXPECT_EQ(read(R"({"type": "printf", "data": "zw\uffffffc3\uffffffb6lf\uffffff80\\uffffff80\uffff"})"),
            "output zw\u00f6lf\x80\\uffffff80\uffff");
  EXPECT_EQ(read("{\"type\": \"printf\", \"data\": \"\xff\u00f6\\u0001\xc3\"}"), "output \xff\u00f6\x01\xc3");
  EXPECT_EQ(read("{\"type\": \"value\", \"data\": [\"\xff\u00f6\",1]}"), "output (\xff\u00f6, 1)\n");
  EXPECT_EQ(read("{\"type\": \"map\", \"data\": {\"@c\": {\"zw\xc3\": 1, \"x\": \"\xff\"}}}"),
            "@c keyed [zw\xc3]=1 [x]=\"\xff\"");
  EXPECT_EQ(read(R"({"type": "map", "data": {"@c": {"zw\uffffffc3\uffffffb6lf": 1}}})"), "@c keyed [zw\u00f6lf]=1");
}

TEST_F(RunnerJsonTest, GarbageIsOneRecordAndTheNextLineIsRead) {
  const std::string deep(10'000, '[');
  const std::string_view bad[] = {
      "{",
      "{}",
      "{\"type\"",
      R"({"type": "map"})",
      R"({"type": "map", "data": {}})",
      R"({"type": "map", "data": 5})",
      R"({"type": "map", "data": {"@c": {"a": 1, "b)",
      R"({"type": "map", "data": {"@c": {"a": 1, "b": 2)",
      R"({"type": "map", "data": {"@c": {"a": 1, "b": }}})",
      R"({"type": "map", "data": {"@c": {"a": 1}, "@d": 2}})",
      R"({"type": "map", "data": {"@c": nan}})",
      R"({"type": "map", "data": {"@c": {"1": 03}}})",
      R"({"type": "map", "data": {"@c": 1}} {"type": "map"})",
      R"({"type": "2030", "data": 5})",
      R"({"data": 5, "type": "map"})",
      R"({"type": 5, "data": 5})",
      R"({"type": "printf", "data": 5})",
      R"({"type": "lost_events", "data": {"events": -1}})",
      R"({"type": "lost_events", "data": {}})",
      R"({"type": "hist", "data": {"@h": [5]}})",
      R"({"type": "hist", "data": {"@h": [{"min": 5, "max": 4, "count": 1}]}})",
      R"({"type": "hist", "data": {"@h": [{"min": 5, "max": 5, "count": -1}]}})",
      R"({"type": "hist", "data": {"@h": [{"min": 18446744073709551615, "count": 1}]}})",
      R"({"type": "stats", "data": {"@s": {"count": 1, "average": 4, "total": "x"}}})",
      R"({"type": "map", "data": {"@c": 1}, "data": {"@c": 1}})",
  };
  for (const std::string_view line : bad) {
    EXPECT_EQ(read(line, MapKind::kStats).substr(0, 12), "unreadable: ") << line;
    EXPECT_EQ(read(R"({"type": "map", "data": {"@c": 5}})"), "@c plain []=5");
  }
  EXPECT_EQ(read("{\"type\": \"map\", \"data\": {\"@c\": " + deep + "}}").substr(0, 12), "unreadable: ");
  EXPECT_EQ(read("{\"type\": \"value\", \"data\": " + deep + "}").substr(0, 8), "output (");
  EXPECT_EQ(read("{\"type\": \"map\", \"data\": {\"@c\": " + std::string(400, '9') + "}}"),
            "unreadable: @c: a value that is no whole number of 64 bits");
  EXPECT_EQ(read("{\"type\": \"map\", \"data\": {\"@c\": 5}}"), "@c plain []=5");
}

TEST_F(RunnerJsonTest, EachPlaceWhereALineIsCutIsOneRecord) {
  const std::string_view line =
      R"({"type": "hist", "data": {"@h": {"a\"b": [{"min": 4, "max": 7, "count": 1}, {"min": 8, "count": 2}]}}})";
  for (std::size_t size = 1; size < line.size(); ++size) {
    EXPECT_EQ(read(line.substr(0, size)).substr(0, 12), "unreadable: ") << line.substr(0, size);
  }
}

TEST_F(RunnerJsonTest, TellsWhatASinkRefuses) {
  sink.refusal = "too much";
  EXPECT_EQ(read(R"({"type": "map", "data": {"@q": "x"}})"), "unreadable: @q: too much");
}

TEST_F(RunnerJsonTest, ReadsAllThatBpftraceEverPrinted) {
  std::size_t lines = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STAPSH_ANSWER_SAMPLES)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line); ++lines) {
      EXPECT_NE(read(line).substr(0, 10), "unreadable") << entry.path() << ": " << line;
    }
  }
  EXPECT_GT(lines, 80U);
}

}  // namespace
}  // namespace stapsh::client
