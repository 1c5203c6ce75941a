// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_host_output.h"

#include <algorithm>
#include <array>

#include "base/parse_int.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kPartBytesMax = std::size_t{256} << 20;  // As of what stap prints here.
constexpr std::size_t kLineBytesMax = 100;
constexpr std::size_t kGreetingBytesMax = std::size_t{64} << 10;
constexpr std::size_t kErrorsBytesMax = std::size_t{1} << 20;  // As of what stap says here. A person reads it.
constexpr std::string_view kCut = "\n[cut here: stap says more than 1 MiB]\n";
constexpr std::array<std::string_view, 4> kParts{"out", "errors", "module", "signature"};

}  // namespace

void BuildHostOutput::add(std::string_view bytes) {
  if (filling_ == nullptr || !unread_.empty()) {
    unread_ += bytes;
    bytes = unread_;
  }
  std::string kept;
  if (!ready_) {
    const std::size_t mark = bytes.find(mark_);
    const std::size_t newline = bytes.find('\n', mark);
    if (mark == std::string_view::npos || newline == std::string_view::npos) {
      broken_ = ended_ = bytes.size() > kGreetingBytesMax;
      return;
    }
    // It is sought in what stap says: no other one than ours will do, whoever answers.
    const std::string_view folder = bytes.substr(mark + mark_.size(), newline - mark - mark_.size());
    if (!folder.starts_with('/') || !folder.ends_with(folder_end_)) {
      broken_ = ended_ = true;
      return;
    }
    ready_ = true;
    folder_ = folder;
    bytes.remove_prefix(newline + 1);
  }
  while (!bytes.empty() && !ended_) {
    if (filling_ != nullptr) {
      const std::size_t taken = std::min(missing_, bytes.size());
      const std::size_t kept_bytes = std::min(taken, room_);
      filling_->append(bytes.substr(0, kept_bytes));
      bytes.remove_prefix(taken);
      missing_ -= taken;
      room_ -= kept_bytes;
      if (missing_ > 0) continue;
      if (is_cut_) filling_->append(kCut);
      filling_ = nullptr;
      continue;
    }
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      broken_ = ended_ = bytes.size() > kLineBytesMax;
      kept = bytes;
      break;
    }
    take_line(bytes.substr(0, newline));
    bytes.remove_prefix(newline + 1);
  }
  unread_ = std::move(kept);
}

void BuildHostOutput::take_line(std::string_view line) {
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string name(line.substr(0, blank));
  const auto number = parse_int<std::size_t>(line.substr(std::min(blank + 1, line.size())), 0, kPartBytesMax);
  if (name == "code" && number && *number <= 255) {
    exit_code_ = static_cast<int>(*number);
  } else if (name == "end" && number) {
    ended_ = true;
  } else if (number && std::ranges::count(kParts, name) > 0 && !parts_.contains(name)) {
    std::string& part = parts_[name];
    missing_ = *number;
    room_ = name == "errors" ? std::min(missing_, kErrorsBytesMax) : missing_;
    is_cut_ = room_ < missing_;
    if (missing_ > 0) filling_ = &part;
  } else {
    broken_ = ended_ = true;
  }
}

std::string* BuildHostOutput::part(const std::string& name) {
  const auto found = parts_.find(name);
  return found == parts_.end() ? nullptr : &found->second;
}

}  // namespace stapsh::client
