// SPDX-License-Identifier: Apache-2.0
#include "client/relay/file_store.h"

#include <algorithm>
#include <utility>

#include "broker/message.h"
#include "client/relay/stored_answer.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

// Of pieces that are sent and not acknowledged: a store is slower than a line.
constexpr std::size_t kUnansweredMax = 32;
constexpr Duration kPatience = 10s;
// A store in the broker that we are connected to answers before that says what is behind it; one in another broker, of
// a cluster or at the centre of leaves, has a way of its own.
constexpr Duration kWayToStore = 250ms;
constexpr int kRoundTrips = 4;
// Who finds that a piece is not there could take the first one, and say so, in as little: a stream of that name with
// subjects of its own takes none, and nobody says so.
constexpr Duration kFirstPieceTaken = 1s;

std::uint64_t piece_count(const LentFile& file) {
  return (file.content().size() + broker::kPieceBytes - 1) / broker::kPieceBytes;
}

// Files are of no use for longer than a run begins: old ones make room.
std::string stream_configuration(const std::string& subjects) {
  constexpr std::uint64_t kHour = 3'600'000'000'000;  // In nanoseconds.
  return R"({"name":"RSTAP_FILES","subjects":[")" + subjects +
         R"("],"retention":"limits","discard":"old","storage":"file","num_replicas":1,"max_msgs_per_subject":1,)"
         R"("max_age":)" +
         std::to_string(kHour) + R"(,"max_bytes":268435456,"allow_direct":true})";
}

}  // namespace

void FileStore::store(const LentFile& file, TimePoint now, Done done) {
  const auto known = known_.find(file.digest());
  if (known != known_.end() && now - known->second.since < kFreshFor) return done(known->second.is_stored);
  if (is_silent_) return done(false);
  const auto [at, is_new] =
      uploads_.try_emplace(file.digest(), Upload{.serial = ++upload_count_, .file = &file, .done = {}});
  at->second.done.push_back(std::move(done));
  if (is_new) take_step(at->second, Step::kLastPiece, now);
}

void FileStore::ask(Upload& upload, std::string subject, std::string data, TimePoint now) {
  std::string inbox = new_inbox();
  questions_[inbox] = {upload.serial, upload.file->digest(), upload.step};
  upload.asked_at = now;
  upload.gives_up_at = now + kPatience;
  connection_.publish(std::move(subject), std::move(data), std::move(inbox));
}

// Hosts know the inboxes of their sessions. Who could guess one of these would have JetStream answer there, and a file
// would be taken for one that is stored: what another host can't fetch would be that one's failure.
std::string FileStore::new_inbox() {
  if (inboxes_.empty()) inboxes_ = connection_.new_secret_inbox() + ".";
  return inboxes_ + std::to_string(++inbox_count_);
}

// The accounts of a store whose broker has no JetStream take what is asked, and nobody there answers or says so.
void FileStore::measure_round_trip(TimePoint now) {
  if (is_there_ || round_trip_) return;
  round_trip_ = RoundTrip{new_inbox(), now};
  connection_.publish(nobody_, {}, round_trip_->inbox);
}

void FileStore::on_round_trip(TimePoint now) {
  const TimePoint patience_ends_at = now + kWayToStore + kRoundTrips * (now - round_trip_->begun);
  round_trip_.reset();
  if (is_there_) return;
  for (auto& [digest, upload] : uploads_) upload.gives_up_at = std::min(upload.gives_up_at, patience_ends_at);
}

void FileStore::take_step(Upload& upload, Step step, TimePoint now) {
  upload.step = step;
  const auto get = [&](std::uint64_t piece) {
    ask(upload, subjects_.store_find(), R"({"last_by_subj":")" + subjects_.file(upload.file->digest(), piece) + R"("})",
        now);
  };
  switch (step) {
    case Step::kStream:
      return ask(upload, subjects_.store_create(), stream_configuration("rstap.*.file.>"), now);
    case Step::kLastPiece:
      get(piece_count(*upload.file) - 1);
      return measure_round_trip(now);
    case Step::kFirstPiece:
      return get(0);
    case Step::kPieces:
      return send_pieces(upload, now);
  }
}

void FileStore::send_pieces(Upload& upload, TimePoint now) {
  const std::uint64_t count = piece_count(*upload.file);
  for (; upload.next < count && upload.unanswered < kUnansweredMax; ++upload.next, ++upload.unanswered) {
    ask(upload, subjects_.file(upload.file->digest(), upload.next),
        std::string(upload.file->content().substr(upload.next * broker::kPieceBytes, broker::kPieceBytes)), now);
  }
}

