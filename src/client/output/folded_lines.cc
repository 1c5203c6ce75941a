// SPDX-License-Identifier: Apache-2.0
#include "client/output/folded_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <span>

#include "client/events/fold_names.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kNamesBytesMax = 160;

// Of [ssh://][USER@]HOST[:PORT][#N].
std::string_view host_of(std::string_view name) {
  if (name.starts_with("ssh://")) name.remove_prefix(6);
  name = name.substr(0, name.rfind('#'));
  name.remove_prefix(name.rfind('@') + 1);
  return name.substr(0, name.find(':'));
}

bool is_of_host(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.'; }

// `text` with HOST wherever `host` stands as a word.
std::string without_host(std::string_view text, std::string_view host) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = host.empty() ? std::string_view::npos : text.find(host); at != std::string_view::npos;
       at = text.find(host, at + 1)) {
    const std::size_t end = at + host.size();
    // A sentence may end with it.
    const bool goes_on = end < text.size() && is_of_host(text[end]) && !(text[end] == '.' && end + 1 == text.size());
    if (at < begin || goes_on || (at > 0 && is_of_host(text[at - 1]))) continue;
    result.append(text, begin, at - begin).append("HOST");
    begin = end;
  }
  return result.append(text, begin);
}

}  // namespace

void FoldedLines::add(std::string_view name, std::string_view text) {
  std::string key = without_host(text, host_of(name));
  const auto [found, is_new] = by_text_.try_emplace(std::move(key), groups_.size());
  if (is_new) groups_.push_back({std::string(text), {}});
  std::vector<std::string>& names = groups_[found->second].names;
  if (names.empty() || names.back() != name) names.emplace_back(name);  // One may say it twice.
}

FoldedLines::Folded FoldedLines::fold(std::size_t lines_max) const {
  std::vector<std::size_t> shown(groups_.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  Folded folded;
  if (shown.size() > lines_max) {
    std::stable_sort(shown.begin(), shown.end(), [this](std::size_t a, std::size_t b) {
      return groups_[a].names.size() > groups_[b].names.size();
    });
    for (std::size_t i = lines_max; i < shown.size(); ++i) folded.more_times += groups_[shown[i]].names.size();
    folded.more_texts = shown.size() - lines_max;
    shown.resize(lines_max);
    std::sort(shown.begin(), shown.end());
  }
  for (const std::size_t index : shown) {
    const Group& group = groups_[index];
    const std::string text =
        group.names.size() > 1 ? without_host(group.text, host_of(group.names.front())) : group.text;
    folded.lines.push_back(folded_names(group.names) + ": " + text);
  }
  return folded;
}

std::string folded_names(const std::vector<std::string>& names) {
  std::string folded = fold_names(names);
  if (folded.size() <= kNamesBytesMax || names.size() == 1) return folded;
  // As many as fit, of the first ones.
  std::size_t fits = 1, too_many = names.size();
  while (fits + 1 < too_many) {
    const std::size_t middle = fits + (too_many - fits) / 2;
    const bool fit = fold_names(std::span(names).first(middle)).size() <= kNamesBytesMax;
    (fit ? fits : too_many) = middle;
  }
  return fmt::format("{} and {} more", fold_names(std::span(names).first(fits)), names.size() - fits);
}

}  // namespace stapsh::client
