// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <charconv>
#include <sstream>

namespace stapsh::real {

Frames parse_frames(std::string_view bytes) {
  Frames all;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      all.fault = "a last line without its end: " + std::string(bytes.substr(0, 80));
      return all;
    }
    const std::string line(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
    if (line.starts_with("stapsh:")) continue;
    if (!line.starts_with("data ")) {
      all.lines.push_back(line);
      continue;
    }
    std::istringstream words(line);
    std::string data, stream, size_text, time, more;
    words >> data >> stream >> size_text >> time >> more;
    std::size_t size = 0;
    const auto parsed = std::from_chars(size_text.data(), size_text.data() + size_text.size(), size);
    if ((stream != "stdout" && stream != "stderr") || parsed.ec != std::errc{} ||
        parsed.ptr != size_text.data() + size_text.size() || size == 0 || !more.empty() || size > bytes.size()) {
      all.fault = "a bad or cut frame: '" + line.substr(0, 80) + "', " + std::to_string(bytes.size()) + " bytes follow";
      return all;
    }
    (stream == "stdout" ? all.out : all.err).append(bytes.substr(0, size));
    all.frame_sizes.push_back(size);
    if (!time.empty()) all.times.push_back(time);
    bytes.remove_prefix(size);
  }
  return all;
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at++) bytes[at] = static_cast<char>((at * 31 + at / 251) % 256);
  return bytes;
}

}  // namespace stapsh::real
