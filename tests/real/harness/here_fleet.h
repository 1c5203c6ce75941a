// SPDX-License-Identifier: Apache-2.0
// A fleet of any size on this machine: ssh starts an agent here, whatever host it is told, and the runner is a shell
// script that finds in $WHO as which host it runs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "remote_test.h"

namespace stapsh::real {

class HereFleetTest : public RemoteTest {
 protected:
  HereFleetTest() { mounts_.replace("/usr/bin/stapsh", agent_program()); }

  /// From here on the runner does what `shell` says, but that nobody learns its version.
  void set_runner(const std::string& shell) {
    const std::string name = "staprun" + std::to_string(runners_++);
    mounts_.replace("/usr/bin/staprun",
                    scratch_.write(name, "#!/bin/sh\n[ \"$*\" = -V ] && exit\n" + shell + "\n", 0755));
  }
  /// rstap on `hosts`; `words` stand before the module.
  ProgramOptions rstap_on(const std::string& hosts, std::vector<std::string> words) const {
    const std::string ssh =
        scratch_.write("ssh-here",
                       "#!/bin/sh\nwhile :; do case $1 in -[opl]) shift 2;; -*) shift;; *) break;; esac; done\n"
                       "WHO=$1 exec /usr/bin/stapsh\n",
                       0755);
    std::vector<std::string> all{STAPSH_CLIENT, "--ssh", ssh, "--remote", hosts};
    all.insert(all.end(), words.begin(), words.end());
    if (module_.empty()) {
      all.push_back(scratch_.write("probe.ko", "no module"));
    } else {
      all.push_back(module_);
    }
    return client(all);
  }
  /// Instead of a module that our runner takes.
  void set_module(std::string module) { module_ = std::move(module); }

 private:
  std::string module_;
  int runners_ = 0;
};

}  // namespace stapsh::real
