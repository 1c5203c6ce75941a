// SPDX-License-Identifier: Apache-2.0
#include "stap_environment.h"

#include <filesystem>

#include "program.h"

namespace stapsh::real {

StapEnvironment::StapEnvironment(const Scratch& scratch) : scratch_(scratch) {
  kernel_build_ = scratch.path("kernel-build");
  module_build_ = scratch.path("module-build");
  for (const std::string& folder : {kernel_build_, module_build_}) {
    Program make({.argv = {STAPSH_MAKE_KERNEL_BUILD, folder}, .env = scratch.environment()});
    if (make.wait_exit() != 0) throw HarnessError(make.captured());
  }
  scratch.make_folder("module-build/include/generated");
  scratch.write("module-build/Makefile",
                "-include $(M)/Makefile\n"
                "modules:\n\t@echo not a module > $(M)/$(obj-m:.o=.ko)\n"
                "%: ;\n");

  scratch.write("one.stp",
                "probe begin { printf(\"hello\\n\") }\n"
                "probe timer.ms(100) { printf(\"tick\\n\"); exit() }\n"
                "probe end { printf(\"bye\\n\") }\n");
  scratch.write("forever.stp",
                "global n\n"
                "probe begin { printf(\"hello\\n\") }\n"
                "probe timer.ms(100) { printf(\"tick %d\\n\", ++n) }\n"
                "probe end { printf(\"bye\\n\") }\n");

  // A copy: /usr/bin/staprun is about to show the wrapper.
  const std::string real_staprun = scratch.copy_program("/usr/bin/staprun", "real/staprun");
  staprun_ =
      scratch.write("staprun",
                    "#!/bin/sh\nfor word; do case $word in */bpf_*.ko) exec /usr/bin/stapbpf \"$word\";; esac; done\n"
                    "exec " +
                        real_staprun + " \"$@\"\n",
                    0755);
}

void StapEnvironment::wrap_staprun(MountNamespace& mounts) const { mounts.replace("/usr/bin/staprun", staprun_); }

std::string StapEnvironment::disguise(const std::string& script) const {
  const std::string module = scratch_.path("bpf_probe.ko");
  std::filesystem::rename(build(script, "bpf_probe"), module);
  return module;
}

std::string StapEnvironment::build(const std::string& script, const std::string& module_name) const {
  Program stap({.argv = {"stap", "-p4", "--runtime=bpf", "-r", kernel_build_, "-m", module_name, script},
                .env = scratch_.environment(),
                .cwd = scratch_.root()});
  if (stap.wait_exit() != 0) throw HarnessError(stap.captured());
  return scratch_.path(module_name + ".bo");
}

}  // namespace stapsh::real
