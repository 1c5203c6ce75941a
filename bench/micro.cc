// SPDX-License-Identifier: Apache-2.0
// The inner loops alone, without processes and the kernel: what a change in them gains or costs.
#include <benchmark/benchmark.h>

#include <string>

#include "client/events/event_reader.h"
#include "client/events/event_writer.h"
#include "client/output/merge.h"
#include "protocol/agent_line.h"
#include "protocol/command.h"
#include "protocol/line_reader.h"
#include "session/client_session.h"

namespace {

using namespace stapsh;

std::string lines(std::size_t line, std::size_t total) {
  std::string text;
  while (text.size() < total) text += std::string(line - 1, 'x') + "\n";
  return text;
}

void merge_lines(benchmark::State& state) {
  const std::string text = lines(static_cast<std::size_t>(state.range(0)), 65'536);
  client::OutputBuffers buffers;
  client::Merger merger({.labels = client::LabelMode::kName, .target_names = {"web01"}}, buffers);
  for (auto _ : state) {
    merger.on_output(0, Stream::kStdout, text);
    client::OutputBuffer& out = buffers.of(Stream::kStdout);
    benchmark::DoNotOptimize(out.view().data());
    out.consume(out.size());
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(merge_lines)->Arg(20)->Arg(100)->Arg(1'000)->Arg(65'536);

// The same on a terminal: each byte is looked at. `piece`: what a line is made of.
void merge_lines_on_terminal(benchmark::State& state, std::string_view piece) {
  std::string text;
  while (text.size() < 65'536) {
    for (int i = 0; i < 5; ++i) text += piece;
    text += "\n";
  }
  client::OutputBuffers buffers;
  client::MergeOptions options{.labels = client::LabelMode::kName, .target_names = {"web01"}};
  options.on_terminal = {true, true};
  client::Merger merger(options, buffers);
  for (auto _ : state) {
    merger.on_output(0, Stream::kStdout, text);
    client::OutputBuffer& out = buffers.of(Stream::kStdout);
    benchmark::DoNotOptimize(out.view().data());
    out.consume(out.size());
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(merge_lines_on_terminal, plain, "twenty plain letters");
BENCHMARK_CAPTURE(merge_lines_on_terminal, utf8, "zwölf Wörter für Käufer");
BENCHMARK_CAPTURE(merge_lines_on_terminal, colours, "\033[31mred\033[0m and plain");
BENCHMARK_CAPTURE(merge_lines_on_terminal, hostile, "\033[2J\rweb02: all's well");

client::Event output_event(std::string_view bytes) {
  return {WallTime(1), 0, client::event::Output{Stream::kStdout, bytes, std::nullopt}};
}

void begin_events(client::EventWriter& writer, ByteBuffer& to) {
  writer.write({WallTime(1), std::nullopt, client::event::RunStarted{"1", "x.stp", {}, {{"web01", "web01"}}}}, to);
}

void write_events(benchmark::State& state) {
  const std::string text = lines(static_cast<std::size_t>(state.range(0)), 65'536);
  client::EventWriter writer;
  ByteBuffer to;
  begin_events(writer, to);
  for (auto _ : state) {
    writer.write(output_event(text), to);
    benchmark::DoNotOptimize(to.view().data());
    to.consume(to.size());
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(write_events)->Arg(20)->Arg(100)->Arg(1'000);

void read_events(benchmark::State& state) {
  const std::string text = lines(static_cast<std::size_t>(state.range(0)), 65'536);
  client::EventWriter writer;
  ByteBuffer first, line;
  begin_events(writer, first);
  client::EventReader reader;
  if (!reader.read(first.view())) return state.SkipWithError("the first event is none");
  writer.write(output_event(text), line);
  for (auto _ : state) {
    auto event = reader.read(line.view());
    benchmark::DoNotOptimize(event);
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(read_events)->Arg(20)->Arg(100)->Arg(1'000);

void read_lines(benchmark::State& state) {
  const std::string text = lines(static_cast<std::size_t>(state.range(0)), 65'536);
  LineReader reader(65'536);
  for (auto _ : state) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const LineReader::Taken taken = reader.take(rest);
      benchmark::DoNotOptimize(taken.line.data());
      rest.remove_prefix(taken.bytes);
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(read_lines)->Arg(20)->Arg(200);

void parse_commands(benchmark::State& state) {
  const Limits limits;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_command("file 3840 stap_8493.ko", limits));
    benchmark::DoNotOptimize(parse_command("run -v -w -R ./stap_8493.ko name=3Dvalue -r 0:ssh://web01", limits));
  }
  state.SetItemsProcessed(2 * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(parse_commands);

// A client's session in the middle of a run: the frames of one read.
void take_frames(benchmark::State& state) {
  const TimePoint now{};
  ClientSession session({});
  const auto drain = [&] {
    while (session.next_effect()) continue;
  };
  session.on_start_of_transport(now);
  for (const char* reply : {"stapsh 5.6 x86_64 6.1\n", "OK\n", "OK\n", "OK\n", "OK\n", "OK\n", "OK\n", "OK\n"}) {
    drain();
    session.on_bytes(reply, now);
    if (session.phase() == ClientSession::Phase::kConnected) session.on_module_ready({{}, {"probe"}}, now);
    if (session.phase() == ClientSession::Phase::kReady) session.on_start(now);
    if (session.phase() == ClientSession::Phase::kRunning) break;
  }
  drain();
  if (session.phase() != ClientSession::Phase::kRunning) return state.SkipWithError("the session does not run");
  const auto size = static_cast<std::size_t>(state.range(0));
  std::string bytes;
  while (bytes.size() < 1'000'000) bytes += "data stdout " + std::to_string(size) + "\n" + std::string(size, 'x');
  for (auto _ : state) {
    session.on_bytes(bytes, now);
    drain();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes.size()) * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(take_frames)->Arg(100)->Arg(4'096)->Arg(65'536);

}  // namespace

BENCHMARK_MAIN();
