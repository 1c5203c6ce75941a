// SPDX-License-Identifier: Apache-2.0
// Targets' names as names of files, no two the same. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace stapsh::client {

class TargetFileNames {
 public:
  /// Of the next target. Never empty, without a '/' or a control character, not beginning with a '.', at most 200
  /// bytes. What can't be in it is %XX, as in a URL: "unix:/run/a" is "unix:%2Frun%2Fa". The end of a long name gives
  /// way to
  /// "%~" and a number made of all of it; should two long names have the same number, the second has "%~2" behind it.
  std::string add(std::string_view target_name);

 private:
  std::set<std::string> given_;
};

}  // namespace stapsh::client
