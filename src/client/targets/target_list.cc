// SPDX-License-Identifier: Apache-2.0
#include "client/targets/target_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <utility>

#include "client/targets/host_set.h"

namespace stapsh::client {
namespace {

// Commas and brackets are a path's or a command's own there.
constexpr std::array<std::string_view, 6> kSchemesWithoutSets{
    "unix:", "exec:", "stapsh:", "direct:", "vsock:", "libvirt:"};

std::string_view without_comment(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool starts_word = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (line[at] == '#' && starts_word) line = line.substr(0, at);
  }
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

class TargetLister {
 public:
  Result<> add(std::string_view value, std::string_view folder, unsigned depth) {
    if (value.substr(0, 1) == "@") return add_file(value.substr(1), folder, depth);
    for (std::string& text : TRY(expand_remote(value))) {
      if (targets_.size() == kHostSetMax) {
        return fail(Errc::kUsage, fmt::format("more than {} targets", kHostSetMax));
      }
      RemoteUri uri = TRY(parse_remote_uri(text));
      targets_.push_back({static_cast<unsigned>(targets_.size()), std::move(text), std::move(uri), {}});
    }
    return {};
  }

  std::vector<Target> take_targets() { return std::move(targets_); }

 private:
  Result<> add_file(std::string_view name, std::string_view folder, unsigned depth) {
    if (name.empty()) return fail(Errc::kUsage, "target list '@': a file's name is missing");
    if (depth == kTargetListDepthMax) {
      return fail(Errc::kUsage,
                  fmt::format("target list @{}: lists are nested more than {} deep; does one name itself?", name,
                              kTargetListDepthMax));
    }
    std::string path(name);
    if (path.front() != '/' && !folder.empty()) path = fmt::format("{}/{}", folder, name);
    errno = 0;
    std::ifstream file(path);
    if (!file) return fail_named(fmt::format("target list {}", path), errno);
    const std::size_t slash = path.rfind('/');
    const std::string own_folder = slash == std::string::npos ? "" : path.substr(0, std::max<std::size_t>(slash, 1));
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
      const std::string_view value = without_comment(line);
      if (value.empty()) continue;
      if (Result<> added = add(value, own_folder, depth + 1); !added) {
        return add_context(fmt::format("{}:{}", path, number), std::move(added).error());
      }
    }
    if (file.bad()) return fail_named(fmt::format("target list {}", path), errno);
    return {};
  }

  std::vector<Target> targets_;
};

}  // namespace

Result<std::vector<std::string>> expand_remote(std::string_view value) {
  const auto begins = [&](std::string_view scheme) { return value.substr(0, scheme.size()) == scheme; };
  // A scheme's name without anything behind it can't be a set either; parse_remote_uri has the message for "".
  if (value.empty() || std::ranges::any_of(kSchemesWithoutSets, begins)) {
    return std::vector<std::string>{std::string(value)};
  }
  return expand_host_set(value);
}

Result<std::vector<Target>> list_targets(std::span<const std::string> remotes) {
  TargetLister lister;
  for (const std::string& remote : remotes) TRY(lister.add(remote, "", 0));
  std::vector<Target> targets = lister.take_targets();
  std::map<std::string, std::size_t> same;
  for (const Target& target : targets) ++same[target.text];
  for (Target& target : targets) {
    std::string_view name = target.text;
    if (name.ends_with(':')) name.remove_suffix(1);  // stapsh: and direct: end in what follows a label.
    target.name = same[target.text] > 1 ? fmt::format("{}#{}", name, target.index) : std::string(name);
  }
  return targets;
}

}  // namespace stapsh::client
