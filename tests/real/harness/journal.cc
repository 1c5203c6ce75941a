// SPDX-License-Identifier: Apache-2.0
#include "journal.h"

#include <unistd.h>

#include <utility>

#include "real_test.h"

namespace stapsh::real {

Journal::Journal(std::string folder, std::vector<std::string> environment, MountNamespace mounts)
    : folder_(std::move(folder)), environment_(std::move(environment)), mounts_(std::move(mounts)) {
  mounts_.log_folder(folder_);
}

ProgramOptions Journal::options(std::vector<std::string> argv) const {
  return {.argv = mounts_.wrap(std::move(argv)), .env = environment_};
}

testing::AssertionResult Journal::start() {
  journald_ = std::make_unique<Program>(options({"/lib/systemd/systemd-journald"}));
  const std::string socket = folder_ + "/systemd/journal/socket";
  if (becomes_true([&] { return ::access(socket.c_str(), F_OK) == 0; })) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "journald does not listen: " << journald_->captured();
}

std::vector<std::string> Journal::records() const {
  Program sync(options({"/usr/bin/journalctl", "--sync"}));
  EXPECT_EQ(sync.wait_exit(), 0) << sync.captured();
  Program journalctl(options(
      {"/usr/bin/journalctl", "-D", "/run/log/journal", "--all", "-q", "-o", "json", "SYSLOG_IDENTIFIER=stapsh"}));
  EXPECT_EQ(journalctl.wait_exit(), 0) << journalctl.captured();
  std::vector<std::string> lines;
  const std::string text = journalctl.out();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

std::string Journal::field(const std::string& record, std::string_view name) {
  const std::string before = "\"" + std::string(name) + "\":\"";
  const std::size_t begin = record.find(before);
  if (begin == std::string::npos) return {};
  std::size_t end = begin + before.size();
  while (end < record.size() && record[end] != '"') end += record[end] == '\\' ? 2 : 1;
  return record.substr(begin + before.size(), end - begin - before.size());
}

}  // namespace stapsh::real
