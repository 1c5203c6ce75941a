// SPDX-License-Identifier: Apache-2.0
// What waits in a guest's port when a session could begin: perhaps a client's hello, perhaps what the last client
// still had to say, perhaps both. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stapsh::agent {

class HelloSearch {
 public:
  void add(std::string_view bytes);
  /// The host went away: what it said is for nobody.
  void clear() { bytes_.clear(); }
  /// Whether take() would give something.
  [[nodiscard]] bool found() const { return find().has_value(); }
  /// A client's first words, from its hello on, once they are there; all else is forgotten. A client says hello and
  /// waits for the answer, so of several hellos the last one counts if nothing follows it. If something follows, it
  /// is somebody who does not wait: then it is the first one.
  std::optional<std::string> take();

 private:
  [[nodiscard]] std::optional<std::size_t> find() const;

  std::string bytes_;
};

}  // namespace stapsh::agent
