// SPDX-License-Identifier: Apache-2.0
// What a policy's `log auth` has written down of a run: that it started, was refused, could not start, or ended. As
// values here; audit_text.h says how a log gets them. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/policy_decision.h"

namespace stapsh::policy {

struct AuditRecord {
  enum class Event { kStarted, kRefused, kFailed, kEnded };
  Event event = Event::kStarted;
  /// kRequired: a run that can't be logged does not start. kNone: nobody asked for it, or is told that it failed.
  Logging asked = Logging::kNone;

  std::string who;      ///< As a policy spells it: who_word().
  std::string from;     ///< Where the session comes from, as far as that is known: "ssh 10.0.0.7 50112".
  std::string session;  ///< Its workspace's name; empty: it has none yet.
  std::string runner;
  std::vector<UploadedFile> files;
  std::optional<std::vector<std::string>> args;  ///< None: they were not said.
  std::vector<std::string> environment;          ///< Of the run (option env): NAME=VALUE.
  unsigned line = 0;                             ///< Of the policy; 0: none decided.
  std::string reason;  ///< The line's words, why it was refused or failed, or why it was stopped.

  std::optional<int> exit_code;                  ///< At the end, if it is known.
  std::optional<int> signal;                     ///< That ended the runner.
  std::optional<std::vector<std::string>> left;  ///< At the end: "process 12"; empty: all is clean.
  std::string by = "agent";                      ///< Who writes it: after the agent's death its guardian, or a sweep.

  bool operator==(const AuditRecord&) const = default;
};

/// "uid=1000", "as=oncall", "cid=3"; "nobody known".
std::string who_word(const Peer& peer);

}  // namespace stapsh::policy
