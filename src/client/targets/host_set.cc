// SPDX-License-Identifier: Apache-2.0
#include "client/targets/host_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/parse_int.h"
#include "base/shown_text.h"

namespace stapsh::client {
namespace {

/// Numbers from `first` on, every `step`th, none above `last`, at least `width` digits each.
struct Range {
  std::uint64_t first = 0, last = 0, step = 1;
  std::size_t width = 0;
};

/// A piece of one item: text, or (not both) a bracket's ranges.
struct Piece {
  std::string_view text;
  std::vector<Range> ranges;
};

constexpr std::size_t kDigitsMax = 18;

class HostSetParser {
  auto error_at(std::size_t at, std::string_view reason) const {
    return fail(Errc::kUsage, fmt::format("host set '{}', column {}: {}", shown_text(text_, 200), at + 1, reason));
  }

 public:
  explicit HostSetParser(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> parse() {
    std::vector<std::string> hosts;
    std::vector<Piece> item;
    std::size_t begin = 0, at = 0;  // `begin`: of the piece of text that is being read.
    const auto end_text = [&] {
      if (at > begin) item.push_back({text_.substr(begin, at - begin), {}});
    };
    while (at < text_.size()) {
      if (text_[at] == ',') {
        end_text();
        TRY(expand(item, at, hosts));
        item.clear();
        begin = ++at;
      } else if (text_[at] == '[') {
        const std::size_t close = text_.find(']', at);
        if (close == std::string_view::npos) return error_at(at, "'[' without ']'");
        if (text_.substr(at, close - at).find(':') != std::string_view::npos) {
          at = close + 1;  // An IPv6 address is text.
          continue;
        }
        end_text();
        item.push_back({{}, TRY(parse_ranges(at + 1, close))});
        begin = at = close + 1;
      } else if (text_[at] == ']') {
        return error_at(at, "']' without '['");
      } else {
        ++at;
      }
    }
    end_text();
    TRY(expand(item, at, hosts));
    return hosts;
  }

 private:
  Result<std::vector<Range>> parse_ranges(std::size_t begin, std::size_t end) const {
    std::vector<Range> ranges;
    while (true) {
      const std::size_t comma = std::min(text_.find(',', begin), end);
      ranges.push_back(TRY(parse_range(begin, comma)));
      if (comma == end) return ranges;
      begin = comma + 1;
    }
  }

  Result<Range> parse_range(std::size_t begin, std::size_t end) const {
    const std::string_view text = text_.substr(begin, end - begin);
    const std::size_t slash = text.find('/');
    const std::string_view range = text.substr(0, slash);
    const std::size_t dash = range.find('-');
    const std::string_view low = range.substr(0, dash);
    const std::string_view high = dash == std::string_view::npos ? low : range.substr(dash + 1);
    constexpr std::uint64_t kMax = 999'999'999'999'999'999;
    Result<std::uint64_t> step = std::uint64_t{1};
    if (slash != std::string_view::npos) {
      step = parse_int<std::uint64_t>(text.substr(slash + 1), 1, kMax);
      if (!step || dash == std::string_view::npos) {
        return error_at(begin, fmt::format("'{}' is not FIRST-LAST/STEP", shown_text(text, 40)));
      }
    }
    const auto first = parse_int<std::uint64_t>(low, 0, kMax);
    const auto last = parse_int<std::uint64_t>(high, 0, kMax);
    if (!first || !last || low.size() > kDigitsMax || high.size() > kDigitsMax) {
      return error_at(begin, fmt::format("'{}' is neither a number nor FIRST-LAST", shown_text(text, 40)));
    }
    if (*first > *last) return error_at(begin, fmt::format("'{}' runs backwards", text));
    const bool padded = low.size() > 1 && low.front() == '0';
    if (high.size() > 1 && high.front() == '0' && high.size() != low.size()) {
      return error_at(begin, fmt::format("'{}' is padded to two widths", text));
    }
    return Range{*first, *last, *step, padded ? low.size() : 1};
  }

  /// Adds the hosts of one item, which ends before `at`.
  Result<> expand(const std::vector<Piece>& item, std::size_t at, std::vector<std::string>& hosts) const {
    if (item.empty()) return error_at(at, "a name is missing");
    std::uint64_t total = 1;
    for (const Piece& piece : item) {
      if (piece.ranges.empty()) continue;
      std::uint64_t count = 0;
      for (const Range& range : piece.ranges) {
        count = std::min<std::uint64_t>(
            count + std::min<std::uint64_t>((range.last - range.first) / range.step + 1, kHostSetMax + 1),
            kHostSetMax + 1);
      }
      total = std::min<std::uint64_t>(total * count, kHostSetMax + 1);  // At most 100,001 squared: no overflow.
    }
    if (hosts.size() + total > kHostSetMax) {
      return error_at(at, fmt::format("more than {} hosts; split the set", kHostSetMax));
    }
    std::vector<std::string> names{""};
    for (const Piece& piece : item) {
      if (piece.ranges.empty()) {
        for (std::string& name : names) name += piece.text;
        continue;
      }
      std::vector<std::string> longer;
      for (const std::string& name : names) {
        for (const Range& range : piece.ranges) {
          for (std::uint64_t number = range.first; number <= range.last; number += range.step) {
            longer.push_back(fmt::format("{}{:0{}}", name, number, range.width));
          }
        }
      }
      names = std::move(longer);
    }
    std::move(names.begin(), names.end(), std::back_inserter(hosts));
    return {};
  }

  std::string_view text_;
};

}  // namespace

Result<std::vector<std::string>> expand_host_set(std::string_view text) { return HostSetParser(text).parse(); }

}  // namespace stapsh::client
