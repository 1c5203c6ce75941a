// SPDX-License-Identifier: Apache-2.0
// What bpftrace says on many hosts, read and summed: 100 hosts with 10,000 counters, 1,000 hosts with 100 histograms.
// The floor walks over the same JSON with simdjson and keeps nothing; the peer is jq, which makes the same sum. Nothing
// waits for anything here, so processor time is measured: a busy machine takes turns from who needs longer.
#include <malloc.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cases/cases.h"
#include "client/answers/answer_book.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

using namespace stapsh::client;

struct Work {
  std::string title, program, jq;
  std::size_t hosts, keys;
  std::string (*value)(std::mt19937_64& random);
};

std::string counter(std::mt19937_64& random) { return std::to_string(random() % 1'000'000); }

// 20 buckets from 1 on, as of a latency.
std::string histogram(std::mt19937_64& random) {
  std::string json = "[";
  for (unsigned bit = 0; bit < 20; ++bit) {
    const std::uint64_t low = std::uint64_t{1} << bit;
    json += (bit > 0 ? ", " : "") + ("{\"min\": " + std::to_string(low)) + ", \"max\": " + std::to_string(2 * low - 1) +
            ", \"count\": " + std::to_string(random() % (bit < 12 ? 20'000 : 50)) + "}";
  }
  return json + "]";
}

// `+=` would copy the object for each key.
const Work kWorks[] = {
    {"100 hosts, 10,000 counters", "k:f { @c[comm, pid] = count(); }",
     R"(reduce (inputs | select(.type == "map").data["@c"] | to_entries[]) as $e
          ({}; setpath([$e.key]; .[$e.key] + $e.value)))",
     100, 10'000, counter},
    {"1,000 hosts, 100 histograms", "k:f { @c[comm, pid] = hist(arg0); }",
     R"(reduce (inputs | select(.type == "hist").data["@c"] | to_entries[] | .key as $k | .value[] | [[$k, (.min | tostring)], .count])
          as $b ({}; setpath($b[0]; getpath($b[0]) + $b[1])))",
     1'000, 100, histogram},
};

// A line of each host; each in an order of its own, as bpftrace sorts by value.
std::vector<std::string> lines_of(const Work& work) {
  std::mt19937_64 random(work.hosts);
  std::vector<std::string> keys, lines;
  for (std::size_t i = 0; i < work.keys; ++i)
    keys.push_back("some-process-" + std::to_string(i % 97) + "," + std::to_string(i));
  const bool is_hist = work.value == histogram;
  for (std::size_t host = 0; host < work.hosts; ++host) {
    std::shuffle(keys.begin(), keys.end(), random);
    std::string line =
        is_hist ? "{\"type\": \"hist\", \"data\": {\"@c\": {" : "{\"type\": \"map\", \"data\": {\"@c\": {";
    for (std::size_t i = 0; i < keys.size(); ++i)
      line += (i > 0 ? ", \"" : "\"") + keys[i] + "\": " + work.value(random);
    lines.push_back(line + "}}}\n");
  }
  return lines;
}

std::size_t bytes_of(const std::vector<std::string>& lines) {
  std::size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  return bytes;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::uint64_t walk(simdjson::ondemand::value value) {
  std::uint64_t sum = 0;
  switch (value.type()) {
    case simdjson::ondemand::json_type::object:
      for (auto field : value.get_object()) {
        sum += std::string_view(field.unescaped_key()).size();
        sum += walk(field.value());
      }
      return sum;
    case simdjson::ondemand::json_type::array:
      for (auto element : value.get_array()) sum += walk(element.value());
      return sum;
    case simdjson::ondemand::json_type::number:
      return static_cast<std::uint64_t>(value.get_int64().value());
    default:
      return std::string_view(value.get_string()).size();
  }
}

Sample run_floor(const std::vector<std::string>& lines) {
  simdjson::ondemand::parser parser;
  std::uint64_t sum = 0;
  const double start = cpu_seconds();
  for (const std::string& line : lines) {
    auto document = parser.iterate(line.data(), line.size(), line.capacity());
    sum += walk(document.get_value());
  }
  const double seconds = cpu_seconds() - start;
  if (sum == 0) throw BenchError("nothing was read");
  return {{"MB/CPU s", static_cast<double>(bytes_of(lines)) / 1e6 / seconds}};
}

double allocated() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

Sample run_ours(const Work& work, const std::vector<std::string>& lines) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const double before = allocated();
  const double start = cpu_seconds();
  AnswerBook book(ProgramMaps(work.program), work.hosts);
  for (std::size_t host = 0; host < work.hosts; ++host) {
    for (std::string_view left = lines[host]; !left.empty(); left.remove_prefix(std::min(kPiece, left.size()))) {
      book.on_output(host, left.substr(0, kPiece), WallTime(1));
    }
  }
  for (std::size_t host = 0; host < work.hosts; ++host) book.on_ended(host, "", WallTime(2));
  const std::optional<AnswerItem> item = book.next();
  const double seconds = cpu_seconds() - start;
  const auto* answer = item ? std::get_if<Answer>(&*item) : nullptr;
  if (answer == nullptr || answer->sums.size() != work.keys || answer->hosts.size() != work.hosts) {
    throw BenchError("not the whole answer");
  }
  for (const Sum& sum : answer->sums) {
    if (std::holds_alternative<NotMerged>(sum)) throw BenchError("a key was not summed");
  }
  return {{"MB/CPU s", static_cast<double>(bytes_of(lines)) / 1e6 / seconds},
          {"bytes of memory, host and key", (allocated() - before) / static_cast<double>(work.hosts * work.keys)}};
}

Sample run_jq(const Work& work, const std::string& file, std::size_t bytes) {
  Process jq({.argv = {"/usr/bin/jq", "-n", "-c", work.jq, file}, .wire = Wire::kOutputOnly});
  (void)jq.read_to_end();
  return {{"MB/CPU s", static_cast<double>(bytes) / 1e6 / jq.wait_success().cpu_seconds}};
}

}  // namespace

void run_answers(const Site& site, const Settings& settings, Targets& targets) {
  for (const Work& work : kWorks) {
    std::vector<std::string> lines = lines_of(work);
    const std::size_t bytes = bytes_of(lines);
    std::string all;
    for (std::string& line : lines) {
      all += line;
      line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    }
    const std::string file = site.write("answers.json", all);
    all = std::string();
    std::vector<Contender> contenders{{"simdjson, walking", Role::kFloor, [&] { return run_floor(lines); }},
                                      {"read and summed", Role::kOurs, [&] { return run_ours(work, lines); }}};
    if (exists("/usr/bin/jq")) {
      contenders.push_back({"jq", Role::kPeer, [&] { return run_jq(work, file, bytes); }});
    }
    Benchmark benchmark("answers: " + work.title + ", " + std::to_string(bytes / 1'000'000) + " MB",
                        std::move(contenders));
    benchmark.run(settings.rounds(5));
    benchmark.print({"MB/CPU s", "bytes of memory, host and key"});
    const double ours = benchmark.median_of(Role::kOurs, "MB/CPU s");
    targets.at_least("answers: " + work.title + ", to walking", ours / benchmark.median_of(Role::kFloor, "MB/CPU s"),
                     0.5);
    targets.at_most("answers: " + work.title + ", bytes of memory for a host and key",
                    benchmark.median_of(Role::kOurs, "bytes of memory, host and key"), 64);
    if (benchmark.has(Role::kPeer)) {
      targets.at_least("answers: " + work.title + ", to jq", ours / benchmark.median_of(Role::kPeer, "MB/CPU s"), 30);
    }
  }
}

}  // namespace stapsh::bench
