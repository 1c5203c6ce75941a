// SPDX-License-Identifier: Apache-2.0
#include "client/relay/sent_files.h"

namespace stapsh::client {

void SentFiles::take(std::uint32_t session, sys::UniqueFd fd, TimePoint now) {
  const Result<const LentFile*> file = open(std::move(fd));
  if (!file) {
    answers_.push_back({session, fail(file.error())});
    return;
  }
  store_.store(**file, now, [this, session, file = *file](bool is_stored) {
    answers_.push_back({session, file, is_stored});
  });
}

Result<const LentFile*> SentFiles::open(sys::UniqueFd fd) {
  const LentFile::Id id = TRY(LentFile::id_of(fd.get()));
  if (const auto known = lent_.find(id); known != lent_.end()) return &known->second;
  LentFile file = TRY(LentFile::open(fd));
  kept_.push_back(std::move(fd));
  return &lent_.emplace(id, std::move(file)).first->second;
}

}  // namespace stapsh::client
