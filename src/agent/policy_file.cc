// SPDX-License-Identifier: Apache-2.0
#include "agent/policy_file.h"

#include <utility>

#include "agent/runner_privileges.h"
#include "policy/digest_list.h"
#include "policy/policy_reader.h"
#include "session/policy_bounds.h"
#include "sys/capabilities.h"
#include "sys/cgroup_limits.h"
#include "sys/random_name.h"
#include "sys/trusted_file.h"

namespace stapsh::agent {
namespace {

constexpr std::size_t kPolicyBytesMax = 1'000'000;
constexpr std::size_t kSignersBytesMax = 4'000'000;
constexpr std::size_t kNonceCharacters = 32;
constexpr std::size_t kDigestListBytesMax = 10'000'000;

// Of a listener: `limit` and its `name`, where the first statement that has it says less.
void lower(std::uint64_t& limit, std::string& name, const policy::Policy& policy,
           std::optional<std::uint64_t> policy::Bounds::*bound, std::string_view word) {
  for (const policy::LimitStatement& statement : policy.limits) {
    const std::optional<std::uint64_t> value = statement.bounds.*bound;
    if (!value) continue;
    if (*value < limit) {
      limit = *value;
      name = "limit " + std::string(word) + " of policy line " + std::to_string(statement.line) + " there";
    }
    return;
  }
}

std::string beside_policy(std::string_view name) {
  const std::string path = policy_file();
  return path.substr(0, path.rfind('/') + 1) + std::string(name);
}

Result<> read_signers(policy::Policy& policy) {
  const std::optional<std::string> signers = TRY(sys::read_trusted_file(signers_file(), kSignersBytesMax));
  if (!signers) return fail(Errc::kUsage, signers_file() + ": is not there, and signed= and operator= need it");
  policy.allowed_signers = *signers;
  policy.revoked_keys = TRY(sys::read_trusted_file(revoked_keys_file(), kSignersBytesMax)).value_or("");
  return {};
}

// Why no runner here can be held to tasks= or memory=; empty: it can, or need not.
std::string why_no_bounds(const policy::Bounds& bounds) {
  const sys::CgroupLimits limits{bounds.tasks, bounds.memory};
  if (!limits.any()) return {};
  const Result<std::string> place = sys::limited_cgroup_path("stapsh", limits);
  if (place) return {};
  return std::string("limit") + (bounds.tasks ? " tasks=" : "") + (bounds.memory ? " memory=" : "") +
         " can't be kept: " + place.error().what;
}

}  // namespace

const char* policy_file() { return STAPSH_POLICY_FILE; }

std::string signers_file() { return beside_policy("allowed_signers"); }
std::string revoked_keys_file() { return beside_policy("revoked_keys"); }

Result<policy::Policy> policy_of_text(std::string_view text) {
  policy::Policy policy = TRY(policy::parse_policy(text));
  for (auto& [file, digests] : policy.digests) {
    const std::optional<std::string> list = TRY(sys::read_trusted_file(file, kDigestListBytesMax));
    if (!list) return fail(Errc::kUsage, file + ": is not there, and sha256= names it");
    Result<policy::Digests> read = policy::parse_digest_list(*list);
    if (!read) return add_context(file, read.error());
    digests = *std::move(read);
  }
  for (const policy::Statement& statement : policy.statements) {
    if (!statement.run_as.given()) continue;
    const Result<sys::Account> account = account_of_line(statement.run_as);
    if (!account) return add_context("line " + std::to_string(statement.line), account.error());
  }
  if (policy.asks_for_signatures()) TRY(read_signers(policy));
  return policy;
}

Result<std::optional<policy::Policy>> read_policy() {
  const std::optional<std::string> text = TRY(sys::read_trusted_file(policy_file(), kPolicyBytesMax));
  if (!text) return std::optional<policy::Policy>();
  Result<policy::Policy> policy = policy_of_text(*text);
  // What is wrong in a list is said with the list's own name.
  if (!policy && policy.error().what.starts_with('/')) return fail(policy.error());
  if (!policy) return add_context(policy_file(), policy.error());
  return std::optional(*std::move(policy));
}

Error no_policy_error() {
  return {Errc::kSystem, std::string(policy_file()) +
                             ": is not there, and who comes this way needs one; write what "
                             "may run here (stapsh-policy(5))"};
}

void apply_policy(AgentSettings& settings, const policy::Peer& peer, bool needed) {
  Result<std::optional<policy::Policy>> policy = read_policy();
  if (policy && !*policy && needed) policy = fail(no_policy_error());
  if (!policy) {
    settings.gate = policy::Gate{peer, {}, policy.error().what, {}};
  } else if (*policy) {
    const policy::Bounds bounds = (*policy)->bounds_for(peer);
    apply_bounds(settings, bounds);
    // Who can't ask what they may do gives none of it to a runner.
    settings.gate = policy::Gate{peer, **std::move(policy), {}, sys::effective_capabilities().value_or(0)};
    settings.gate->unbounded = why_no_bounds(bounds);
    if (!settings.gate->policy.asks_for_signatures()) return;
    // Without one nothing that must be signed is allowed.
    settings.gate->nonce = sys::random_name(kNonceCharacters).value_or("");
  }
}

Result<> apply_listener_policy(AgentOptions& options) {
  const std::optional<policy::Policy> policy = TRY(read_policy());
  if (!policy) return {};
  lower(options.sessions_max, options.sessions_limit, *policy, &policy::Bounds::sessions, "sessions=");
  lower(options.sessions_per_peer_max, options.per_peer_limit, *policy, &policy::Bounds::per_peer, "per-peer=");
  return {};
}

}  // namespace stapsh::agent
