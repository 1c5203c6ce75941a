// SPDX-License-Identifier: Apache-2.0
// The answers of all targets as one table for a person: equal ones once, under folded names. Pure.
#pragma once

#include <span>
#include <string>

#include "client/doctor/check.h"

namespace stapsh::client {

/// A row for each different answer, what mends it below, and last who would work: lines, each with its end.
std::string verdict_table(std::span<const TargetVerdict> targets, std::string_view what);

}  // namespace stapsh::client
