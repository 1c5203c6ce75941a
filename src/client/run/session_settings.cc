// SPDX-License-Identifier: Apache-2.0
#include "client/run/session_settings.h"

#include <algorithm>

#include "base/parse_seconds.h"
#include "client/options/option_table.h"
#include "client/options/trace_time.h"

namespace stapsh::client {
namespace {

constexpr Duration kDeadlineLater = std::chrono::seconds(2);

// A stop has three rungs of a grace each, at which a runner need not say a word.
constexpr int kGracesOfPatience = 5;

}  // namespace

ClientSettings session_settings(const RstapOptions& options, const std::string& session, bool sweep_only) {
  ClientSettings settings;
  settings.limits = options.limits;
  settings.force_rfc = options.dialect == Dialect::kRfc;
  settings.verbose = runner_verbosity(options.job);
  if (options.connect_timeout) settings.connect_timeout = *options.connect_timeout;
  if (options.grace) {
    settings.grace = format_seconds(*options.grace);
    settings.stop_timeout = std::max<Duration>(settings.stop_timeout, kGracesOfPatience * *options.grace);
    settings.stop_patience = std::max<Duration>(settings.stop_patience, kGracesOfPatience * *options.grace);
  }
  settings.stop_limit = format_seconds(options.runner_stop_times().limit);
  // The client's clock comes first: it knows when probes were attached, and what it means for others.
  if (const auto time = trace_time(options)) settings.deadline = format_seconds(time->all() + kDeadlineLater);
  if (options.keepalive) settings.keepalive = *options.keepalive;
  settings.want_time = options.output.wants_agent_time();
  settings.want_clock = !sweep_only;
  settings.want_signal = true;
  settings.want_proof = true;
  settings.want_reason = true;
  settings.want_progress = true;
  settings.want_runners = true;
  settings.want_policy = true;
  settings.want_digest = true;
  settings.want_keep = options.reach.keep_modules && !options.dry_run;
  settings.want_environment = options.action == Action::kDoctor;
  settings.session = session;
  settings.environment = options.job.runner_environment;
  settings.sweep_only = sweep_only;
  settings.dry_run = options.dry_run;
  return settings;
}

}  // namespace stapsh::client
