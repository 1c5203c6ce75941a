// SPDX-License-Identifier: Apache-2.0
// The broker's store of files (docs/fleet.md, "Files"), as who puts something there sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "broker/subjects.h"
#include "client/relay/lent_file.h"
#include "nats/connection.h"

namespace stapsh::client {

class FileStore {
 public:
  /// Whether all of the file is there.
  using Done = std::function<void(bool is_stored)>;

  /// `connection` is lent. `nobody`: Subjects::nobody().
  FileStore(nats::Connection& connection, std::string_view site, std::string nobody)
      : connection_(connection), subjects_(site), nobody_(std::move(nobody)) {}

  /// Stores `file`, which is lent until then, unless its pieces are known. `done` is told once, perhaps at once.
  void store(const LentFile& file, TimePoint now, Done done);

  /// Whether it was an answer to something that was asked here.
  bool on_message(const nats::Message& message, TimePoint now);
  /// The broker has said that this client may not speak on that subject. Whether it is one of ours.
  bool on_refused(std::string_view subject, TimePoint now);
  /// Nothing that was asked will be answered.
  void on_lost();
  /// When on_timer() is wanted.
  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  void on_timer(TimePoint now);

 private:
  enum class Step { kLastPiece, kStream, kFirstPiece, kPieces };
  struct Upload {
    std::uint64_t serial;
    const LentFile* file;
    std::vector<Done> done;
    Step step = Step::kLastPiece;
    std::uint64_t next = 0;      // The piece to be sent next.
    std::size_t unanswered = 0;  // Pieces that were sent and are not acknowledged.
    TimePoint asked_at{}, gives_up_at{};
  };
  struct Question {
    std::uint64_t upload;
    std::string digest;
    Step step;
  };
  // What the broker itself answers while nobody knows yet whether there is a store.
  struct RoundTrip {
    std::string inbox;
    TimePoint begun{};
  };

  std::string new_inbox();
  void measure_round_trip(TimePoint now);
  void on_round_trip(TimePoint now);

  void ask(Upload& upload, std::string subject, std::string data, TimePoint now);
  void take_step(Upload& upload, Step step, TimePoint now);
  void begin_pieces(Upload& upload, TimePoint now);
  void send_pieces(Upload& upload, TimePoint now);
  void note_takes_pieces(TimePoint now);
  void on_late_answer(const Question& asked, const nats::Message& message, TimePoint now);
  void on_answer(Upload& upload, Step step, const nats::Message& message, TimePoint now);
  void finish(const std::string& digest, bool is_stored, TimePoint now);

  nats::Connection& connection_;
  broker::Subjects subjects_;
  const std::string nobody_;
  std::string inboxes_;  // What those of questions begin with.
  std::uint64_t inbox_count_ = 0, upload_count_ = 0;
  std::optional<RoundTrip> round_trip_;
  bool is_there_ = false, is_silent_ = false;  // The store, as it has answered or not.
  bool takes_pieces_ = false;                  // Likewise: there may be a stream of that name which takes others.
  std::map<std::string, Upload> uploads_;      // By digest.
  std::map<std::string, Question> questions_;  // By the subject of the answer.
  struct Known {
    bool is_stored;
    TimePoint since;
  };
  std::map<std::string, Known> known_;  // What has become of files, by digest.
};

}  // namespace stapsh::client
