// SPDX-License-Identifier: Apache-2.0
// std::visit with one lambda for each alternative.
#pragma once

namespace stapsh {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
// clang 14 has no implicit deduction for aggregates.
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace stapsh
