// SPDX-License-Identifier: Apache-2.0
#include "client/run/agent_bringing.h"

#include <utility>

#include "base/overloaded.h"
#include "protocol/command.h"
#include "protocol/session_id.h"
#include "sys/random_name.h"

namespace stapsh::client {

AgentBringing::AgentBringing(const RunContext& context, TargetProgress& progress, AgentInput& input,
                             std::string stage_input)
    : context_(context),
      progress_(progress),
      input_(input),
      talk_(context.options.reach.bootstrap == Bootstrap::kKeep, sys::random_name(kSessionIdCharacters).value_or("0")) {
  if (!stage_input.empty()) input_.send(std::move(stage_input));
}

void AgentBringing::send(std::string command) {
  if (talk_.is_over() && failure_.empty()) return input_.send(std::move(command));
  held_ += command;
}

std::string_view AgentBringing::on_bytes(std::string_view bytes) {
  if (talk_.is_over() || !failure_.empty()) return bytes;
  for_session_.clear();
  const std::string_view rest = talk_.on_bytes(bytes);
  while (failure_.empty()) {  // After the first one nothing it says counts.
    std::optional<StageEffect> effect = talk_.next_effect();
    if (!effect) break;
    perform(*std::move(effect));
  }
  for_session_ += rest;
  return for_session_;
}

void AgentBringing::perform(StageEffect effect) {
  has_spoken_ = has_spoken_ || !std::holds_alternative<StageNoise>(effect);
  std::visit(Overloaded{
                 [&](const StageNoise& e) { for_session_ += e.text; },
                 [&](const WantAgent& e) { find_agent(e.machine); },
                 [&](SendToStage& e) {
                   adrift_ = true;
                   progress_.note_arriving(true);
                   input_.send(std::move(e.line));
                 },
                 [&](const SendAgent& e) {
                   progress_.note("no agent there: bringing one of " + std::to_string(e.content->size()) + " bytes");
                   input_.send(e.content);
                 },
                 [&](const StageLeft& e) {
                   progress_.note_left({"directory", printable(e.path)});
                 },
                 [&](StageFailed& e) {
                   adrift_ = false;
                   progress_.note_arriving(false);
                   fail(printable(e.reason));
                 },
                 [&](const AgentStarts& e) {
                   progress_.note("its agent is " + printable(e.path));
                   is_kept_ = e.is_kept;
                   if (e.is_kept) progress_.note_kept(printable(e.path));
                   if (!held_.empty()) input_.send(std::exchange(held_, {}));
                 },
             },
             effect);
}

void AgentBringing::find_agent(const std::string& machine) {
  Result<AgentImage> image = context_.images.find(machine);
  if (!image) return fail(printable(image.error().what));
  talk_.on_agent(*std::move(image));
}

void AgentBringing::fail(std::string reason) {
  failure_ = "--bootstrap: " + std::move(reason);
  input_.end();
}

void AgentBringing::note_greeted() {
  adrift_ = false;
  progress_.note_arriving(false);
}

}  // namespace stapsh::client
