// SPDX-License-Identifier: Apache-2.0
#include "client/output_sink.h"

#include <unistd.h>

#include <asio/post.hpp>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kOutputPipeBytes = std::size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<OutputSink>> OutputSink::create(asio::io_context& io, MergeOptions merge,
                                                       std::function<void(const Error&)> on_closed) {
  std::unique_ptr<OutputSink> sink(new OutputSink(io, std::move(merge), std::move(on_closed)));
  sink->out(Stream::kStdout).fd = TRY(sys::open_nonblocking(STDOUT_FILENO));
  // With a pipe of the usual 64 KiB we and its reader wait for each other all the time.
  sys::grow_pipe(sink->out(Stream::kStdout).fd.get(), kOutputPipeBytes);
  sink->out(Stream::kStderr).fd = TRY(sys::open_nonblocking(STDERR_FILENO));
  return sink;
}

void OutputSink::on_output(std::size_t target, Stream stream, std::string_view bytes) {
  if (hurried_ && merger_.pending_bytes() > kHurriedBytesMax) {
    dropped_bytes_ += bytes.size();
    return;
  }
  merger_.on_output(target, stream, bytes);
}

void OutputSink::say(std::string_view line) {
  OutputBuffer& buffer = merger_.output(Stream::kStderr);
  if (buffer.size() > kHurriedBytesMax) {  // Nobody reads it.
    errors_lost_ = true;
    return;
  }
  buffer.append(line);
  buffer.append("\n");
  flush(Stream::kStderr);
}

void OutputSink::flush() {
  flush(Stream::kStdout);
  flush(Stream::kStderr);
}

void OutputSink::flush(Stream stream) {
  Out& out = this->out(stream);
  OutputBuffer& buffer = merger_.output(stream);
  while (!buffer.empty() && !out.waiting) {
    if (out.closed) {
      buffer.consume(buffer.size());
      break;
    }
    const Result<sys::IoResult> wrote = sys::write_some(out.fd.get(), buffer.view());
    if (!wrote) {
      out.closed = true;
      if (stream == Stream::kStdout) {
        on_closed_(wrote.error());
      } else {
        errors_lost_ = true;
      }
      continue;
    }
    buffer.consume(wrote->bytes);
    if (wrote->would_block) wait_writable(stream);
  }
  if (!full()) changed_.announce();
}

void OutputSink::wait_writable(Stream stream) {
  Out& out = this->out(stream);
  if (!out.waiter) {
    Result<sys::UniqueFd> own = sys::duplicate(out.fd.get());
    if (!own) return;  // Tried again with the next output.
    out.waiter.emplace(io_, own->release());
  }
  out.waiting = true;
  out.waiter->async_wait(Descriptor::wait_write, [this, stream](asio::error_code) {
    this->out(stream).waiting = false;
    flush(stream);
  });
}

Awaitable<> OutputSink::wait_room() {
  while (full()) co_await changed_.wait();
}

Awaitable<> OutputSink::drain(TimePoint deadline) {
  flush();
  asio::steady_timer timer(io_, deadline);
  bool late = false;
  timer.async_wait([&](asio::error_code error) {
    late = !error;
    changed_.announce();
  });
  while (merger_.pending_bytes() > 0 && !late) co_await changed_.wait();
  timer.cancel();
  dropped_bytes_ += merger_.output(Stream::kStdout).size();
  errors_lost_ = errors_lost_ || !merger_.output(Stream::kStderr).empty();
  for (Out& out : outs_) {
    out.closed = true;
    if (out.waiter) out.waiter->cancel();
  }
  // Their handlers refer to this frame and to us: let them run first.
  co_await asio::post(io_, asio::use_awaitable);
}

}  // namespace stapsh::client
