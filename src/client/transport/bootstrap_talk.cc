// SPDX-License-Identifier: Apache-2.0
#include "client/transport/bootstrap_talk.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {
namespace {

constexpr std::string_view kMark = "stapsh-stage ";
constexpr std::size_t kLineBytesMax = 8'192;  // A path and a reason.
constexpr unsigned kLeftMax = 16;             // A stage has one folder at a time, and few candidates.

// Whether a line that begins so is the stage's, or may become it.
bool may_be_stages(std::string_view line) { return kMark.starts_with(line) || line.starts_with(kMark); }

}  // namespace

std::string_view BootstrapTalk::on_bytes(std::string_view bytes) {
  while (!bytes.empty() && !over_) {
    const std::size_t newline = bytes.find('\n');
    const bool whole = newline != std::string_view::npos;
    line_ += bytes.substr(0, whole ? newline + 1 : newline);
    bytes.remove_prefix(whole ? newline + 1 : bytes.size());
    if (in_noise_ || !may_be_stages(line_) || line_.size() > kLineBytesMax) {
      make_noise(std::exchange(line_, {}));
      in_noise_ = !whole;
    } else if (whole) {
      const std::string line = std::exchange(line_, {});
      if (!take_line(std::string_view(line).substr(kMark.size(), line.size() - kMark.size() - 1))) make_noise(line);
    }
  }
  return over_ ? bytes : std::string_view();
}

void BootstrapTalk::make_noise(std::string_view text) {
  if (in_noise_ || text != "\n") effects_.emplace_back(StageNoise{std::string(text)});
}

bool BootstrapTalk::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string_view what = line.substr(0, blank);
  std::string text(line.substr(std::min(blank + 1, line.size())));
  // What comes again costs us no more than noise, of which there is an end.
  if ((what == "ready" && std::exchange(is_ready_, true)) || (what == "left" && ++left_ > kLeftMax)) return false;
  if (what == "ready") {
    effects_.emplace_back(WantAgent{std::move(text)});
  } else if (what == "send" && image_.content && !std::exchange(sending_, true)) {
    effects_.emplace_back(SendAgent{image_.content});
  } else if (what == "left") {
    effects_.emplace_back(StageLeft{std::move(text)});
  } else if (what == "failed") {
    over_ = true;
    effects_.emplace_back(StageFailed{std::move(text)});
  } else if (what == "found" || what == "run") {
    over_ = true;
    effects_.emplace_back(AgentStarts{std::move(text), keep_ && what == "run"});
  }
  if (over_) sending_ = false;
  return true;
}

void BootstrapTalk::on_agent(AgentImage image) {
  image_ = std::move(image);
  effects_.emplace_back(SendToStage{std::string(keep_ ? "keep " : "remove ") + std::to_string(image_.content->size()) +
                                    " " + image_.sha256 + " " + token_ + "\n"});
}

std::optional<StageEffect> BootstrapTalk::next_effect() {
  if (effects_.empty()) return std::nullopt;
  StageEffect effect = std::move(effects_.front());
  effects_.pop_front();
  return effect;
}

}  // namespace stapsh::client
