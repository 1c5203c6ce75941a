// SPDX-License-Identifier: Apache-2.0
#include "client/recording/recording_reader.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kReadBytes = 65'536;
constexpr std::size_t kUnpackedBytes = std::size_t{1} << 20;

}  // namespace

RecordingReader::RecordingReader(std::string name, sys::UniqueFd file)
    : name_(std::move(name)), file_(std::move(file)), events_(std::make_unique<EventReader>()), chunk_(kReadBytes) {}

Result<RecordingReader> RecordingReader::open(const std::string& path) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "standard input" : path;
  Result<sys::UniqueFd> file =
      is_stdin ? sys::duplicate(STDIN_FILENO) : sys::open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY);
  if (!file) return fail(Errc::kUsage, name + ": " + std::strerror(file.error().sys_errno), file.error().sys_errno);
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return fail_errno(name, errno);
  if (S_ISDIR(status.st_mode)) return fail(Errc::kUsage, name + ": a folder; give the recording's file");
  // Nobody shall begin to record into it meanwhile; one that is being written can be looked at.
  (void)::flock(file->get(), LOCK_SH | LOCK_NB);
  return RecordingReader(name, *std::move(file));
}

Result<std::optional<Event>> RecordingReader::next() {
  text_.consume(std::exchange(consumed_, 0));
  while (true) {
    const std::size_t newline = text_.view().find('\n', searched_);
    if (newline != std::string_view::npos) {
      Result<std::optional<Event>> event = read_line(newline + 1);
      if (!event || *event) return event;
      text_.consume(std::exchange(consumed_, 0));
      continue;
    }
    searched_ = text_.size();
    if (searched_ > kRecordingLineBytesMax) {
      return fail(Errc::kUsage, name_ + ": line " + std::to_string(lines_ + 1) + " has no end; no recording of rstap");
    }
    if (damage_) return fail(*damage_);
    if (!end_ || unpacks_) {
      TRY(read_more());
      continue;
    }
    if (!any_) return fail(Errc::kUsage, name_ + ": empty; nothing was recorded");
    // A line without its end was cut, and nobody knows where. But one that is the first, or comes after the last, tells
    // what this is instead.
    if (!text_.empty() && (!begun_ || events_->run_ended())) {
      Result<std::optional<Event>> event = read_line(text_.size());
      if (!event || *event) return event;
    }
    if (!begun_) {
      return fail(Errc::kUsage,
                  name_ + (lines_ == 0 ? ": cut before its first event" : ": empty lines alone; nothing was recorded"));
    }
    return std::optional<Event>();
  }
}

Result<std::optional<Event>> RecordingReader::read_line(std::size_t size) {
  ++lines_;
  consumed_ = size;
  searched_ = 0;
  Result<std::optional<Event>> event = events_->read(text_.view().substr(0, size));
  if (event) {
    begun_ = begun_ || event->has_value();
    return event;
  }
  return add_context(name_ + ": line " + std::to_string(lines_), std::move(event).error());
}

Result<> RecordingReader::read_more() {
  if (unpacks_) return unpack();
  std::size_t size = 0;
  do {  // At first as much as tells what it is.
    const Result<sys::IoResult> got = sys::read_some(file_.get(), std::span(chunk_).subspan(size));
    if (!got) return fail(Errc::kSystem, name_ + ": " + std::strerror(got.error().sys_errno), got.error().sys_errno);
    if (got->would_block) TRY(sys::wait_for(file_.get(), POLLIN, TimePoint::max()));
    end_ = got->end;
    size += got->bytes;
  } while (!any_ && size < kZstdMagic.size() && !end_);
  const std::string_view bytes(chunk_.data(), size);
  if (!any_ && bytes.starts_with(kZstdMagic)) decompressor_.emplace();
  any_ = any_ || size > 0;
  if (!decompressor_) {
    text_.append(bytes);
    return {};
  }
  packed_ = bytes;
  return unpack();
}

// Little can become very much: a piece at a time.
Result<> RecordingReader::unpack() {
  const Result<bool> more = decompressor_->decompress(packed_, text_, kUnpackedBytes);
  unpacks_ = more && *more;
  if (!more) damage_ = Error{Errc::kUsage, name_ + ": damaged: " + more.error().what};
  return {};
}

}  // namespace stapsh::client
