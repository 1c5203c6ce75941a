// SPDX-License-Identifier: Apache-2.0
// What one host complains of again and again: shown once, then counted. Bounded, whatever it says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stapsh::client {

class RepeatedNotes {
 public:
  /// Whether it is new and is to be shown; else it is counted.
  bool is_new(std::string_view note) {
    const auto found = std::find_if(notes_.begin(), notes_.end(), [&](const Note& one) { return one.text == note; });
    if (found != notes_.end()) {
      ++found->more;
      return false;
    }
    if (notes_.size() == kNotesMax) {
      ++others_;
      return false;
    }
    notes_.push_back({std::string(note), 0});
    return true;
  }

  /// "NOTE (17 times more)" for each that came again. Begins anew.
  std::vector<std::string> take_counts() {
    std::vector<std::string> counts;
    for (const Note& note : notes_) {
      if (note.more > 0) counts.push_back(note.text + " (" + std::to_string(note.more) + " times more)");
    }
    if (others_ > 0) counts.push_back(std::to_string(others_) + " other complaints, which are not shown");
    notes_.clear();
    others_ = 0;
    return counts;
  }

 private:
  static constexpr std::size_t kNotesMax = 16;
  struct Note {
    std::string text;
    std::uint64_t more;
  };
  std::vector<Note> notes_;
  std::uint64_t others_ = 0;
};

}  // namespace stapsh::client
