// SPDX-License-Identifier: Apache-2.0
// What the rows of client_option_table.cc do with a value: one function for each kind of it. A path of members says
// where it goes: take_flag<&RstapOptions::output, &OutputOptions::quiet>.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/parse_seconds.h"
#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client::takers {

/// The member that a path of members leads to: at<&A::b, &B::c>(a) is a.b.c.
template <auto kFirst, auto... kRest>
auto& at(auto& object) {
  if constexpr (sizeof...(kRest) == 0) {
    return object.*kFirst;
  } else {
    return at<kRest...>(object.*kFirst);
  }
}

template <auto... kPath>
Result<> take_seconds(RstapOptions& options, const std::string& value) {
  at<kPath...>(options) = std::chrono::duration_cast<std::chrono::milliseconds>(TRY(parse_seconds(value)));
  return {};
}

template <auto... kPath>
Result<> take_flag(RstapOptions& options, const std::string&) {
  at<kPath...>(options) = true;
  return {};
}

/// A value that can't be empty: a program, a user.
template <auto... kPath>
Result<> take_program(RstapOptions& options, const std::string& value) {
  if (value.empty()) return fail(Errc::kUsage, "the value is empty");
  at<kPath...>(options) = value;
  return {};
}

template <auto... kPath>
Result<> add_word(RstapOptions& options, const std::string& value) {
  at<kPath...>(options).push_back(value);
  return {};
}

/// Several values, none of them empty.
template <auto... kPath>
Result<> add_filled(RstapOptions& options, const std::string& value) {
  if (value.empty()) return fail(Errc::kUsage, "the value is empty");
  return add_word<kPath...>(options, value);
}

template <Action kAction>
Result<> set_action(RstapOptions& options, const std::string&) {
  options.action = kAction;
  return {};
}

}  // namespace stapsh::client::takers
