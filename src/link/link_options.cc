// SPDX-License-Identifier: Apache-2.0
#include "link/link_options.h"

#include "base/shown_text.h"

namespace stapsh::link {

Result<LinkOptions> parse_link_options(std::span<const std::string_view> words) {
  constexpr std::string_view kConfig = "--config";
  LinkOptions options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--check-config") {
      options.check_config = true;
    } else if (word == "-h" || word == "--help") {
      options.help = true;
    } else if (word == "-V" || word == "--version") {
      options.version = true;
    } else if (word.starts_with("--config=") && word.size() > kConfig.size() + 1) {
      options.config = word.substr(kConfig.size() + 1);
    } else if (word == kConfig && i + 1 < words.size()) {
      options.config = words[++i];
    } else if (word == kConfig || word == "--config=") {
      return fail(Errc::kUsage, "--config needs a file");
    } else {
      return fail(Errc::kUsage, "'" + shown_text(word) + "' is no option of stapsh-link; see stapsh-link --help");
    }
  }
  return options;
}

std::string link_help() {
  return std::string("stapsh-link: this host's place in a fleet behind a NATS broker\n\n") +
         "Usage: stapsh-link [OPTIONS]\n\n"
         "Keeps one connection to the broker, and starts one stapsh for each session that rstap\n"
         "begins through it (nats://SITE/HOST). What may run here says /etc/stapsh/policy: without\n"
         "one it does not start.\n\n"
         "Options:\n"
         "      --config FILE     which broker, as whom (" +
         kConfigurationFile +
         ")\n"
         "      --check-config    say what is wrong in it; connects nowhere\n"
         "  -h, --help            print this text\n"
         "  -V, --version         print the version\n\n"
         "SIGHUP, SIGINT and SIGTERM end all sessions, and then it; a second one at once.\n"
         "Exit status: 0 after a signal; 1 on an error; 2 where the command line, the\n"
         "configuration or the policy is wrong.\n"
         "See stapsh-link(8).\n";
}

std::string link_version() { return "stapsh-link " STAPSH_VERSION "\n"; }

}  // namespace stapsh::link
