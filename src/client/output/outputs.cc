// SPDX-License-Identifier: Apache-2.0
#include "client/output/outputs.h"

#include <utility>

#include "client/output/gather_sink.h"
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
  auto text = std::make_unique<TextSink>(options, *outputs.streams_);
  if (options.gather) {
    auto gather = std::make_unique<GatherSink>(*outputs.streams_, std::move(text));
    outputs.gather_ = gather.get();
    outputs.sinks_.push_back(std::move(gather));
  } else {
    outputs.sinks_.push_back(std::move(text));
  }
  return outputs;
}

std::vector<EventSink*> Outputs::sinks() const {
  std::vector<EventSink*> all;
  for (const auto& sink : sinks_) all.push_back(sink.get());
  all.push_back(streams_.get());  // Last: it writes what the others made.
  return all;
}

Awaitable<> Outputs::drain() {
  if (gather_ != nullptr) co_await gather_->finish();
  co_await streams_->drain(sys::deadline_after(kLastOutputLimit));
}

}  // namespace stapsh::client
