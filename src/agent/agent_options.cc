// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_options.h"

#include <algorithm>

#include "base/parse_int.h"
#include "base/parse_seconds.h"
#include "base/shown_text.h"
#include "policy/policy.h"
#include "protocol/runner_kind.h"
#include "protocol/version.h"
#include "sys/vsock_socket.h"

namespace stapsh::agent {
namespace {

// In brackets: its value is optional, and only behind `=`.
struct OptionEntry {
  std::string_view short_name;  // With '-'; empty if there is none.
  std::string_view name;        // With '--'.
  std::string_view value;       // What help calls its value; empty: it takes none.
  std::string_view help;
  Result<> (*set)(AgentOptions& options, std::string_view value);
};

// For who listens, unless told otherwise. A released client says nothing while it builds.
constexpr Duration kHelloTimeout = std::chrono::seconds(30);
constexpr Duration kIdleTimeout = std::chrono::hours(1);
constexpr std::uint64_t kSessionsMax = 65'536;

Result<> set_count(std::uint64_t& count, std::string_view value, std::uint64_t max) {
  count = TRY(parse_int<std::uint64_t>(value, 1, max));
  return {};
}

constexpr OptionEntry kOptions[] = {
    {"-v", "--verbose", "", "say on standard error what happens",
     [](AgentOptions& o, std::string_view) -> Result<> {
       ++o.settings.verbose;
       return {};
     }},
    {"-l", "--listen", "WHERE",
     "serve sessions at unix:PATH, at vsock:PORT, or at a guest's virtio-serial port: /dev/PATH, or its NAME in "
     "/dev/virtio-ports",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       if (value.starts_with(kVsockPrefix)) {
         TRY(parse_vsock_port(value));
       } else {
         const bool is_port = value.find(':') == std::string_view::npos || value.starts_with('/');
         if (value.empty() || value == kUnixPrefix || (!value.starts_with(kUnixPrefix) && !is_port)) {
           return fail(Errc::kUsage, "'" + std::string(value) +
                                         "' is no place to listen at; give unix:PATH, vsock:PORT, or the name or path "
                                         "of a virtio-serial port");
         }
       }
       o.listen = value;
       return {};
     }},
    {"", "--allow-cid", "CID", "who may connect to vsock:PORT; again for more, `any` for all (2: the host)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       const auto cid = parse_int<std::uint32_t>(value, 0, sys::kVsockCidAny - 1);
       if (!cid && value != "any") return fail(Errc::kUsage, cid.error().what + "; or say any");
       o.allowed_cids.push_back(cid.value_or(sys::kVsockCidAny));
       return {};
     }},
    {"", "--grace", "SECONDS", "what each step of a stop may take without progress (5)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.settings.stop_times.grace = TRY(parse_seconds(value));
       return {};
     }},
    {"", "--grace-max", "SECONDS", "what a client may ask for of it (60, or the value of --grace)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.grace_max = TRY(parse_seconds(value));
       return {};
     }},
    {"", "--stop-limit", "SECONDS",
     "what all of a stop may take, also of a runner that gets on (600); no client gets more",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.settings.stop_times.limit = o.settings.maxima.stop_limit = TRY(parse_seconds(value));
       return {};
     }},
    {"", "--deadline-max", "SECONDS", "stop any run after that long, whatever its client asks for (never)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.settings.maxima.deadline = TRY(parse_seconds(value));
       return {};
     }},
    {"", "--hello-timeout", "SECONDS", "how long a client may take to say hello (30 with --listen; else for ever)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.settings.hello_timeout = TRY(parse_seconds(value));
       return {};
     }},
    {"", "--idle-timeout", "SECONDS",
     "how long a client may say nothing while nothing runs for it (3600 with --listen; else for ever)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.settings.idle_timeout = TRY(parse_seconds(value));
       return {};
     }},
    {"", "--sessions-max", "N", "sessions at unix:PATH or vsock:PORT at a time (256)",
     [](AgentOptions& o, std::string_view value) { return set_count(o.sessions_max, value, kSessionsMax); }},
    {"", "--sessions-per-peer-max", "N", "of these, sessions of one user, or of one CID (128)",
     [](AgentOptions& o, std::string_view value) { return set_count(o.sessions_per_peer_max, value, kSessionsMax); }},
    {"", "--workspaces-bytes-max", "N", "bytes of the files of all these sessions together (1000000000)",
     [](AgentOptions& o, std::string_view value) {
       return set_count(o.workspaces_bytes_max, value, std::uint64_t{1} << 50);
     }},
    {"", "--kept-bytes-max", "N",
     "bytes of the modules that clients may keep here for later sessions; 0: none (256000000)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.kept_bytes_max = TRY(parse_int<std::uint64_t>(value, 0, std::uint64_t{1} << 50));
       return {};
     }},
    {"", "--as", "NAME", "who the client is for the policy of this machine; set it in a forced command or a unit",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       if (!policy::is_peer_name(value)) {
         return fail(Errc::kUsage,
                     "'" + shown_text(value, 40) + "' is no name; letters, digits and ._- are, at most 64");
       }
       o.as = value;
       return {};
     }},
    {"", "--need-policy", "", "allow nothing where this machine has no policy; stapsh-link sets it",
     [](AgentOptions& o, std::string_view) -> Result<> {
       o.needs_policy = true;
       return {};
     }},
    {"", "--check-policy", "[=FILE]", "say what is wrong in the policy, or what it says of a run; see stapsh-policy(5)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.question.asked = true;
       o.question.file = value;
       return {};
     }},
    {"", "--runner", "NAME", "with --check-policy: of a run by it",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       const auto* const entry = std::ranges::find(kRunnerTable, value, &RunnerEntry::program);
       if (entry == kRunnerTable.end()) return fail(Errc::kUsage, "'" + shown_text(value, 40) + "' is no runner");
       o.question.runner = entry->kind;
       return {};
     }},
    {"", "--args", "WORDS", "with --check-policy: with these words for it",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.question.args = value;
       return {};
     }},
    {"", "--uid", "N", "with --check-policy: of this user",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.question.uid = TRY(parse_int<std::uint32_t>(value, 0, sys::kVsockCidAny - 1));
       return {};
     }},
    {"", "--cid", "N", "with --check-policy: of this machine at vsock",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.question.cid = TRY(parse_int<std::uint32_t>(value, 0, sys::kVsockCidAny - 1));
       return {};
     }},
    {"", "--operator", "NAME", "with --check-policy: signed by NAME (rstap --sign-key)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       if (!policy::is_principal(value)) return fail(Errc::kUsage, "no principal: letters, digits and ._-@+ are");
       o.question.signed_by = value;
       return {};
     }},
    {"", "--dialect", "NAME", "rfc: answer only the hello; released: as the client asks (released)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       if (value != "rfc" && value != "released") {
         return fail(Errc::kUsage, "'" + std::string(value) + "' is no dialect; give rfc or released");
       }
       o.settings.force_rfc = value == "rfc";
       return {};
     }},
    {"", "--announce", "VERSION", "the systemtap release that the hello names (5.6)",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       if (value.empty() || value.find_first_of(" \t\r\n") != std::string_view::npos) {
         return fail(Errc::kUsage, "'" + std::string(value) + "' is no version; give one word, like 5.6");
       }
       o.settings.identity.version = value;
       return {};
     }},
    {"", "--say-started", "", "say a line before anything else: for rstap --ask-become-pass, which waits for sudo",
     [](AgentOptions& o, std::string_view) -> Result<> {
       o.says_started = true;
       return {};
     }},
    {"", "--guest", "FOLDER", "remove FOLDER, in which rstap --bootstrap has put us, and keep no file on this machine",
     [](AgentOptions& o, std::string_view value) -> Result<> {
       o.guest_folder = value;
       return {};
     }},
    {"-h", "--help", "", "print this text",
     [](AgentOptions& o, std::string_view) -> Result<> {
       o.help = true;
       return {};
     }},
    {"-V", "--version", "", "print the version",
     [](AgentOptions& o, std::string_view) -> Result<> {
       o.version = true;
       return {};
     }},
};

