// SPDX-License-Identifier: Apache-2.0
#include "client/recording/record_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "sys/file_lock.h"
#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kWriteBytes = 65'536;
constexpr Duration kWriteInterval = std::chrono::milliseconds(500);
constexpr std::size_t kLookBytes = 65'536;
constexpr std::string_view kFirstBytes = R"({"event":"run_started")";

// Whether a file that begins so is one. Much that is compressed is none.
bool is_recording(std::string_view begin) {
  if (!begin.starts_with(kZstdMagic)) return begin.starts_with(kFirstBytes);
  ByteBuffer text;
  return Decompressor().decompress(begin, text, kFirstBytes.size()) && text.view().starts_with(kFirstBytes);
}

}  // namespace

RecordSink::RecordSink(asio::io_context& io, std::string path, std::function<void(std::string)> on_failed)
    : path_(std::move(path)), on_failed_(std::move(on_failed)), timer_(io) {}

RecordSink::~RecordSink() {
  if (made_ && !begun_) (void)::unlink(path_.c_str());  // Then an empty file stays, and says nothing wrong.
}

Result<std::unique_ptr<RecordSink>> RecordSink::create(asio::io_context& io, std::string path,
                                                       std::function<void(std::string)> on_failed) {
  std::unique_ptr<RecordSink> sink(new RecordSink(io, std::move(path), std::move(on_failed)));
  if (Result<> opened = sink->open(); !opened) return add_context("--record", std::move(opened).error());
  if (sink->path_.ends_with(".zst")) sink->compressor_.emplace();
  return sink;
}

// What is there may be a file that somebody mistook for a recording's name, or one that is being written.
Result<> RecordSink::open() {
  constexpr int kFlags = O_RDWR | O_NONBLOCK | O_NOCTTY;
  constexpr mode_t kMode = 0666;
  Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, path_, kFlags | O_CREAT | O_EXCL, kMode);
  const bool made = file.has_value();
  if (!file && file.error().sys_errno == EEXIST) file = sys::open_at(AT_FDCWD, path_, kFlags | O_NOFOLLOW);
  if (!file) return fail(Errc::kUsage, file.error().what, file.error().sys_errno);
  file_ = *std::move(file);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return fail_errno(path_, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::kUsage, path_ + ": not a regular file; what --format=json prints can go anywhere");
  }
  const Result<bool> locked = sys::try_lock(file_.get());
  if (locked && !*locked) return fail(Errc::kUsage, path_ + ": another rstap uses it; give another name");
  made_ = made;  // Only now it is sure to be ours.
  std::array<char, kLookBytes> first;
  const ssize_t size = ::pread(file_.get(), first.data(), first.size(), 0);
  if (size < 0) return fail_errno(path_, errno);
  const std::string_view begin(first.data(), static_cast<std::size_t>(size));
  if (!begin.empty() && !is_recording(begin)) {
    return fail(Errc::kUsage, path_ + ": there, and no recording; remove it, or give another name");
  }
  return {};
}

void RecordSink::on_event(const Event& event) {
  if (!file_.valid()) return;
  if (!std::exchange(begun_, true)) begin();
  writer_.write(event, pending_);
  if (std::holds_alternative<event::RunEnded>(event.what)) end();
}

void RecordSink::on_pause() {
  if (pending_.size() >= kWriteBytes) return write(Compressor::Until::kLater);
  if (!pending_.empty()) write_later();
}

void RecordSink::begin() {
  // O_NONBLOCK was for opening what is no file.
  if (::ftruncate(file_.get(), 0) != 0) give_up(std::strerror(errno));
}

// What is little waits for more: for a while.
void RecordSink::write_later() {
  if (std::exchange(waits_, true)) return;
  timer_.expires_after(kWriteInterval);
  timer_.async_wait([this](asio::error_code error) {
    if (error) return;
    waits_ = false;
    try {
      write(Compressor::Until::kNow);
    } catch (const std::exception& e) {  // Out of memory: it is the recording's end, and nothing else's.
      give_up(e.what());
    }
  });
}

void RecordSink::write(Compressor::Until until) {
  if (!file_.valid()) return;
  ByteBuffer& bytes = compressor_ ? compressed_ : pending_;
  if (compressor_) {
    const Result<> compressed = compressor_->compress(pending_.view(), until, compressed_);
    pending_.consume(pending_.size());
    if (!compressed) return give_up(compressed.error().what);
    if (until == Compressor::Until::kLater) write_later();  // zstd keeps some of it.
  }
  while (!bytes.empty()) {
    const Result<sys::IoResult> wrote = sys::write_some(file_.get(), bytes.view());
    if (!wrote) return give_up(std::strerror(wrote.error().sys_errno));
    bytes.consume(wrote->bytes);
  }
}

void RecordSink::end() {
  timer_.cancel();
  write(Compressor::Until::kEnd);
  if (!file_.valid()) return;
  const Result<> closed = sys::close_checked(std::move(file_), path_);
  if (!closed) give_up(std::strerror(closed.error().sys_errno));
}

void RecordSink::give_up(const std::string& why) {
  failed_ = true;
  timer_.cancel();
  file_.reset();
  pending_.consume(pending_.size());
  on_failed_("--record: " + path_ + ": " + why + "; the recording ends here, the run goes on");
}

}  // namespace stapsh::client
