// SPDX-License-Identifier: Apache-2.0
// Reads what a build host prints: what a login shell has to say, `NAME FOLDER` on a line, `code N`, and parts, each
// `NAME SIZE` on a line with SIZE bytes behind it; at last `end 0`. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stapsh::client {

class BuildHostOutput {
 public:
  /// `name`: see build_host_name().
  explicit BuildHostOutput(const std::string& name) : mark_(name + " "), folder_end_("/" + name + "/b") {}

  void add(std::string_view bytes);

  /// Files can be sent.
  [[nodiscard]] bool ready() const { return ready_; }
  /// Where they are then.
  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// Nothing more will come that makes sense.
  [[nodiscard]] bool ended() const { return ended_; }
  /// All has come.
  [[nodiscard]] bool complete() const { return ended_ && !broken_ && exit_code_.has_value(); }
  [[nodiscard]] int exit_code() const { return exit_code_.value_or(1); }
  /// `out`, `errors` (of which no more than 1 MiB is kept), `module` or `signature`; null: there is none. Theirs to
  /// move from.
  [[nodiscard]] std::string* part(const std::string& name);

 private:
  void take_line(std::string_view line);

  std::string mark_, folder_end_, folder_;
  std::string unread_;
  bool ready_ = false, ended_ = false, broken_ = false;
  std::optional<int> exit_code_;
  std::map<std::string, std::string> parts_;
  std::string* filling_ = nullptr;      // Of which `missing_` bytes are to come.
  std::size_t missing_ = 0, room_ = 0;  // `room_` of these are kept.
  bool is_cut_ = false;
};

}  // namespace stapsh::client
