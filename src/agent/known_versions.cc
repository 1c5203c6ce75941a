// SPDX-License-Identifier: Apache-2.0
#include "agent/known_versions.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "agent/record_file.h"
#include "protocol/found_runners.h"
#include "protocol/quoted.h"
#include "sys/io.h"
#include "sys/open_inside.h"

namespace stapsh::agent {
namespace {

constexpr const char* kName = "versions";
constexpr const char* kNewName = "versions.new";
constexpr std::size_t kBytesMax = 16'384;
constexpr Duration kWriteLimit = std::chrono::seconds(1);

// Lines: IDENTITY VERSION
KnownVersions parse(std::string_view text) {
  KnownVersions versions;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t blank = line.rfind(' ');
    if (blank == std::string_view::npos || !is_runner_version(line.substr(blank + 1))) continue;
    versions.emplace(line.substr(0, blank), line.substr(blank + 1));
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
  const Result<std::optional<RecordFolder>> folder = RecordFolder::open();
  if (!folder || !*folder) return {};
  const Result<sys::UniqueFd> file = sys::open_own_file((*folder)->fd(), kName, O_RDONLY);
  const Result<std::string> text = file ? sys::read_whole(file->get(), kBytesMax) : fail(file.error());
  return text ? parse(*text) : KnownVersions();
}

void keep_versions(const KnownVersions& versions) {
  const Result<std::optional<RecordFolder>> folder = RecordFolder::open();
  if (!folder || !*folder) return;
  const int place = (*folder)->fd();
  std::string text;
  for (const auto& [identity, version] : versions) text.append(identity).append(" ").append(version).append("\n");
  const Result<sys::UniqueFd> file = sys::open_at(place, kNewName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  // Readers see all of it or nothing. One that somebody has not finished is removed: they may have died.
  const bool whole = file && sys::write_all(file->get(), text, kWriteLimit);
  if (!whole || ::renameat(place, kNewName, place, kName) != 0) (void)::unlinkat(place, kNewName, 0);
}

}  // namespace stapsh::agent
