// SPDX-License-Identifier: Apache-2.0
// From the first byte to a connected session: what stands before a hello, and the options that are asked.
#include "base/parse_seconds.h"
#include "protocol/command.h"
#include "protocol/quoted.h"
#include "protocol/wall_time.h"
#include "session/client_session.h"

namespace stapsh {
namespace {

constexpr std::string_view kConcealed = "(not shown: a password or a code was sent)";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kClockAnswer = "clock=";
constexpr std::string_view kNoEnvironment = "its stapsh knows no --env; install this one there, or leave --env out";
constexpr std::size_t kNonceBytesMin = 16, kNonceBytesMax = 64;

}  // namespace

// What a login shell says before the agent starts.
void ClientSession::note_noise(std::string_view line) {
  noise_bytes_ += line.size() + 1;
  const std::string hello = format_command(HelloCommand{std::string(rfc_ ? kRfcVersion : kSpokenVersion)});
  echoed_ = echoed_ || line.substr(0, line.find('\r')) == std::string_view(hello).substr(0, hello.size() - 1);
  if (conceals_noise_) line = line.find_first_not_of(kBlanks) == std::string_view::npos ? "" : kConcealed;
  if (noise_bytes_ > kNoiseBytesMax) {
    return fail_session("no hello from stapsh in " + std::to_string(kNoiseBytesMax) + " bytes, the last line was '" +
                        printable(line) + "'; what runs there?");
  }
  if (line.find_first_not_of(kBlanks) != std::string_view::npos) last_noise_ = printable(line);
  if (!line.empty()) emit(Note{printable(line), true});
}

// A start file can print text without an end, a terminal's title for example: the hello stands behind it.
bool ClientSession::take_hello_behind_text(std::string_view line, TimePoint now) {
  const std::string_view hello = agent_hello_at_end(line);
  if (hello.empty() || hello.size() == line.size()) return false;
  note_noise(line.substr(0, line.size() - hello.size()));
  if (!ended()) on_hello(std::get<HelloLine>(parse_agent_line(hello)), now);
  return true;
}

// The account says why more often than its exit code does: "This account is not available."
std::string ClientSession::no_hello(std::string_view what, std::string_view because) const {
  std::string said = last_noise_;
  if (const std::string_view half = lines_.partial(); half.find_first_not_of(kBlanks) != std::string_view::npos) {
    said = conceals_noise_ ? std::string(kConcealed) : printable(half);
  }
  std::string text = "no hello from stapsh" + std::string(what);
  if (!said.empty()) text += ": " + settings_.speaker + " prints \"" + said + "\"";
  if (!because.empty()) text += (said.empty() ? ": " : "; ") + std::string(because);
  return text;
}

void ClientSession::on_hello(const HelloLine& hello, TimePoint now) {
  hello_seen_ = true;
  // They become words of a build's command line.
  for (const std::string& word : {hello.machine, hello.release}) {
    if (!check_file_name(word)) return fail_session("the agent says it runs on '" + printable(word) + "'; it does not");
  }
  hello_ = hello;
  agent_version_ = parse_version(hello.version);
  rfc_ = rfc_ || agent_version_ < kFirstReleased;
  if (stopping_) return;
  if (!unanswered_.empty()) return;  // It was asked already.
  if (rfc_ || agent_version_ < kFirstWithOption) return become_connected(now);
  ask_options({"exit"}, now);
}

void ClientSession::ask_options(std::vector<std::string> names, TimePoint now) {
  for (std::string& name : names) to_ask_.push_back(std::move(name));
  ask_next(now);
}

void ClientSession::ask_next(TimePoint now) {
  while (!to_ask_.empty() && (ours_ || unanswered_.empty())) {
    if (to_ask_.front() == "clock") clock_asked_at_ = now;
    emit(SendBytes{format_command(OptionCommand{to_ask_.front(), std::nullopt})});
    unanswered_.push_back(std::move(to_ask_.front()));
    to_ask_.pop_front();
  }
}

void ClientSession::on_option_reply(bool ok, const std::string& text, TimePoint now) {
  const std::string name = unanswered_.front();
  unanswered_.pop_front();
  if (phase_ == Phase::kSending) {
    if (stopping_) return;
    deadline_ = now + settings_.reply_timeout;
    return ok ? send_files() : fail_session(has_no_runner());
  }
  if (stopping_) return;
  if (name == "data") framed_ = ok;
  if (name == "digest") verifies_ = ok;
  if (name.starts_with("env=") && !ok) {
    return fail_session(text.starts_with("Invalid option") ? std::string(kNoEnvironment) : "--env: " + text);
  }
  if (name.starts_with("keepalive=") && ok) keepalive_.enable(*settings_.keepalive);
  if (name == "exit") {
    ours_ = ok;
    std::vector<std::string> further(settings_.verbose, "verbose");
    if (ours_ || !settings_.transport_is_rich) further.insert(further.begin(), "data");
    if (ours_ && settings_.want_signal) further.emplace_back("signal");
    if (ours_ && settings_.want_time) further.emplace_back("time");
    if (ours_ && settings_.want_clock) further.emplace_back("clock");
    if (ours_ && !settings_.grace.empty()) further.push_back("grace=" + settings_.grace);
    if (ours_ && !settings_.deadline.empty()) further.push_back("deadline=" + settings_.deadline);
    if (ours_ && settings_.keepalive) further.push_back("keepalive=" + format_seconds(*settings_.keepalive));
    if (ours_ && settings_.want_proof) further.emplace_back("proof");
    if (ours_ && settings_.want_reason) further.emplace_back("reason");
    if (ours_ && settings_.want_progress) further.emplace_back("progress");
    if (ours_ && !settings_.stop_limit.empty()) further.push_back("stop-limit=" + settings_.stop_limit);
    if (ours_ && !settings_.session.empty() && !settings_.sweep_only) further.push_back("session=" + settings_.session);
    for (const std::string& variable : settings_.environment) {
      if (ours_ && !settings_.sweep_only) further.push_back("env=" + quote(variable));
    }
    if (ours_ && settings_.want_digest && !settings_.sweep_only) {
      further.emplace_back("digest");
      if (settings_.want_keep) further.emplace_back("keep");
    }
    if (ours_ && settings_.want_policy && !settings_.sweep_only) {
      further.emplace_back("policy");
      further.emplace_back("nonce");
    }
    if (ours_ && settings_.want_environment && !settings_.sweep_only) further.emplace_back("environment");
    // The last one: the agent may have to ask them first.
    if (ours_ && settings_.want_runners && !settings_.sweep_only) further.emplace_back("runners");
    return further.empty() ? become_connected(now) : ask_options(std::move(further), now);
  }
  ask_next(now);
  if (unanswered_.empty()) return become_connected(now);
  // It is there; who is slow now is a runner that is asked.
  if (unanswered_.front() == "runners") deadline_ = now + settings_.reply_timeout;
}

// What stands behind an OK; false: it is no answer to what was asked.
bool ClientSession::take_granted(std::string_view granted, TimePoint now) {
  if (granted.starts_with(kClockAnswer)) return take_clock(granted, now);
  if (granted.starts_with(kRunnersAnswer)) return take_runners(granted);
  if (granted.starts_with(kEnvironmentAnswer)) return take_environment(granted);
  if (granted.starts_with(kKeptAnswer)) return take_kept(granted);
  if (granted.starts_with(kNonceAnswer)) return take_nonce(granted);
  if (granted.starts_with(kPolicyAnswer)) return take_policy(granted);
  if (!granted.empty()) {
    granted_ += (granted_.empty() ? "" : ", ") + printable(granted);
    emit(Note{"its agent grants no more than " + printable(granted)});
  }
  return true;
}

// It is asked together with the others; what lies between the question and the answer is the clock's uncertainty.
bool ClientSession::take_clock(std::string_view granted, TimePoint now) {
  const std::optional<WallTime> agent = parse_wall_time(granted.substr(kClockAnswer.size()));
  if (!agent || unanswered_.empty() || unanswered_.front() != "clock") return false;
  clock_ = ClockReading{*agent, clock_asked_at_, now};
  return true;
}

bool ClientSession::take_runners(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "runners") return false;
  runners_ = parse_found_runners(granted.substr(kRunnersAnswer.size()));
  return true;
}

