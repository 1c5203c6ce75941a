// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/here.h"

#include <unistd.h>

#include "client/targets/ask_program.h"
#include "protocol/found_runners.h"

namespace stapsh::client {
namespace {

constexpr Duration kVersionLimit = std::chrono::seconds(10);
constexpr std::size_t kVersionBytesMax = 65'536;

Result<ProgramAnswer> ask_version(const std::string& program, const char* option) {
  return ask_program({{program, option}, {}, kVersionLimit, kVersionBytesMax});
}

}  // namespace

HereFacts look_here(const RstapOptions& options, const std::set<std::string>& releases) {
  HereFacts here;
  here.stap_program = options.stap_program;
  if (const Result<ProgramAnswer> stap = ask_version(options.stap_program, "--version")) {
    here.stap = version_said(stap->out + "\n" + stap->errors);
    if (here.stap.empty() && stap->exit_code == 0) here.stap = "of an unknown version";
  }
  here.has_ssh = ask_version(options.reach.ssh_command, "-V").has_value();
  for (const std::string& release : releases) {
    here.has_headers[release] = ::access(("/lib/modules/" + release + "/build/Makefile").c_str(), R_OK) == 0;
  }
  return here;
}

}  // namespace stapsh::client
