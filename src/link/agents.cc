// SPDX-License-Identifier: Apache-2.0
#include "link/agents.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::link {
namespace {

constexpr Duration kCheckLimit = std::chrono::seconds(20);
constexpr std::size_t kAnswerBytesMax = 4'096;

// As a listening agent has them of itself.
const std::vector<std::string> kTimeouts{"--hello-timeout", "30", "--idle-timeout", "3600"};

Result<std::string> read_to_end(int pipe, TimePoint deadline) {
  std::string text;
  std::array<char, 512> buffer;
  while (text.size() < kAnswerBytesMax) {
    if (!TRY(sys::wait_for(pipe, POLLIN, deadline))) return fail(Errc::kTimeout, "it says nothing");
    const sys::IoResult got = TRY(sys::read_some(pipe, buffer));
    if (got.end) break;
    text.append(buffer.data(), got.bytes);
  }
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

Result<> Agents::check() const {
  sys::Pipe said = TRY(sys::make_pipe());
  sys::SpawnOptions options{.program = program_, .argv = {program_, "--need-policy", "--check-policy"}};
  options.stdin_fd = sys::kDevNull;
  options.stdout_fd = options.stderr_fd = said.write_end.get();
  sys::Child child = TRY(sys::spawn(options));
  said.write_end.reset();
  const TimePoint deadline = sys::deadline_after(kCheckLimit);
  const Result<std::string> text = read_to_end(said.read_end.get(), deadline);
  if (!text) return add_context(program_ + " --check-policy", text.error());
  const int code = TRY(child.wait(sys::time_left(deadline)));
  if (code == 0) return {};
  return fail(Errc::kUsage, "no session is served without a policy: " + *text);
}

Result<Agents::Started> Agents::start(const std::string& client, std::uint64_t serial) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return fail_errno("socketpair", errno);
  sys::UniqueFd ours(pair[0]);
  const sys::UniqueFd its(pair[1]);
  sys::SpawnOptions options{.program = program_, .argv = {program_, "--need-policy", "--as", client}};
  options.argv.insert(options.argv.end(), kTimeouts.begin(), kTimeouts.end());
  options.stdin_fd = options.stdout_fd = its.get();
  options.new_session = true;  // A ctrl-C at our terminal is ours: sessions then end in their order.
  sys::Child process = TRY(sys::spawn(options));
  const pid_t pid = process.pid();
  running_.emplace(serial, Agent{client, std::move(process)});
  return Started{std::move(ours), pid};
}

std::vector<Agents::Ended> Agents::reap() {
  std::vector<Ended> ended;
  for (auto each = running_.begin(); each != running_.end();) {
    const Result<std::optional<int>> code = each->second.process.try_wait();
    if (code && !*code) {
      ++each;
    } else {
      ended.push_back({each->first, code ? **code : -1});  // -1: somebody else has taken it.
      each = running_.erase(each);
    }
  }
  return ended;
}

std::map<std::uint64_t, std::string> Agents::running() const {
  std::map<std::uint64_t, std::string> all;
  for (const auto& [serial, agent] : running_) all.emplace(serial, agent.client);
  return all;
}

void Agents::leave() {
  for (auto& [serial, agent] : running_) agent.process.leave();
  running_.clear();
}

}  // namespace stapsh::link
