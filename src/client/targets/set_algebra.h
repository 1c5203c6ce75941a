// SPDX-License-Identifier: Apache-2.0
// Sets of targets put together as clush does it, from left to right: web[01-40]!web03,db1. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::client {

/// An address, and what a person calls it where that is not the address: an inventory's hosts,
/// those that a command reaches.
struct NamedAddress {
  std::string text;
  std::string alias = {};
  bool operator==(const NamedAddress&) const = default;
};

/// What stands in front of a term: it is added, left out, or what both have, or what only one of both has.
enum class SetOperator : char { kAdd = ',', kLeaveOut = '!', kBoth = '&', kOneOfBoth = '^' };

struct SetTerm {
  SetOperator op = SetOperator::kAdd;
  std::string_view text;  ///< Without the blanks around it; a view into the value.
  bool operator==(const SetTerm&) const = default;
};

/// Whether `text` is of a form in which commas and brackets are a path's or a command's own: unix:, exec:, …
bool is_without_sets(std::string_view text);

/// The terms of a value of --remote, the first with kAdd. In a term that is_without_sets() only a comma ends it.
/// kUsage: a term is missing; it names the value and the column.
Result<std::vector<SetTerm>> split_set(std::string_view value);

/// Applies `op` to what is there; kAdd keeps repeats, see without_repeats(). Of an ssh target, what is written must be
/// the same: web1 is any user's and any port's, root@web1:22 is neither web1 nor admin@web1:22. kUsage: one is no
/// address.
Result<> apply(SetOperator op, std::vector<NamedAddress>& targets, std::vector<NamedAddress> others);

/// Of those that have the same user, host and port, the first. kUsage: one is no address.
Result<std::vector<NamedAddress>> without_repeats(std::vector<NamedAddress> targets);

}  // namespace stapsh::client
