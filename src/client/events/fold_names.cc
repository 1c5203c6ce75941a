// SPDX-License-Identifier: Apache-2.0
#include "client/events/fold_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace stapsh::client {
namespace {

constexpr std::string_view kDecimalDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::size_t kNumberDigitsMax = 18;  // As in a host set; more digits are text.
constexpr std::size_t kNumbersMax = 8;        // The last ones of a name; those before them are text.

/// A number in a name: `width` is of its zero padding, 0 without.
struct Number {
  std::size_t width = 0;
  std::uint64_t value = 0;
  auto operator<=>(const Number&) const = default;
};

/// A name cut at its numbers: text[0] number[0] text[1] … number[n-1] text[n].
struct Pieces {
  std::vector<std::string_view> texts, numbers;
};

/// Names that differ in their numbers alone: all that the sets of numbers allow, in any combination.
struct Box {
  std::size_t first;  ///< Where its first name was.
  std::vector<std::vector<Number>> numbers;
};

/// An address in which digits are no numbers. `host` is behind the user.
bool is_ipv6(std::string_view host) {
  if (host.substr(0, 1) == "[") return host.find(':') < host.find(']');
  const std::size_t colon = host.find(':');
  return colon != std::string_view::npos && host.find(':', colon + 1) != std::string_view::npos &&
         host.substr(0, colon).find_first_not_of(kHexDigits) == std::string_view::npos;
}

/// The part of `name` whose numbers may be folded: [begin, end).
std::pair<std::size_t, std::size_t> foldable_part(std::string_view name) {
  const std::size_t hash = name.rfind('#');
  if (hash != std::string_view::npos && name.find_first_not_of(kDecimalDigits, hash + 1) == std::string_view::npos) {
    return {hash + 1, name.size()};
  }
  const std::size_t at = name.find('@');
  const std::size_t begin = at == std::string_view::npos ? 0 : at + 1;
  const std::size_t scheme = name.find("://");
  const std::size_t host = std::max(begin, scheme == std::string_view::npos ? 0 : scheme + 3);
  if (is_ipv6(name.substr(host))) return {name.size(), name.size()};
  const std::size_t colon = name.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon >= begin &&
                        name.find_first_not_of(kDecimalDigits, colon + 1) == std::string_view::npos;
  return {begin, has_port ? colon : name.size()};
}

bool needs_quotes(std::string_view name) {
  const std::size_t special = name.find_first_of(",'[]");
  if (special == std::string_view::npos) return name.empty();
  // An IPv6 address is read back as it stands.
  const std::size_t close = name.find(']');
  return name[special] != '[' || close == std::string_view::npos || name.find(':', special) > close ||
         name.find_first_of(",'[]", close + 1) != std::string_view::npos ||
         name.substr(special, close - special).find_first_of(",'") != std::string_view::npos;
}

std::string quoted_name(std::string_view name) {
  std::string text = "'";
  for (const char c : name) text += c == '\'' ? std::string_view(R"('\'')") : std::string_view(&c, 1);
  return text += '\'';
}

Pieces cut_at_numbers(std::string_view name) {
  Pieces pieces;
  const auto [begin, end] = foldable_part(name);
  std::vector<std::pair<std::size_t, std::size_t>> runs;  // Of digits: begin, end.
  for (std::size_t at = begin;
       (at = name.substr(0, end).find_first_of(kDecimalDigits, at)) != std::string_view::npos;) {
    const std::size_t stop = std::min(name.find_first_not_of(kDecimalDigits, at), end);
    if (stop - at <= kNumberDigitsMax) runs.emplace_back(at, stop);
    at = stop;
  }
  std::size_t text = 0;
  for (std::size_t i = runs.size() > kNumbersMax ? runs.size() - kNumbersMax : 0; i < runs.size(); ++i) {
    pieces.texts.push_back(name.substr(text, runs[i].first - text));
    pieces.numbers.push_back(name.substr(runs[i].first, runs[i].second - runs[i].first));
    text = runs[i].second;
  }
  pieces.texts.push_back(name.substr(text));
  return pieces;
}

bool is_padded(std::string_view digits) { return digits.size() > 1 && digits.front() == '0'; }

/// Names that have all texts in common.
class Family {
 public:
  explicit Family(std::vector<std::string_view> texts) : texts_(std::move(texts)), widths_(texts_.size() - 1) {}

  void add(std::size_t index, std::vector<std::string_view> numbers) {
    if (numbers.empty() && !members_.empty()) return;  // The same name again.
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (is_padded(numbers[i])) widths_[i].insert(numbers[i].size());
    }
    members_.emplace_back(index, std::move(numbers));
  }

