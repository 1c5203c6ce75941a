// SPDX-License-Identifier: Apache-2.0
// What the agent said in data mode, taken apart strictly and on its own terms: not with the product's parser, so that
// the two can't be wrong together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stapsh::real {

struct Frames {
  std::vector<std::string> lines;  ///< Everything outside frames, in order, without `stapsh:` debug lines.
  std::string out, err;            ///< The payload of all frames of a stream.
  std::vector<std::size_t> frame_sizes;
  std::vector<std::string> times;  ///< Of frames with a time.
  std::string fault;               ///< Empty when well formed to the last byte.
};

Frames parse_frames(std::string_view bytes);

/// So many bytes of the pattern that fake_runner writes: a byte lost, doubled or moved shows.
std::string pattern(std::size_t size);

}  // namespace stapsh::real
