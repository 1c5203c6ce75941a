// SPDX-License-Identifier: Apache-2.0
// Without libFuzzer: feeds every file of the folders named, and the empty input, to the target.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fuzz_target.h"

int main(int argc, char** argv) {
  int count = 0;
  LLVMFuzzerTestOneInput(nullptr, 0);
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::stringstream bytes;
      bytes << file.rdbuf();
      const std::string text = bytes.str();
      std::printf("%s\n", entry.path().c_str());
      (void)std::fflush(stdout);  // The name of the one that crashes.
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
      ++count;
    }
  }
  std::printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}
