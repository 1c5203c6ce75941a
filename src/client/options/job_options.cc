// SPDX-License-Identifier: Apache-2.0
#include "client/options/job_options.h"

#include "client/options/quote_shell_words.h"

namespace stapsh::client {

std::string JobOptions::command_line() const {
  std::vector<std::string> words{script_name()};
  if (script_kind == ScriptKind::kText || lists()) words.push_back(script);
  words.insert(words.end(), script_arguments.begin(), script_arguments.end());
  return quote_shell_words(words);
}

}  // namespace stapsh::client
