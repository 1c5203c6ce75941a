// SPDX-License-Identifier: Apache-2.0
#include "client/output/outputs.h"

#include <cstdlib>
#include <utility>

#include "client/output/text_sink.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

constexpr Duration kLastOutputLimit = std::chrono::seconds(10);

}  // namespace

Result<Outputs> Outputs::create(asio::io_context& io, const OutputOptions& options,
                                StandardStreams::Listener listener) {
  Outputs outputs;
  outputs.streams_ = TRY(StandardStreams::create(io, std::move(listener)));
  const StandardStreams& streams = *outputs.streams_;
  const TextLook look = text_look(options, {streams.is_terminal(Stream::kStdout), streams.is_terminal(Stream::kStderr)},
                                  ::getenv("NO_COLOR"));
  outputs.sinks_.push_back(std::make_unique<TextSink>(options, look, *outputs.streams_));
  return outputs;
}

std::vector<EventSink*> Outputs::sinks() const {
  std::vector<EventSink*> all;
  for (const auto& sink : sinks_) all.push_back(sink.get());
  all.push_back(streams_.get());  // Last: it writes what the others made.
  return all;
}

Awaitable<> Outputs::drain() { co_await streams_->drain(sys::deadline_after(kLastOutputLimit)); }

}  // namespace stapsh::client
