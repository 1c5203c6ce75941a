// SPDX-License-Identifier: Apache-2.0
// What was sent to this user's agents and stays for later sessions (`option keep`): files in a folder that only the
// user can enter, each named by its SHA-256. Several agents share it without a lock: a file appears whole, under a name
// that says what it holds, and is never written again. Who dies while it writes leaves nothing, for the file has no
// name yet.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

class KeptModules {
 public:
  /// How many files stay there.
  static constexpr std::size_t kFilesMax = 64;

  /// None are kept.
  KeptModules() = default;
  /// The folder, which is made if it is not there: the first of $XDG_CACHE_HOME, $HOME/.cache, /var/tmp, $TMPDIR and
  /// /tmp that will do. What is there beyond `bytes_max` goes. An Error, if nothing may be kept, says why.
  static Result<KeptModules> open(std::uint64_t bytes_max);
  static Result<KeptModules> open_in(const std::string& parent, std::uint64_t bytes_max);

  [[nodiscard]] const std::string& path() const { return path_; }

  struct Found {
    sys::UniqueFd file;
    std::uint64_t size;
  };
  /// The file that is named `digest`, which was used now. Nobody has verified what it holds. ENOENT: none is kept.
  [[nodiscard]] Result<Found> find(const std::string& digest) const;
  /// It does not hold what its name says, or is not wanted.
  void remove(const std::string& digest) const;

  /// Copies all of `file`, from its beginning, which was found to have `digest`. Those that were not used longest go,
  /// where there would be too many. An Error says why it is not kept; then it is sent once more another time.
  Result<> add(int file, const std::string& digest);

 private:
  [[nodiscard]] Result<> check_room(std::uint64_t bytes) const;
  void make_room(std::uint64_t bytes, std::size_t files) const;

  sys::UniqueFd folder_;
  std::string path_;
  std::uint64_t bytes_max_ = 0;
};

}  // namespace stapsh::agent