// One word of the command line, taken apart. `--name=value`, `--name value`, `-nvalue`, `-n value`.
struct Word {
  std::string_view name;
  std::optional<std::string_view> value;
};

Word split_word(std::string_view word) {
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return {word, std::nullopt};
    return {word.substr(0, equals), word.substr(equals + 1)};
  }
  if (word.size() > 2) return {word.substr(0, 2), word.substr(2)};
  return {word, std::nullopt};
}

const LimitEntry* find_limit(std::string_view name) {
  for (const LimitEntry& entry : kLimitTable) {
    if (name.starts_with("--") && name.substr(2) == entry.name) return &entry;
  }
  return nullptr;
}

Result<> set_limit(Limits& limits, const LimitEntry& entry, std::string_view value) {
  limits.*entry.value = TRY(parse_int<std::uint64_t>(value, 1, std::uint64_t{1} << 40));
  return {};
}

// With --check-policy, words that are no options are files: the programs of a run, or the policy itself.
Result<> take_files(AgentOptions& options, const std::vector<std::string_view>& files) {
  PolicyQuestion& question = options.question;
  if (!question.asked) {
    if (question.about_run())
      return fail(Errc::kUsage, "--runner, --args, --uid, --cid and --operator are for --check-policy");
    if (files.empty()) return {};
    return fail(Errc::kUsage, "'" + std::string(files[0]) + "' is no option of stapsh; see stapsh --help");
  }
  if (question.about_run() || !options.as.empty()) {
    question.programs.assign(files.begin(), files.end());
  } else if (files.size() == 1 && question.file.empty()) {
    question.file = files[0];
  } else if (!files.empty()) {
    return fail(Errc::kUsage, "--check-policy: one policy at a time; for a run say --runner");
  }
  return {};
}

const OptionEntry* find_option(std::string_view name) {
  for (const OptionEntry& entry : kOptions) {
    if (name == entry.name || (!entry.short_name.empty() && name == entry.short_name)) return &entry;
  }
  return nullptr;
}

}  // namespace