// What stands behind its first word is what each run is held to there.
bool ClientSession::take_policy(std::string_view granted) {
  const std::string_view bounds = granted.substr(kPolicyAnswer.size());
  if (!bounds.empty() && bounds.front() != ',') return false;
  has_policy_ = true;
  if (bounds.size() > 1) emit(Note{"its policy grants no more than " + printable(bounds.substr(1))});
  return true;
}

bool ClientSession::take_nonce(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "nonce") return false;
  // It becomes a word of what a person signs.
  nonce_ = granted.substr(kNonceAnswer.size());
  return nonce_.size() >= kNonceBytesMin && nonce_.size() <= kNonceBytesMax && std::ranges::all_of(nonce_, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

bool ClientSession::take_environment(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "environment") return false;
  environment_ = parse_environment(granted.substr(kEnvironmentAnswer.size()));
  return true;
}

bool ClientSession::take_kept(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "keep") return false;
  const Result<std::string> folder = unquote(granted.substr(kKeptAnswer.size()));
  if (!folder || folder->empty()) return false;
  kept_ = printable(*folder);
  return true;
}

void ClientSession::become_connected(TimePoint now) {
  phase_ = Phase::kConnected;
  if (settings_.sweep_only) {
    if (!ours_) return fail_session("its stapsh knows no sweep; install this one there");
    phase_ = Phase::kStarting;
    deadline_ = now + settings_.connect_timeout;
    return emit(SendBytes{format_command(SweepCommand{settings_.session})});
  }
  if (!ours_ && !settings_.environment.empty()) return fail_session(std::string(kNoEnvironment));
  deadline_.reset();  // How long a build takes is not the target's affair.
  emit(Connected{hello_, clock_, runners_, environment_, kept_});
}

}  // namespace stapsh