void FileStore::begin_pieces(Upload& upload, TimePoint now) {
  const Duration answered_in = now - upload.asked_at;
  take_step(upload, Step::kPieces, now);
  if (!takes_pieces_) upload.gives_up_at = now + kFirstPieceTaken + kRoundTrips * answered_in;
}

// Others may wait behind it.
void FileStore::note_takes_pieces(TimePoint now) {
  if (std::exchange(takes_pieces_, true)) return;
  for (auto& [digest, upload] : uploads_) {
    if (upload.step == Step::kPieces) upload.gives_up_at = now + kPatience;
  }
}

bool FileStore::on_message(const nats::Message& message, TimePoint now) {
  if (round_trip_ && message.subject == round_trip_->inbox) {
    on_round_trip(now);
    return true;
  }
  const auto question = questions_.find(message.subject);
  if (question == questions_.end()) return false;
  const Question asked = question->second;
  questions_.erase(question);
  const auto upload = uploads_.find(asked.digest);
  is_there_ = true;
  if (std::exchange(is_silent_, false)) known_.clear();  // It was slow.
  if (upload == uploads_.end() || upload->second.serial != asked.upload) {
    on_late_answer(asked, message, now);
  } else {
    on_answer(upload->second, asked.step, message, now);
  }
  return true;
}

// Of an upload that was given up: the store is a slow one, and the next run is to try again.
void FileStore::on_late_answer(const Question& asked, const nats::Message& message, TimePoint now) {
  if (asked.step != Step::kPieces || message.status != 0) return;
  const StoredAnswer answer = parse_stored_answer(message.data);
  if (!answer.is_understood || answer.error) return;
  note_takes_pieces(now);
  known_.erase(asked.digest);
}

void FileStore::on_answer(Upload& upload, Step step, const nats::Message& message, TimePoint now) {
  const std::string digest = upload.file->digest();
  if (message.status != 0) return finish(digest, false, now);  // Nobody answers: a broker without JetStream.
  const StoredAnswer answer = parse_stored_answer(message.data);
  switch (step) {
    case Step::kLastPiece:
      if (!answer.is_understood) return finish(digest, false, now);
      if (answer.is_no_stream()) return take_step(upload, Step::kStream, now);
      if (answer.is_no_message()) return begin_pieces(upload, now);
      return answer.error ? finish(digest, false, now) : take_step(upload, Step::kFirstPiece, now);
    case Step::kStream:
      if (!answer.is_understood || answer.error) return finish(digest, false, now);
      return take_step(upload, Step::kPieces, now);
    case Step::kFirstPiece:
      // The first one is the oldest: what is nearly too old would go while it is fetched.
      if (!answer.error && answer.is_fresh()) return finish(digest, true, now);
      return take_step(upload, Step::kPieces, now);
    case Step::kPieces:
      if (!answer.is_understood || answer.error) return finish(digest, false, now);
      note_takes_pieces(now);
      --upload.unanswered;
      send_pieces(upload, now);
      if (upload.unanswered == 0) finish(digest, true, now);
  }
}

void FileStore::finish(const std::string& digest, bool is_stored, TimePoint now) {
  const auto upload = uploads_.find(digest);
  if (upload == uploads_.end()) return;
  known_[digest] = {is_stored, now};
  const std::vector<Done> done = std::move(upload->second.done);
  uploads_.erase(upload);
  for (const Done& each : done) each(is_stored);
}

bool FileStore::on_refused(std::string_view subject, TimePoint now) {
  if (subject == nobody_) {
    if (round_trip_) on_round_trip(now);
    return true;
  }
  if (!subjects_.is_of_store(subject)) return false;
  while (!uploads_.empty()) finish(std::string(uploads_.begin()->first), false, now);
  return true;
}

void FileStore::on_lost() {
  questions_.clear();
  round_trip_.reset();
  is_there_ = is_silent_ = takes_pieces_ = false;
  const std::map<std::string, Upload> lost = std::exchange(uploads_, {});
  for (const auto& [digest, upload] : lost) {
    for (const Done& each : upload.done) each(false);
  }
}

std::optional<TimePoint> FileStore::next_timer() const {
  std::optional<TimePoint> next;
  for (const auto& [digest, upload] : uploads_) next = std::min(next.value_or(upload.gives_up_at), upload.gives_up_at);
  return next;
}

void FileStore::on_timer(TimePoint now) {
  std::vector<std::string> late;
  for (const auto& [digest, upload] : uploads_) {
    if (upload.gives_up_at <= now) late.push_back(digest);
  }
  if (!late.empty()) is_silent_ = !is_there_;
  for (const std::string& digest : late) finish(digest, false, now);
}

}  // namespace stapsh::client
