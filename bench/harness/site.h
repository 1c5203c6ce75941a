// SPDX-License-Identifier: Apache-2.0
// Where the benchmarks run: a scratch folder, and a mount namespace of our own, in which other programs can stand
// where agents and clients look for theirs. All of it ends with us.
#pragma once

#include <string>
#include <string_view>

namespace stapsh::bench {

inline constexpr char kStaprun[] = "/usr/bin/staprun";
inline constexpr char kReleasedAgent[] = "/usr/lib/systemtap/stapsh";

class Site {
 public:
  /// Enters the namespace. Needs root there (`unshare -r` is enough for all but sshd).
  Site();
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// From here on, `path` is the file `with`.
  void replace(const std::string& path, const std::string& with) const;
  [[nodiscard]] std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  std::string write(std::string_view name, std::string_view text, unsigned mode = 0644) const;
  /// A program of this build.
  [[nodiscard]] std::string program(std::string_view name) const { return programs_ + "/" + std::string(name); }

 private:
  std::string folder_, programs_;
};

/// A folder that `stap --runtime=bpf -r` takes for the build folder of the running kernel.
std::string make_kernel_build(const Site& site);

/// Whether a program is there: a peer that is not installed is left out.
bool exists(const std::string& path);

}  // namespace stapsh::bench
