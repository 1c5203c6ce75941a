// SPDX-License-Identifier: Apache-2.0
// Values as text, for tests: a failure prints what was there.
#pragma once

#include <string>
#include <variant>

#include "base/overloaded.h"
#include "client/answers/answer.h"

namespace stapsh::client {

inline std::string shown(Number number) { return to_text(number); }
inline std::string shown(const Stats& stats) { return to_text(stats.count) + "x" + to_text(stats.total); }
inline std::string shown(const Text& text) { return text.json; }
inline std::string shown(const Histogram& histogram) {
  std::string text = "{";
  for (const Bucket& bucket : histogram) {
    if (text.size() > 1) text += " ";
    text += (bucket.min ? std::to_string(*bucket.min) : "") + ".." + (bucket.max ? std::to_string(*bucket.max) : "") +
            ":" + std::to_string(bucket.count);
  }
  return text + "}";
}
inline std::string shown(const Value& value) {
  return std::visit([](const auto& one) { return shown(one); }, value);
}
inline std::string shown(const Sum& sum) {
  return std::visit(Overloaded{[](const NotMerged& none) { return "(" + none.why + ")"; },
                               [](const Spread& spread) {
                                 return to_text(spread.min) + "/" + to_text(spread.median) + "/" + to_text(spread.max) +
                                        " of " + std::to_string(spread.hosts);
                               },
                               [](const auto& one) { return shown(one); }},
                    sum);
}

}  // namespace stapsh::client
