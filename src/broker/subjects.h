// SPDX-License-Identifier: Apache-2.0
// The names by which a broker hands messages on: rstap.SITE.… . Host and client are tokens of their own, so that a
// broker's permissions decide who hears whom and who speaks as whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stapsh::broker {

/// Whether `text` can be a site, a client or a run: 1 to 64 letters, digits, '-' and '_'.
bool is_name(std::string_view text);
/// Whether `text` can be a host: 1 to 253 letters, digits, '-', '_' and '.', none at its ends twice in a row.
bool is_host(std::string_view text);

/// What subjects begin with that are somebody's own, for answers to what they ask.
inline constexpr std::string_view kInboxes = "_INBOX.";

/// What a session is known by, at both ends.
struct SessionName {
  std::string host;
  std::string client;        ///< Who traces: a name that the broker's permissions go by.
  std::string run;           ///< One rstap's; random.
  std::uint32_t number = 0;  ///< Of this run's sessions.
  auto operator<=>(const SessionName&) const = default;
};

class Subjects {
 public:
  /// `site` is a name.
  explicit Subjects(std::string_view site) : prefix_("rstap." + std::string(site) + ".") {}

  /// Where a client asks all links who they are (who.h): rstap.SITE.who.CLIENT.
  [[nodiscard]] std::string who(std::string_view client) const { return prefix_ + "who." + std::string(client); }
  /// The reply subject of such a question, rstap.SITE.here.CLIENT.RUN; and where a host answers it, which only that
  /// host may: rstap.SITE.here.CLIENT.RUN.HOST.
  [[nodiscard]] std::string here(std::string_view client, std::string_view run) const;
  [[nodiscard]] std::string here(std::string_view client, std::string_view run, std::string_view host) const;
  /// From a client to a host: rstap.SITE.node.HOST.CLIENT.RUN.NUMBER.
  [[nodiscard]] std::string down(const SessionName& session) const;
  /// As down(), to a host that there can't be: who asks something there is told so by the broker itself, at once.
  [[nodiscard]] std::string nobody(std::string_view client, std::string_view run) const;
  /// From a host to a client: rstap.SITE.up.CLIENT.RUN.HOST.NUMBER.
  [[nodiscard]] std::string up(const SessionName& session) const;
  /// A piece of a file that is known by its SHA-256: rstap.SITE.file.SHA256.PIECE.
  [[nodiscard]] std::string file(std::string_view sha256, std::uint64_t piece) const;

  /// The store of such pieces. Where a piece is fetched: rstap.SITE.store.get.SHA256.PIECE; where JetStream's
  /// STREAM.MSG.GET and STREAM.CREATE of it are asked for: rstap.SITE.store.find and .create.
  [[nodiscard]] std::string store_get(std::string_view sha256, std::uint64_t piece) const;
  [[nodiscard]] std::string all_store_get() const { return prefix_ + "store.get.*.*"; }
  [[nodiscard]] std::string store_find() const { return prefix_ + "store.find"; }
  [[nodiscard]] std::string store_create() const { return prefix_ + "store.create"; }
  /// Whether `subject` is one of a piece or of the store.
  [[nodiscard]] bool is_of_store(std::string_view subject) const;

  /// All such questions, all that is for a host, and all that is for a run: a subscription each.
  [[nodiscard]] std::string all_who() const { return who("*"); }
  [[nodiscard]] std::string all_down(std::string_view host) const;
  [[nodiscard]] std::string all_up(std::string_view client, std::string_view run) const;

  /// Who asks who is there at `subject`, to be answered at `reply`; none: it is no such subject, or another's reply
  /// subject, which the broker's permissions do not keep anybody from naming.
  [[nodiscard]] std::optional<std::string> client_of_who(std::string_view subject, std::string_view reply) const;
  [[nodiscard]] bool is_who(std::string_view subject) const { return subject.starts_with(who("")); }
  /// Whose session it is about; none: it is no such subject.
  [[nodiscard]] std::optional<SessionName> session_of_down(std::string_view subject) const;
  [[nodiscard]] std::optional<SessionName> session_of_up(std::string_view subject) const;

 private:
  std::string prefix_;
};

/// A host as one token: its dots are slashes there.
std::string host_token(std::string_view host);

}  // namespace stapsh::broker
