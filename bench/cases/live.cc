// SPDX-License-Identifier: Apache-2.0
// --live of 1,000 hosts: what they say at one interval, read, summed and drawn with a row a host. All of it has to take
// less than a third of an interval of a second, for it goes on as long as somebody looks.
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "cases/cases.h"
#include "client/answers/answer_book.h"
#include "client/output/live_screen.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

using namespace stapsh::client;

constexpr std::size_t kHosts = 1'000, kIntervals = 5;
constexpr std::string_view kProgram =
    "k:f { @usecs = hist(1); @calls = count(); @by[comm] = count(); @lat[comm] = hist(1); }";

std::string histogram(std::mt19937_64& random, unsigned first) {
  std::string json = "[";
  for (unsigned bit = first; bit < first + 16; ++bit) {
    const std::uint64_t low = std::uint64_t{1} << bit;
    json += (bit > first ? ", " : "") + ("{\"min\": " + std::to_string(low)) +
            ", \"max\": " + std::to_string(2 * low - 1) +
            ", \"count\": " + std::to_string(random() % (bit < 9 ? 20'000 : 50)) + "}";
  }
  return json + "]";
}

std::string said_by(std::size_t host, std::mt19937_64& random) {
  const unsigned first = host % 100 == 7 ? 4 : 0;  // Some are slower.
  std::string text = "{\"type\": \"hist\", \"data\": {\"@usecs\": " + histogram(random, first) + "}}\n";
  text += "{\"type\": \"map\", \"data\": {\"@calls\": " + std::to_string(random() % 100'000) + "}}\n";
  text += "{\"type\": \"map\", \"data\": {\"@by\": {";
  for (int key = 0; key < 100; ++key) {
    text += (key > 0 ? ", " : "") + ("\"process-" + std::to_string(key)) + "\": " + std::to_string(random() % 10'000);
  }
  text += "}}}\n{\"type\": \"hist\", \"data\": {\"@lat\": {";
  for (int key = 0; key < 10; ++key) {
    text += (key > 0 ? ", " : "") + ("\"process-" + std::to_string(key)) + "\": " + histogram(random, first);
  }
  return text + "}}}\n";
}

// Of our own: what others do on this machine meanwhile is not what it costs.
double cpu_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / static_cast<double>(CLOCKS_PER_SEC);
}

Sample run_ours(const std::vector<std::string>& said, const std::vector<std::string>& names, bool by_host) {
  AnswerOptions options;
  options.live = true;
  AnswerBook book(ProgramMaps(kProgram), kHosts, options);
  AnswerRequest request;
  request.by_host = by_host;
  HeatLook look;
  look.coloured = true;
  double reading = 0, drawing = 0;
  for (std::size_t interval = 0; interval < kIntervals; ++interval) {
    auto start = std::clock();
    for (std::size_t host = 0; host < kHosts; ++host) book.on_output(host, said[host], WallTime(interval + 1));
    reading += cpu_since(start);
    start = std::clock();
    const std::vector<Answer> answers = book.latest();
    const std::string frame = screen_frame(live_lines(answers, names, request, look, {"head", 50}));
    drawing += cpu_since(start);
    if (answers.size() != 4 || frame.size() < 1'000) throw BenchError("not the whole picture");
  }
  constexpr double kPart = 1'000.0 / kIntervals;
  return {{"ms to read", reading * kPart}, {"ms to draw", drawing * kPart}, {"ms", (reading + drawing) * kPart}};
}

}  // namespace

void run_live(const Site&, const Settings& settings, Targets& targets) {
  std::mt19937_64 random(1);
  std::vector<std::string> said, names;
  for (std::size_t host = 0; host < kHosts; ++host) {
    said.push_back(said_by(host, random));
    names.push_back("host" + std::to_string(10'000 + host));
  }
  for (const bool by_host : {false, true}) {
    const std::string title = std::string("live: an interval of 1,000 hosts") + (by_host ? ", by host" : "");
    Benchmark benchmark(title, {{"read and drawn", Role::kOurs, [&] { return run_ours(said, names, by_host); }}});
    benchmark.run(settings.rounds(5));
    benchmark.print({"ms to read", "ms to draw", "ms"});
    targets.at_most(title + ", ms", benchmark.median_of(Role::kOurs, "ms"), 300);
  }
}

}  // namespace stapsh::bench