  /// Adds the family's words, each with the index of its first name.
  void fold_into(std::map<std::size_t, std::string>& words) const {
    std::vector<Box> boxes;
    for (const auto& [index, numbers] : members_) {
      Box& box = boxes.emplace_back(Box{index, {}});
      for (std::size_t i = 0; i < numbers.size(); ++i) box.numbers.push_back({number(i, numbers[i])});
    }
    // Boxes that are the same but for one of the numbers are one box.
    for (std::size_t i = widths_.size(); i-- > 0;) boxes = merge(std::move(boxes), i);
    for (const Box& box : boxes) words.emplace(box.first, word(box));
  }

 private:
  /// 10 is 08's neighbour where there is an 08, and so is 100; without it they have no padding.
  Number number(std::size_t at, std::string_view digits) const {
    Number number;
    std::from_chars(digits.data(), digits.data() + digits.size(), number.value);
    const auto longer = widths_[at].upper_bound(digits.size());
    number.width = longer == widths_[at].begin() ? 0 : *std::prev(longer);
    return number;
  }

  static std::vector<Box> merge(std::vector<Box> boxes, std::size_t at) {
    std::vector<Box> merged;
    std::unordered_map<std::string, std::size_t> where;
    for (Box& box : boxes) {
      // Numbers of two widths are no neighbours.
      std::string key = fmt::format("{}", box.numbers[at].front().width);
      for (std::size_t i = 0; i < box.numbers.size(); ++i) {
        key += ';';
        if (i == at) continue;
        for (const Number& number : box.numbers[i]) {
          fmt::format_to(std::back_inserter(key), "{}:{},", number.width, number.value);
        }
      }
      const auto [it, is_new] = where.emplace(std::move(key), merged.size());
      if (is_new) {
        merged.push_back(std::move(box));
      } else {
        std::vector<Number>& numbers = merged[it->second].numbers[at];
        numbers.insert(numbers.end(), box.numbers[at].begin(), box.numbers[at].end());
      }
    }
    for (Box& box : merged) {
      std::vector<Number>& numbers = box.numbers[at];
      std::ranges::sort(numbers);
      numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    }
    return merged;
  }

  static void append_numbers(std::string& word, const std::vector<Number>& numbers) {
    const auto append = [&](const Number& number) {
      fmt::format_to(std::back_inserter(word), "{:0{}}", number.value, std::max<std::size_t>(number.width, 1));
    };
    if (numbers.size() == 1) return append(numbers.front());
    word += '[';
    for (std::size_t i = 0; i < numbers.size();) {
      std::size_t last = i;
      while (last + 1 < numbers.size() && numbers[last + 1].value == numbers[last].value + 1 &&
             !outgrows(numbers[last + 1])) {
        ++last;
      }
      if (i > 0) word += ',';
      append(numbers[i]);
      if (last > i) {
        word += '-';
        append(numbers[last]);
      }
      i = last + 1;
    }
    word += ']';
  }

  /// The first number that its padding is too short for: nodeset reads [01-99,100-120], but not [01-120].
  static bool outgrows(const Number& number) {
    std::uint64_t power = 1;
    for (std::size_t i = 0; i < number.width; ++i) power *= 10;
    return number.width > 0 && number.value == power;
  }

  std::string word(const Box& box) const {
    std::string word;
    for (std::size_t i = 0; i < box.numbers.size(); ++i) {
      word += texts_[i];
      append_numbers(word, box.numbers[i]);
    }
    return word += texts_.back();
  }

  std::vector<std::string_view> texts_;
  std::vector<std::set<std::size_t>> widths_;  // Of zero padding, for each number.
  std::vector<std::pair<std::size_t, std::vector<std::string_view>>> members_;
};

}  // namespace

std::string fold_names(std::span<const std::string> names) {
  if (names.size() == 1) return names.front();
  std::unordered_map<std::string, std::size_t> where;
  std::vector<Family> families;
  std::map<std::size_t, std::string> words;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string key;
    if (needs_quotes(names[i])) {
      key = quoted_name(names[i]);
      if (where.emplace(key, 0).second) words.emplace(i, key);
      continue;
    }
    Pieces pieces = cut_at_numbers(names[i]);
    for (const std::string_view text : pieces.texts)
      fmt::format_to(std::back_inserter(key), "{}:{}", text.size(), text);
    const auto [it, is_new] = where.emplace(std::move(key), families.size());
    if (is_new) families.emplace_back(std::move(pieces.texts));
    families[it->second].add(i, std::move(pieces.numbers));
  }
  for (const Family& family : families) family.fold_into(words);
  std::string folded;
  for (const auto& [index, word] : words) {
    if (!folded.empty()) folded += ',';
    folded += word;
  }
  return folded;
}

}  // namespace stapsh::client
