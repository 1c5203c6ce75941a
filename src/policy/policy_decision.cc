// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_decision.h"

#include <algorithm>

#include "base/shown_text.h"
#include "policy/safe_arguments.h"

namespace stapsh::policy {
namespace {

template <typename T, typename Value>
bool has(const std::vector<T>& values, const Value& value) {
  return std::ranges::find(values, value) != values.end();
}

// Why the files are not those that the statement allows; empty: they are.
std::string missed_digest(const Statement& statement, const Policy& policy, const RunRequest& request) {
  if (statement.digest_file.empty()) return {};
  const auto listed = policy.digests.find(statement.digest_file);
  const std::string where = "sha256=@" + statement.digest_file + ": ";
  if (request.files.empty()) return where + "no file was sent";
  for (const UploadedFile& file : request.files) {
    if (file.digest.empty()) continue;
    if (listed == policy.digests.end() || !listed->second.contains(file.digest)) {
      return where + file.name + " (" + file.digest + ") is not in it";
    }
  }
  return {};
}

bool have_any(const std::vector<std::string>& wanted, const Signers& signers) {
  return std::ranges::any_of(signers.principals, [&](const std::string& each) { return has(wanted, each); });
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ",") + value;
  return text;
}

// Why a file is not signed as the statement wants it; empty: each is.
std::string missed_signer(const Statement& statement, const RunRequest& request) {
  if (statement.signers.empty()) return {};
  const std::string where = "signed=" + joined(statement.signers) + ": ";
  if (request.files.empty()) return where + "no file was sent";
  for (const UploadedFile& file : request.files) {
    if (file.signers.unknown || have_any(statement.signers, file.signers)) continue;
    if (!file.signers.principals.empty())
      return where + file.name + ": is signed by " + joined(file.signers.principals);
    return where + file.name + ": " + (file.signers.fault.empty() ? "is not signed" : file.signers.fault);
  }
  return {};
}

// Why the run is not signed as the statement wants it; empty: it is.
std::string missed_operator(const Statement& statement, const RunRequest& request) {
  if (statement.operators.empty() || request.operators.unknown) return {};
  const std::string where = "operator=" + joined(statement.operators) + ": ";
  if (!have_any(statement.operators, request.operators)) {
    const Signers& signers = request.operators;
    if (!signers.principals.empty()) return where + "the run is signed by " + joined(signers.principals);
    return where + (signers.fault.empty() ? "the run is not signed; rstap --sign-key KEY signs it" : signers.fault);
  }
  if (statement.targets.empty() || !request.target || has(statement.targets, *request.target)) return {};
  return "target=" + joined(statement.targets) + ": the run is signed for '" + shown_text(*request.target, 80) + "'";
}

std::string missed_argument(const Statement& statement, const RunRequest& request) {
  if (!statement.only_safe || !request.args) return {};
  std::vector<std::string> names;
  names.reserve(request.files.size());
  for (const UploadedFile& file : request.files) names.push_back(file.name);
  const std::string why = why_not_safe(request.runner, *request.args, names, statement.with_command);
  return why.empty() ? why : "args=safe: " + why;
}

}  // namespace

std::string peer_text(const Peer& peer) {
  if (!peer.name.empty()) return "as " + peer.name;
  if (peer.uid) return "uid " + std::to_string(*peer.uid);
  if (peer.cid) return "cid " + std::to_string(*peer.cid);
  return "one of whom nothing is known";
}

std::string usage_text(const Bounds& bounds) {
  std::string text;
  if (bounds.tasks) text = std::to_string(*bounds.tasks) + " processes and threads";
  if (bounds.memory) text += (text.empty() ? "" : " and ") + std::to_string(*bounds.memory) + " bytes of memory";
  return text.empty() ? text : "at most " + text;
}

bool is_peer_name(std::string_view name) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 64 && name[0] != '-' && name[0] != '.' &&
         name.find_first_not_of(kLetters) == std::string_view::npos;
}

bool is_principal(std::string_view name) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+";
  return !name.empty() && name.size() <= 64 && name[0] != '-' &&
         name.find_first_not_of(kLetters) == std::string_view::npos;
}

bool Policy::asks_for_signatures() const {
  return std::ranges::any_of(statements,
                             [](const Statement& each) { return !each.signers.empty() || !each.operators.empty(); });
}

bool Who::holds_for(const Peer& peer) const {
  if (!uids.empty() && !(peer.uid && has(uids, *peer.uid))) return false;
  if (!cids.empty() && !(peer.cid && has(cids, *peer.cid))) return false;
  return names.empty() || has(names, peer.name);
}

Bounds Policy::bounds_for(const Peer& peer) const {
  Bounds found;
  const auto take_first = [](auto& value, const auto& other) {
    if (!value) value = other;
  };
  for (const LimitStatement& limit : limits) {
    if (!limit.who.holds_for(peer)) continue;
    take_first(found.run, limit.bounds.run);
    take_first(found.stop, limit.bounds.stop);
    take_first(found.grace, limit.bounds.grace);
    take_first(found.idle, limit.bounds.idle);
    take_first(found.workspace, limit.bounds.workspace);
    take_first(found.output, limit.bounds.output);
    take_first(found.tasks, limit.bounds.tasks);
    take_first(found.memory, limit.bounds.memory);
    take_first(found.sessions, limit.bounds.sessions);
    take_first(found.per_peer, limit.bounds.per_peer);
  }
  return found;
}

Decision decide(const Policy& policy, const Peer& peer, const RunRequest& request) {
  // A statement that would allow it but for its files or arguments is what a person wants to know of.
  Decision nearest;
  for (const Statement& statement : policy.statements) {
    if (!statement.who.holds_for(peer)) continue;
    if (!statement.runners.empty() && !has(statement.runners, request.runner)) continue;
    const std::string line = "policy line " + std::to_string(statement.line) + ": ";
    if (!statement.allows && nearest.line != 0) return nearest;
    if (!statement.allows) return {false, statement.line, line + statement.text};
    std::string missed = missed_digest(statement, policy, request);
    if (missed.empty()) missed = missed_signer(statement, request);
    if (missed.empty()) missed = missed_operator(statement, request);
    if (missed.empty()) missed = missed_argument(statement, request);
    if (missed.empty()) return {true, statement.line, statement.text, statement.run_as};
    if (nearest.line == 0) nearest = {false, statement.line, line + missed};
  }
  if (nearest.line != 0) return nearest;
  return {false, 0, "policy: no line allows " + std::string(runner_name(request.runner)) + " to " + peer_text(peer)};
}

Decision Gate::decide(const RunRequest& request) const {
  if (!broken.empty()) return {false, 0, "policy: " + broken};
  Decision decision = policy::decide(policy, peer, request);
  if (!decision.allowed) return decision;
  const std::string why = why_not_from(own_capabilities, decision.run_as);
  if (!why.empty()) return {false, decision.line, "policy line " + std::to_string(decision.line) + ": " + why};
  if (!unbounded.empty()) return {false, decision.line, "policy: " + unbounded};
  return decision;
}

}  // namespace stapsh::policy
