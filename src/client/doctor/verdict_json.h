// SPDX-License-Identifier: Apache-2.0
// The answers of one target as a line of JSON: docs/doctor.schema.json. Pure.
#pragma once

#include <string>

#include "client/doctor/check.h"
#include "client/doctor/facts.h"

namespace stapsh::client {

/// One object, with a newline.
std::string verdict_json(const TargetVerdict& verdict, const TargetFacts& facts);

}  // namespace stapsh::client
