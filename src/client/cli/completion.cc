// SPDX-License-Identifier: Apache-2.0
#include "client/cli/completion.h"

#include <fmt/format.h>

#include "client/cli/bash_completion.h"
#include "client/cli/fish_completion.h"
#include "client/cli/zsh_completion.h"

namespace stapsh::client {

Result<std::string> completion_script(std::span<const std::string> words) {
  const std::string shell = words.size() == 1 ? words.front() : "";
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  return fail(Errc::kUsage, "completion: say for which shell: rstap completion bash, zsh or fish");
}

}  // namespace stapsh::client
