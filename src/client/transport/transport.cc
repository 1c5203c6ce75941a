// SPDX-License-Identifier: Apache-2.0
#include "client/transport/transport.h"

namespace stapsh::client {

Result<bool> Transport::connected(int, const ReachOptions&) const { return true; }

bool Transport::can_become(const ReachOptions&) const { return false; }

std::optional<std::string> Transport::stage_input(const ReachOptions&) const { return std::nullopt; }

std::string Transport::speaker() const { return "what answers there"; }

bool Transport::has_failed(std::optional<int>) const { return false; }

std::string Transport::explain_end(const ConnectionEnd& end) const {
  if (!end.last_words.empty()) return std::string(end.last_words);
  if (!end.exit_code || *end.exit_code == 0) return {};
  if (*end.exit_code > 128) return "killed by signal " + std::to_string(*end.exit_code - 128);
  return "its command ended with exit code " + std::to_string(*end.exit_code);
}

std::string Transport::explain_silence(const Silence& silence) const { return std::string(silence.reason); }

std::string Transport::reason_of_end(const Silence& silence) {
  constexpr std::string_view kPrefix = "no hello from stapsh: ";
  std::string_view reason = silence.reason;
  if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
  return std::string(reason);
}

std::string Transport::may_leave(std::optional<int>) const { return {}; }

Result<Connection> Transport::open_tidier() const { return fail(Errc::kUsage, "it leaves nothing"); }

unsigned retries_worth(std::string_view reason) {
  struct Sign {
    std::string_view text;
    unsigned retries;
  };
  static constexpr Sign kSigns[] = {
      {"kex_exchange_identification", kRetriesOfShed},
      {"Connection closed by", kRetriesOfShed},
      {"Connection reset", kRetriesOfShed},
      {"Resource temporarily unavailable", kRetriesOfShed},  // No process can be made at the moment.
      {"Connection refused", 1},
  };
  for (const Sign& sign : kSigns) {
    if (reason.find(sign.text) != std::string_view::npos) return sign.retries;
  }
  return 0;
}

}  // namespace stapsh::client
