// SPDX-License-Identifier: Apache-2.0
#include "agent/session_module.h"

#include <gtest/gtest.h>

namespace stapsh::agent {
namespace {

TEST(SessionModule, RenamingIsReadAsStaprunReadsIt) {
  const struct {
    std::vector<std::string> words;
    bool want;
  } cases[] = {
      {{"-R", "./probe.ko"}, true},
      {{"-v", "-R", "./probe.ko", "-r", "0:ssh://a"}, true},
      {{"./probe.ko", "-R"}, true},
      {{"-vR", "./probe.ko"}, true},
      {{"-b8", "-R", "./probe.ko"}, true},
      {{"./probe.ko"}, false},
      {{"-o", "-R", "./probe.ko"}, false},  // A file of that name.
      {{"-o-R", "./probe.ko"}, false},
      {{"-vo", "-R", "./probe.ko"}, false},
      {{"-c", "ls -R", "./probe.ko"}, false},
      {{"--", "./probe.ko", "-R"}, false},
      {{"./probe.ko", "-"}, false},
      {{"./probe.ko", ""}, false},
      {{}, false},
  };
  for (const auto& c : cases) {
    std::string line;
    for (const std::string& word : c.words) line += word + " ";
    SCOPED_TRACE(line);
    EXPECT_EQ(renames_module(c.words), c.want);
  }
}

// The bare name was taken for the session's whether or not it was renamed: another user's could be unloaded.
TEST(SessionModule, BareNameOfARenamedModuleIsSomebodyElses) {
  const struct {
    std::string_view module;
    bool renamed;
    std::string_view loaded;
    bool want;
  } cases[] = {
      {"stap_0123456789", false, "stap_0123456789", true},
      {"stap_0123456789", true, "stap_0123456789", false},
      {"stap_0123456789", true, "stap_012_4711", true},
      {"stap_0123456789", false, "stap_012_4711", true},
      {"stap_0123456789", true, "stap_012_471", false},
      {"stap_0123456789", true, "stap_0123456789_4711", true},
      {"stap_0123456789", true, "_4711", false},
      {"stap_0123456789", true, "other_4711", false},
      {"", false, "", false},
      {"", true, "probe_4711", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.module) + (c.renamed ? " renamed, " : ", ") + std::string(c.loaded));
    const SessionRecord record{.runner = 4711, .module = std::string(c.module), .renamed = c.renamed};
    EXPECT_EQ(is_module_of(record, c.loaded), c.want);
  }
}

}  // namespace
}  // namespace stapsh::agent
