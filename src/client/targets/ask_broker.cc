// SPDX-License-Identifier: Apache-2.0
#include "client/targets/ask_broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/selector.h"
#include "broker/subjects.h"
#include "client/relay/words.h"
#include "client/targets/ask_program.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kScheme = "nats://", kAll = "/*";
constexpr Duration kLimit = std::chrono::seconds(40);  // It has narrower ones of its own.

Result<std::vector<std::string>> ask(const NatsSites& sites, std::string_view site, const std::string& selector) {
  TRY(broker::Selector::parse(selector));
  ProgramQuestion question{.argv = {"rstap"}, .limit = kLimit, .program = "/proc/self/exe"};
  for (std::string& word : to_words(WhoWords{TRY(name_site(sites, site)), selector})) {
    question.argv.push_back(std::move(word));
  }
  const Result<ProgramAnswer> asked = ask_program(question);
  if (!asked) return fail(Errc::kPeer, asked.error().what);
  const ProgramAnswer& answer = *asked;
  if (answer.exit_code != 0) return fail(answer.exit_code == kWhoUsage ? Errc::kUsage : Errc::kPeer, answer.reason());
  std::vector<std::string> hosts;
  for (std::string_view rest = answer.out; !rest.empty();) {
    const std::string_view host = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(host.size() + 1, rest.size()));
    if (broker::is_host(host)) hosts.emplace_back(host);
  }
  return hosts;
}

}  // namespace

std::optional<std::string_view> site_of_all(std::string_view text) {
  if (!text.starts_with(kScheme) || !text.ends_with(kAll)) return std::nullopt;
  const std::string_view site = text.substr(kScheme.size(), text.size() - kScheme.size() - kAll.size());
  if (!broker::is_name(site)) return std::nullopt;  // Or a sign of a set is missing: parse_remote_uri() says it.
  return site;
}

Result<std::vector<std::string>> ask_broker(const NatsSites& sites, std::string_view site,
                                            const std::string& selector) {
  Result<std::vector<std::string>> hosts = ask(sites, site, selector);
  if (!hosts) return add_context(fmt::format("{}{}{}", kScheme, site, kAll), std::move(hosts).error());
  return hosts;
}

}  // namespace stapsh::client
