// SPDX-License-Identifier: Apache-2.0
// The first byte chooses the limit, the second the splits: any split gives the same lines, within the limit.
#include <vector>

#include "fuzz_target.h"
#include "protocol/line_reader.h"

using namespace stapsh;

namespace {

std::vector<std::string> read(std::string_view bytes, std::size_t limit, std::size_t step) {
  LineReader reader(limit);
  std::vector<std::string> lines;
  for (std::size_t offset = 0; offset < bytes.size();) {
    const std::string piece(bytes.substr(offset, step));
    const LineReader::Taken taken = reader.take(piece);
    STAPSH_ASSERT(taken.bytes > 0);
    STAPSH_ASSERT(taken.bytes <= piece.size());
    STAPSH_ASSERT(reader.partial().size() <= limit);
    if (taken.status == LineReader::Status::kTooLong) {
      lines.emplace_back("too long");
      return lines;
    }
    if (taken.status == LineReader::Status::kLine) {
      STAPSH_ASSERT(taken.line.size() <= limit);
      lines.emplace_back(std::string(taken.line) + (taken.carriage_return ? "\r\n" : "\n"));
    }
    offset += taken.bytes;
  }
  lines.emplace_back(reader.partial());
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t limit = data[0];
  const std::size_t step = std::size_t{data[1]} + 1;
  const std::string_view bytes = fuzz::as_text(data + 2, size - 2);
  const std::vector<std::string> whole = read(bytes, limit, bytes.size() + 1);
  STAPSH_ASSERT(read(bytes, limit, step) == whole);
  STAPSH_ASSERT(read(bytes, limit, 1) == whole);
  return 0;
}
