// SPDX-License-Identifier: Apache-2.0
#include "agent/known_versions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "agent/guest.h"
#include "agent/record_file.h"
#include "protocol/found_runners.h"
#include "protocol/quoted.h"
#include "sys/clock.h"
#include "sys/file_lock.h"
#include "sys/io.h"
#include "sys/open_inside.h"

namespace stapsh::agent {
namespace {

constexpr const char* kName = "versions";
constexpr std::string_view kEnd = "end\n";
constexpr std::size_t kBytesMax = 16'384;
constexpr Duration kWriteLimit = std::chrono::seconds(1);
constexpr std::chrono::minutes kUnknownTime(10);  // Before a program that did not tell is asked again.

std::uint64_t unknown_period() { return static_cast<std::uint64_t>(sys::wall_now() / kUnknownTime); }

// Lines: IDENTITY VERSION, and at last `end`; `?PERIOD` in the place of a version that was not told in that period.
KnownVersions parse_versions(std::string_view text) {
  KnownVersions versions;
  if (!text.ends_with(kEnd)) return versions;
  const std::string unknown = "?" + std::to_string(unknown_period());
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t blank = line.rfind(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view version = line.substr(blank + 1);
    if (version == unknown) versions.emplace(line.substr(0, blank), "");
    if (is_runner_version(version)) versions.emplace(line.substr(0, blank), version);
  }
  return versions;
}

}  // namespace

std::string program_identity(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  std::string words = quote(path);
  for (const auto number :
       {std::uint64_t{status.st_dev}, std::uint64_t{status.st_ino}, static_cast<std::uint64_t>(status.st_size),
        static_cast<std::uint64_t>(status.st_mtim.tv_sec), static_cast<std::uint64_t>(status.st_mtim.tv_nsec)}) {
    words += " " + std::to_string(number);
  }
  return words;
}

KnownVersions read_versions() {
  const Result<std::optional<RecordFolder>> folder = RecordFolder::open(RecordFolder::Missing::kNone);
  if (!folder || !*folder) return {};
  const Result<sys::UniqueFd> file = sys::open_own_file((*folder)->fd(), kName, O_RDONLY);
  const Result<std::string> text = file ? sys::read_whole(file->get(), kBytesMax) : fail(file.error());
  return text ? parse_versions(*text) : KnownVersions();
}

void keep_versions(const KnownVersions& versions) {
  if (is_guest()) return;
  const Result<std::optional<RecordFolder>> folder = RecordFolder::open(RecordFolder::Missing::kMade);
  if (!folder || !*folder) return;
  const int place = (*folder)->fd();
  std::string text;
  const std::string unknown = "?" + std::to_string(unknown_period());
  for (const auto& [identity, version] : versions) {
    text.append(identity).append(" ").append(version.empty() ? unknown : version).append("\n");
  }
  text.append(kEnd);
  // One file, so that nothing else is left of who dies meanwhile; readers take it only if it is whole.
  const Result<sys::UniqueFd> file = sys::open_at(place, kName, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  const Result<bool> mine = file ? sys::try_lock(file->get()) : fail(file.error());
  if (!mine || !*mine || ::ftruncate(file->get(), 0) != 0) return;  // Another one is at it.
  (void)sys::write_all(file->get(), text, kWriteLimit);
}

}  // namespace stapsh::agent
