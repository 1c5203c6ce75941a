// SPDX-License-Identifier: Apache-2.0
#include "client/answers/largest_keys.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <variant>

#include "base/overloaded.h"
#include "client/answers/quantile.h"

namespace stapsh::client {
namespace {

double weight_of(const Sum& sum) {
  return std::visit(Overloaded{
                        [](const NotMerged&) { return -std::numeric_limits<double>::infinity(); },
                        [](Number number) { return to_double(number); },
                        [](const Stats& stats) { return to_double(stats.total); },
                        [](const Histogram& histogram) { return static_cast<double>(count_of(histogram)); },
                        [](const Spread& spread) { return to_double(spread.median); },
                    },
                    sum);
}

}  // namespace

std::vector<KeyIndex> largest_keys(const Answer& answer, std::size_t keys_max) {
  std::vector<double> weights;
  weights.reserve(answer.sums.size());
  for (const Sum& sum : answer.sums) weights.push_back(weight_of(sum));
  std::vector<KeyIndex> order(answer.keys.size());
  std::iota(order.begin(), order.end(), KeyIndex{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), keys_max));
  std::partial_sort(order.begin(), end, order.end(), [&](KeyIndex a, KeyIndex b) {
    return weights[a] != weights[b] ? weights[a] > weights[b] : answer.keys[a] < answer.keys[b];
  });
  order.erase(end, order.end());
  return order;
}

}  // namespace stapsh::client
