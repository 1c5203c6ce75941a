// SPDX-License-Identifier: Apache-2.0
// The headers of a bpftrace program: those that --include names, and those that it and they include from the folders
// of -I. They are sent along; all lie beside the program, so none of them can be in a folder of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/build/module.h"
#include "client/options/job_options.h"

namespace stapsh::client {

/// Puts them behind `program`'s files. What no folder of -I has is a header of the target's own. kUsage names the file
/// that can't be read or sent, and says why; one that can't be sent, and that only the target's compiler knows whether
/// it is wanted, is left to that.
Result<> add_headers(Module& program, const JobOptions& job);

/// bpftrace's words for them, where they lie in `folder`.
std::vector<std::string> header_words(const JobOptions& job, std::string_view folder);

}  // namespace stapsh::client
