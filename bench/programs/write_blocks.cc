// SPDX-License-Identifier: Apache-2.0
// A runner: write_blocks SIZE COUNT [more words] writes COUNT blocks of SIZE bytes, one write each. Without numbers
// (it was given a module's name, -R, …) it says one line.
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace {
char block[1 << 20];

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(1, bytes.data(), bytes.size());
    if (size < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}
}  // namespace

int main(int argc, char** argv) {
  const unsigned long size = argc > 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  if (size == 0 || size > sizeof block) return write_all("hello\n") ? 0 : 1;
  for (unsigned long i = 0; i < size; ++i) block[i] = i % 100 == 99 ? '\n' : 'x';
  for (unsigned long left = std::strtoul(argv[2], nullptr, 10); left > 0; --left) {
    if (!write_all({block, size})) return 1;
  }
  return 0;
}
