// SPDX-License-Identifier: Apache-2.0
// Sources: sd-daemon(3) for the "<N>" before a line, systemd.exec(5) for JOURNAL_STREAM.
#include "link/log.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/shown_text.h"

namespace stapsh::link {
namespace {

// Whether standard error is what systemd has said to be the journal: a person, or a file, is not to see priorities.
bool goes_to_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): nobody changes it.
  struct stat status {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace

void say(Priority priority, std::string_view text) {
  static const bool kToJournal = goes_to_journal();
  const std::string mark = kToJournal ? "<" + std::to_string(static_cast<int>(priority)) + ">" : "";
  (void)::dprintf(STDERR_FILENO, "%sstapsh-link: %s\n", mark.c_str(), shown_text(text).c_str());
}

}  // namespace stapsh::link
