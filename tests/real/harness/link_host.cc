// SPDX-License-Identifier: Apache-2.0
#include "link_host.h"

namespace stapsh::real {

LinkHost::LinkHost(const Scratch& scratch, MountNamespace& mounts, LinkHostOptions options)
    : scratch_(scratch),
      mounts_(mounts),
      options_(std::move(options)),
      config_file_(scratch.path("link-" + options_.host + ".toml")),
      policy_folder_(scratch.make_folder("policy-" + options_.host)) {
  mounts_.policy_folder(policy_folder_);
  if (!options_.policy.empty()) scratch_.write("policy-" + options_.host + "/policy", options_.policy);
}

void LinkHost::write_config(const std::string& url) {
  scratch_.write("link-" + options_.host + ".toml", "site = \"" + options_.site + "\"\nhost = \"" + options_.host +
                                                        "\"\nservers = [\"" + url + "\"]\nstapsh = \"" +
                                                        options_.agent + "\"\n" + options_.top + options_.rest);
}

ProgramOptions LinkHost::command(std::vector<std::string> words) const {
  std::vector<std::string> argv{STAPSH_LINK, "--config", config_file_};
  argv.insert(argv.end(), words.begin(), words.end());
  return {.argv = mounts_.wrap(argv), .env = scratch_.environment()};
}

Program& LinkHost::start(const std::string& url) {
  write_config(url);
  program_ = std::make_unique<Program>(command());
  return *program_;
}

Program& LinkHost::start_connected(const NatsServer& server) { return start_connected(server.url()); }

Program& LinkHost::start_connected(const std::string& url) {
  start(url);
  if (!program_->wait_for_err("connected as " + options_.host)) throw HarnessError(program_->captured());
  return *program_;
}

}  // namespace stapsh::real
