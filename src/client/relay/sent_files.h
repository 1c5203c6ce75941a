// SPDX-License-Identifier: Apache-2.0
// The files that sessions send: each is opened once, and the broker's store is asked once, for all who send it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client/relay/file_store.h"
#include "client/relay/lent_file.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class SentFiles {
 public:
  /// What has become of a file that a session sends; it is lent for as long as we live. The Error ends the session.
  struct Answer {
    std::uint32_t session;
    Result<const LentFile*> file;
    bool is_stored = false;
  };

  /// As FileStore has it.
  SentFiles(nats::Connection& connection, std::string_view site, std::string nobody)
      : store_(connection, site, std::move(nobody)) {}

  /// `session` sends that file. The answer is among the next ones, or comes later.
  void take(std::uint32_t session, sys::UniqueFd fd, TimePoint now);
  /// The answers since: not told at once, since who calls take() may be in the middle of reading.
  std::vector<Answer> answers() { return std::exchange(answers_, {}); }

  FileStore& store() { return store_; }
  [[nodiscard]] const FileStore& store() const { return store_; }

 private:
  Result<const LentFile*> open(sys::UniqueFd fd);

  FileStore store_;
  std::map<LentFile::Id, LentFile> lent_;
  std::vector<sys::UniqueFd> kept_;  // So that no other file has the number of one of these.
  std::vector<Answer> answers_;
};

}  // namespace stapsh::client
