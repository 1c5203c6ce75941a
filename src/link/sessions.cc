// SPDX-License-Identifier: Apache-2.0
#include "link/sessions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/parse_int.h"
#include "base/shown_text.h"
#include "broker/message.h"
#include "link/log.h"

namespace stapsh::link {
namespace {

// What clients may have sent and agents have not read yet, of all sessions together.
constexpr std::uint64_t kCreditBytes = std::uint64_t{16} << 20;

FileFetch::Answer answer_of(int status) {
  if (status == 0) return FileFetch::Answer::kBytes;
  return status == nats::kNotFound ? FileFetch::Answer::kNotThere : FileFetch::Answer::kNotNow;
}

// "SESSION.FILE.PIECE"
std::optional<PieceName> parse_piece_name(std::string_view text) {
  std::array<std::uint64_t, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t end = std::min(text.find('.'), text.size());
    const Result<std::uint64_t> number = parse_int<std::uint64_t>(text.substr(0, end), 0, UINT64_MAX);
    if (!number) return std::nullopt;
    numbers[i] = *number;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return PieceName{numbers[0], numbers[1], numbers[2]};
}

}  // namespace

Sessions::Sessions(const Configuration& configuration, const broker::Subjects& subjects, nats::Connection& connection,
                   const sys::Epoll& epoll)
    : sessions_max_(configuration.sessions_max),
      sessions_per_client_max_(configuration.sessions_per_client_max),
      subjects_(subjects),
      connection_(connection),
      epoll_(epoll),
      inbox_(connection.new_inbox() + "."),
      pieces_(connection.new_secret_inbox() + "."),
      pool_(kCreditBytes, configuration.sessions_max),
      agents_(configuration.stapsh) {}

// As a request: a broker that has nobody for it says so. A client that died without a word, before it told its agent a
// keepalive, would leave that agent waiting for an hour.
void Sessions::send(const broker::SessionName& session, const broker::Message& message) {
  const auto known = serials_.find(session);
  connection_.publish(subjects_.up(session), broker::encode(message),
                      known == serials_.end() ? std::string() : inbox_ + std::to_string(known->second));
}

void Sessions::reset(const broker::SessionName& name, std::string_view reason) {
  send(name, broker::Reset{shown_text(reason, broker::kReasonBytesMax - 3)});
}

void Sessions::answer_unasked(std::size_t count) {
  for (; count > 0 && !unasked_.empty(); --count) {
    const std::optional<UnaskedAnswers::Answer> answer = unasked_.next();
    // Its next try may have begun meanwhile.
    if (!serials_.contains(answer->session)) reset(answer->session, answer->reason);
  }
}

void Sessions::ask_for_piece(const PieceName& name, const std::string& sha256) {
  connection_.publish(
      subjects_.store_get(sha256, name.piece), {},
      pieces_ + std::to_string(name.session) + "." + std::to_string(name.file) + "." + std::to_string(name.piece));
}

void Sessions::note_unfetched(const std::string& why) {
  if (std::exchange(has_said_unfetched_, true)) return;
  say(Priority::kWarning, why + "; it comes from its client, which takes longer. If this goes on: may this host say " +
                              subjects_.all_store_get() + ", and does the broker hand that on to its store?");
}

void Sessions::on_message(const broker::SessionName& name, std::string_view bytes, TimePoint now) {
  const auto known = serials_.find(name);
  const Result<broker::Message> message = broker::decode(bytes);
  if (known == serials_.end()) {
    if (!message) return unasked_.add({name, message.error().what});
    if (const auto* opened = std::get_if<broker::Open>(&*message)) return open(name, *opened, now);
    if (!std::holds_alternative<broker::Reset>(*message))
      unasked_.add({name,
                    "there is no such session here: stapsh-link has been started since, or a second one runs as "
                    "this host"});
    return;
  }
  const std::uint64_t serial = known->second;
  if (!message) return settle(serial, fail(message.error()), now);
  if (const auto* ended = std::get_if<broker::Reset>(&*message)) {
    const bool is_over = ended->reason == broker::kFarewell && sessions_.at(serial)->client_has_ended();
    return end_for_client(serial, is_over ? "" : "its client has ended it: " + ended->reason, now);
  }
  settle(serial, sessions_.at(serial)->on_message(*message, now), now);
}

void Sessions::end_for_client(std::uint64_t serial, const std::string& how, TimePoint now) {
  serials_.erase(sessions_.at(serial)->name());
  log_.over(serial, how, now, Priority::kInfo);
  sessions_.at(serial)->on_reset(now);
  settle(serial, {}, now);
}

void Sessions::open(const broker::SessionName& name, const broker::Open& open, TimePoint now) {
  if (stopped_) return refuse(name, *stopped_, now);
  if (const std::optional<std::string> reason = refusal(name.client)) return refuse(name, *reason, now);
  const std::uint64_t serial = next_serial_++;
  Result<Agents::Started> agent = agents_.start(name.client, serial);
  if (!agent) return refuse(name, "no agent could be started: " + agent.error().what, now);
  log_.begun(serial, name, agent->pid, now);
  serials_.emplace(name, serial);
  sessions_.emplace(serial, std::make_unique<HostedSession>(static_cast<SessionHost&>(*this), name, serial,
                                                            std::move(agent->socket), open.credit, pool_, now));
}

void Sessions::refuse(const broker::SessionName& name, const std::string& reason, TimePoint now) {
  unasked_.add({name, reason});
  log_.refused(name, reason, now);
}

// A session whose client has not taken all yet has its place, and an agent that is still tidying up.
std::optional<std::string> Sessions::refusal(const std::string& client) const {
  std::uint64_t all = 0, of_client = 0;
  const auto count = [&](const std::string& whose) {
    ++all;
    if (whose == client) ++of_client;
  };
  for (const auto& [serial, whose] : agents_.running()) count(whose);
  for (const auto& [serial, session] : sessions_) {
    if (!agents_.has(serial) && !session->has_sent_all()) count(session->name().client);
  }
  const auto text = [](const std::string& who, std::uint64_t max, const std::string& key) {
    return who + " " + std::to_string(max) + " sessions, which is " + key +
           " in this host's link.toml; try again when one has ended";
  };
  if (of_client >= sessions_per_client_max_) {
    return text(client + " has", sessions_per_client_max_, "sessions-per-client");
  }
  if (all >= sessions_max_) return text("there are", sessions_max_, "sessions");
  return std::nullopt;
}

void Sessions::on_answer(const nats::Message& message, TimePoint now) {
  const std::string_view subject = message.subject;
  if (subject.starts_with(pieces_)) {
    const std::optional<PieceName> name = parse_piece_name(subject.substr(pieces_.size()));
    if (name) on_piece(*name, message, now);
  } else if (subject.starts_with(inbox_) && message.status == nats::kNoResponders) {
    const auto serial = parse_int<std::uint64_t>(subject.substr(inbox_.size()), 0, UINT64_MAX);
    if (serial) on_nobody(*serial, now);
  }
}

void Sessions::on_nobody(std::uint64_t serial, TimePoint now) {
  const auto session = sessions_.find(serial);
  const auto known = session != sessions_.end() ? serials_.find(session->second->name()) : serials_.end();
  if (known != serials_.end() && known->second == serial) end_for_client(serial, "its client is gone", now);
}

void Sessions::on_piece(const PieceName& name, const nats::Message& message, TimePoint now) {
  const auto found = sessions_.find(name.session);
  if (found == sessions_.end()) return;
  settle(name.session, found->second->on_piece(name, answer_of(message.status), message.data, now), now);
}

void Sessions::on_socket(std::uint64_t serial, std::uint32_t events, TimePoint now) {
  const auto found = sessions_.find(serial);
  if (found == sessions_.end()) return;  // It ended in this turn.
  found->second->on_socket(events, now);
  settle(serial, {}, now);
}

void Sessions::on_time(TimePoint now) {
  std::vector<std::uint64_t> due;
  for (const auto& [serial, session] : sessions_) {
    const std::optional<TimePoint> timer = session->next_timer();
    if (timer && *timer <= now) due.push_back(serial);
  }
  for (const std::uint64_t serial : due) settle(serial, sessions_.at(serial)->on_time(now), now);
}

void Sessions::reap(TimePoint now) {
  for (const auto& [serial, code] : agents_.reap()) {
    log_.agent_ended(serial, code, now);
    const auto found = sessions_.find(serial);
    if (found != sessions_.end()) found->second->on_agent_ended(now);
  }
}

void Sessions::settle(std::uint64_t serial, const Result<>& result, TimePoint now) {
  const auto found = sessions_.find(serial);
  if (result && !found->second->is_over()) return;
  if (!result) reset(found->second->name(), result.error().what);
  log_.over(serial, result ? found->second->trouble() : "it broke off: " + result.error().what, now);
  const auto known = serials_.find(found->second->name());
  if (known != serials_.end() && known->second == serial) serials_.erase(known);  // One that was reset has no name.
  sessions_.erase(found);
}

void Sessions::on_connected() {
  has_said_unfetched_ = false;
  for (const auto& [name, why] : std::exchange(lost_, {})) reset(name, why);
}

void Sessions::on_disconnected(const std::string& why, TimePoint now) {
  for (const auto& [serial, session] : sessions_) {
    log_.over(serial, "the broker was lost: " + why, now);
    lost_.emplace_back(session->name(), "this host had lost its broker: " + why);
  }
  sessions_.clear();
  serials_.clear();
  unasked_.forget();
}

void Sessions::stop(const std::string& why, TimePoint now) {
  stopped_ = why;
  for (const auto& [serial, session] : sessions_) {
    log_.over(serial, why, now);
    reset(session->name(), why);
  }
  sessions_.clear();
  serials_.clear();
}

std::optional<TimePoint> Sessions::next_timer() const {
  std::optional<TimePoint> first;
  for (const auto& [serial, session] : sessions_) {
    const std::optional<TimePoint> timer = session->next_timer();
    if (timer && (!first || *timer < *first)) first = timer;
  }
  return first;
}

void Sessions::watch_all(bool may_read, TimePoint now) {
  std::vector<std::uint64_t> serials;
  for (const auto& [serial, session] : sessions_) serials.push_back(serial);
  for (const std::uint64_t serial : serials) settle(serial, sessions_.at(serial)->watch(epoll_, may_read), now);
}

}  // namespace stapsh::link
