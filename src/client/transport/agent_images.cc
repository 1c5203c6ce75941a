// SPDX-License-Identifier: Apache-2.0
#include "client/transport/agent_images.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/sha256.h"
#include "sys/executable.h"
#include "sys/open_inside.h"
#include "sys/uname.h"
#include "sys/unique_fd.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kImageBytesMax = std::size_t{64} << 20;
constexpr std::string_view kOurMark = ", speaks the protocol of systemtap ";  // stapsh --version

std::string agents_folder() { return sys::own_folder() + "/../lib/rstap/agents"; }

std::string agent_in_folder(const std::string& machine) {
  const std::array<std::string, 1> folder{agents_folder() + "/" + machine};
  return sys::find_executable(folder, "stapsh").value_or("");
}

// A target's word, that becomes part of a path.
bool is_machine(const std::string& machine) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !machine.empty() && machine.find_first_not_of(kCharacters) == std::string::npos;
}

// "aarch64, x86_64", with our own.
std::string known_machines() {
  std::vector<std::string> machines{sys::kernel_uname().machine};
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(agents_folder(), none)) {
    std::string name = entry.path().filename();
    if (!agent_in_folder(name).empty()) machines.push_back(std::move(name));
  }
  std::sort(machines.begin(), machines.end());
  machines.erase(std::unique(machines.begin(), machines.end()), machines.end());
  std::string text;
  for (const std::string& machine : machines) text += (text.empty() ? "" : ", ") + machine;
  return text;
}

}  // namespace

Result<std::string> find_local_agent(const ReachOptions& options) {
  if (options.stapsh_program) return *options.stapsh_program;
  const std::array<std::string, 1> beside{sys::own_folder()};
  if (auto found = sys::find_executable(beside, "stapsh")) return *std::move(found);
  if (auto found = sys::find_in_path("stapsh")) return *std::move(found);
  static const std::array<std::string, 3> kHidden{"/usr/lib/systemtap", "/usr/libexec/systemtap", "/usr/local/bin"};
  if (auto found = sys::find_executable(kHidden, "stapsh")) return *std::move(found);
  return fail(Errc::kSystem, "stapsh: not found beside rstap, in PATH or in /usr/lib/systemtap; give --stapsh PATH");
}

Result<std::string> AgentImages::path_for(const std::string& machine) const {
  const bool is_own = machine == sys::kernel_uname().machine;
  if (is_own && options_.stapsh_program) return *options_.stapsh_program;
  if (is_machine(machine)) {
    if (std::string path = agent_in_folder(machine); !path.empty()) return path;
  }
  if (is_own) return find_local_agent(options_);
  return fail(Errc::kUsage, "it is a " + machine + ", and rstap has agents for " + known_machines() +
                                " alone; put one at lib/rstap/agents/MACHINE/stapsh beside rstap's folder");
}

void AgentImages::prepare() { (void)find(sys::kernel_uname().machine); }

Result<AgentImage> AgentImages::find(const std::string& machine) {
  if (const auto known = images_.find(machine); known != images_.end()) return known->second;
  const std::string path = TRY(path_for(machine));
  const sys::UniqueFd file = TRY(sys::open_at(AT_FDCWD, path, O_RDONLY));
  std::string content = TRY(sys::read_whole(file.get(), kImageBytesMax));
  if (content.find(kOurMark) == std::string::npos) {
    return fail(Errc::kUsage, path + ": is no agent that could be brought: not this stapsh, but another program");
  }
  AgentImage image{nullptr, sha256_hex(content)};
  image.content = std::make_shared<const std::string>(std::move(content));
  return images_.emplace(machine, std::move(image)).first->second;
}

}  // namespace stapsh::client
