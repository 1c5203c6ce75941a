// SPDX-License-Identifier: Apache-2.0
// The client. See rstap(1).
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/completion.h"
#include "client/cli/replay_arguments.h"
#include "client/fleet/fleet_command.h"
#include "client/prompts/askpass.h"
#include "client/relay/relay.h"
#include "client/relay/who_there.h"
#include "client/relay/words.h"
#include "client/targets/target_list.h"
#include "libvirt/guest_command.h"
#include "libvirt/relay.h"
#include "programs/doctor.h"
#include "programs/replay.h"
#include "programs/run_job.h"
#include "programs/run_program.h"
#include "programs/sign_files.h"
#include "sys/descriptor_limit.h"

namespace {

/// Some first words are commands with a command line of their own, and no configuration. Nothing: it is none of them.
stapsh::Result<std::optional<int>> run_command(std::span<const std::string> words) {
  using namespace stapsh;
  if (words.empty()) return std::optional<int>();
  const std::string& first = words.front();
  const std::span<const std::string> rest = words.subspan(1);
  std::optional<int> code;
  if (first == libvirt::kRelayWord) code = TRY(libvirt::run_relay(rest));
  if (first == libvirt::kTidyWord) code = TRY(libvirt::run_tidy(rest));
  if (first == client::kNatsRelayWord) code = TRY(client::run_nats_relay(rest));
  if (first == client::kNatsWhoWord) code = TRY(client::run_nats_who(rest));
  if (first == "completion") {
    const std::string text = TRY(client::completion_script(rest));
    code = TRY(print_text(text));
  }
  if (first == "fleet") {
    const client::FleetOptions options = TRY(client::parse_fleet_words(rest));
    const std::string text = TRY(client::run_fleet_command(options));
    code = TRY(print_text(text));
  }
  if (first == "guest") {
    const libvirt::GuestOptions options = TRY(libvirt::parse_guest_words(rest));
    const std::string text = TRY(libvirt::run_guest_command(options));
    code = TRY(print_text(text));
  }
  if (first == "sign") code = TRY(sign_files(rest));
  return code;
}

stapsh::Result<int> run_replay(std::span<const std::string> words, const stapsh::client::Defaults& defaults) {
  using namespace stapsh;
  const client::ReplayOptions options = TRY(client::parse_replay_arguments(words, defaults));
  return options.show_help ? print_text(client::replay_help()) : client::replay_recording(options);
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

stapsh::client::DefaultsEnvironment defaults_environment() {
  return {variable("RSTAP_OPTIONS"), variable("RSTAP_CONFIG"), variable("XDG_CONFIG_HOME"), variable("HOME")};
}

/// What --list-hosts asks for.
stapsh::Result<int> list_hosts(stapsh::client::RstapOptions& options) {
  TRY(stapsh::client::leave_out_succeeded(options));
  std::string text;
  for (const stapsh::client::Target& target :
       TRY(stapsh::client::list_targets(options.targets, options.reach.nats)).targets) {
    (text += target.name) += '\n';
  }
  return stapsh::print_text(text);
}

stapsh::Result<int> run(const std::vector<std::string>& words, const std::vector<int>& ignored_signals) {
  using namespace stapsh;
  if (const std::optional<int> code = TRY(run_command(words))) return *code;
  const client::Defaults defaults = TRY(client::read_defaults(words, defaults_environment()));
  const std::vector<std::string> expanded = client::expand_alias(words, defaults);
  if (const std::optional<int> code = TRY(run_command(expanded))) return *code;
  if (!expanded.empty() && expanded.front() == "replay") {
    return run_replay(std::span(expanded).subspan(1), defaults);
  }
  client::RstapOptions options = TRY(client::parse_rstap_arguments(expanded, defaults));
  options.words = words;
  switch (options.action) {
    case client::Action::kShowHelp:
      return print_text(client::rstap_help());
    case client::Action::kShowVersion:
      return print_text("rstap " STAPSH_VERSION "\n");
    case client::Action::kListHosts:
      return list_hosts(options);
    case client::Action::kDoctor:
      return client::run_doctor(options, ignored_signals);
    case client::Action::kRun:
    case client::Action::kSweep:
      break;
  }
  return client::run_job(options, ignored_signals);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace stapsh;
  return run_program("rstap", [&](const std::vector<int>& ignored_signals) -> Result<int> {
    const std::vector<std::string> words(argv, argv + argc);
    if (const auto question = client::askpass_words(words)) return client::run_askpass(*question);
    Result<int> code = run({argv + 1, argv + argc}, ignored_signals);
    if (!code) return fail(sys::with_descriptor_advice(code.error()));
    return code;
  });
}