Result<AgentOptions> parse_agent_options(std::span<const std::string_view> words) {
  AgentOptions options;
  std::vector<std::string_view> files;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto [name, attached] = split_word(words[i]);
    const OptionEntry* const entry = find_option(name);
    const LimitEntry* const limit = find_limit(name);
    if (!words[i].starts_with('-')) {
      files.push_back(words[i]);
      continue;
    }
    if (!entry && !limit) {
      return fail(Errc::kUsage, "'" + std::string(words[i]) + "' is no option of stapsh; see stapsh --help");
    }
    if (entry && (entry->value.empty() || (entry->value.starts_with('[') && !attached))) {
      if (attached && !name.starts_with("--")) {
        // -vv: the same switch again and again.
        if (attached->find_first_not_of(name[1]) != std::string_view::npos) {
          return fail(Errc::kUsage, "'" + std::string(words[i]) + "' is no option of stapsh; see stapsh --help");
        }
        for (std::size_t n = 0; n < attached->size(); ++n) TRY(entry->set(options, {}));
      } else if (attached) {
        return fail(Errc::kUsage, std::string(name) + " takes no value");
      }
      TRY(entry->set(options, {}));
      continue;
    }
    if (!attached && i + 1 == words.size()) return fail(Errc::kUsage, std::string(name) + " needs a value");
    const std::string_view value = attached ? *attached : words[++i];
    const Result<> set = entry ? entry->set(options, value) : set_limit(options.settings.limits, *limit, value);
    if (!set) return add_context(name, set.error());
  }
  TRY(take_files(options, files));
  if (!options.allowed_cids.empty() && !options.listen.value_or("").starts_with(kVsockPrefix)) {
    return fail(Errc::kUsage, "--allow-cid is for --listen vsock:PORT");
  }
  Duration& grace_max = options.settings.maxima.grace;
  const Duration grace = options.settings.stop_times.grace;
  if (options.grace_max && *options.grace_max < grace) return fail(Errc::kUsage, "--grace-max is below --grace");
  grace_max = options.grace_max.value_or(std::max(grace_max, grace));
  if (options.listen) {
    AgentSettings& settings = options.settings;
    if (!settings.hello_timeout) settings.hello_timeout = kHelloTimeout;
    if (!settings.idle_timeout) settings.idle_timeout = kIdleTimeout;
  }
  std::string& version = options.settings.identity.version;
  if (version.empty()) version = options.settings.force_rfc ? kRfcVersion : kSpokenVersion;
  return options;
}

Result<std::uint32_t> parse_vsock_port(std::string_view where) {
  const auto port = parse_int<std::uint32_t>(where.substr(kVsockPrefix.size()), 0, sys::kVsockPortMax);
  if (!port) return add_context(where, port.error());
  return *port;
}

std::string agent_help() {
  std::string text =
      "stapsh: the agent of rstap and of stap --remote\n\n"
      "Usage: stapsh [OPTIONS]                     a session on standard input and output\n"
      "       stapsh [OPTIONS] --listen unix:PATH  sessions at a socket, several at once\n"
      "       stapsh [OPTIONS] --listen vsock:PORT  in a guest, for its host, several at once\n"
      "       stapsh [OPTIONS] --listen PORT       sessions at a guest's port, one after the other\n"
      "       stapsh --check-policy [FILE]         what the policy says; runs nothing\n\n"
      "Receives a module, runs it with staprun, stapbpf, stapdyn or bpftrace, relays its output, and\n"
      "leaves nothing behind. A client starts it, through ssh for example; by hand it only waits for\n"
      "commands.\n\n"
      "Options:\n";
  const auto add = [&text](std::string left, std::string_view right) {
    left.resize(std::max<std::size_t>(left.size() + 2, 28), ' ');
    text += "  " + left + std::string(right) + "\n";
  };
  for (const OptionEntry& entry : kOptions) {
    std::string left = entry.short_name.empty() ? std::string("    ") : std::string(entry.short_name) + ", ";
    left += entry.name;
    if (!entry.value.empty()) left += (entry.value.starts_with('[') ? "" : " ") + std::string(entry.value);
    add(std::move(left), entry.help);
  }
  text += "\nLimits (a client that goes over one gets an error that names it; defaults in parentheses):\n";
  const Limits defaults;
  for (const LimitEntry& entry : kLimitTable) {
    add("    --" + std::string(entry.name) + " N",
        std::string(entry.meaning) + " (" + std::to_string(defaults.*entry.value) + ")");
  }
  text +=
      "\nSIGHUP, SIGINT, SIGTERM, SIGQUIT and SIGPIPE stop the runner, clean up and end.\n"
      "Exit status: the runner's own, 128+N if signal N killed it; 0 if none was run; 1 on an error;\n"
      "2 on a wrong command line.\n"
      "See stapsh(8), and docs/protocol.md for the protocol.\n";
  return text;
}

std::string agent_version() {
  return "stapsh " STAPSH_VERSION ", speaks the protocol of systemtap " + std::string(kSpokenVersion) + "\n";
}

}  // namespace stapsh::agent
