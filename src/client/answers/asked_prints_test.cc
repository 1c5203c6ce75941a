// SPDX-License-Identifier: Apache-2.0
#include "client/answers/asked_prints.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace stapsh::client {
namespace {

// What is put behind it; "none".
std::string added(std::string_view program) {
  const std::optional<std::string> text = with_asked_prints(program);
  if (!text) return "none";
  EXPECT_TRUE(text->starts_with(program));
  return text->substr(program.size());
}

struct PrintCase {
  std::string_view name, program, want;
};

TEST(AskedPrints, AreAProbeOnALineOfItsOwn) {
  const std::string_view all = "\nself:signal:SIGUSR1 { print(@a); }\n";
  const PrintCase cases[] = {
      {"one map", "k:f { @a = count(); }", all},
      {"a line", "k:f { @a = count(); }\n", all.substr(1)},
      {"a comment behind it", "k:f { @a = count(); } // }", all},
      {"and one that ends", "k:f { @a = count(); } /* { */", all},
      {"all that it makes", "k:f { @b[@c] = 1; @a = hist(arg0); @++; } i:s:1 { print(@z); }",
       "\nself:signal:SIGUSR1 { print(@b); print(@a); print(@); }\n"},
      {"a configuration", "config = { max_map_keys = 10 } k:f { @a = count(); }", all},
      {"directives", "#include <linux/sched.h>\n#define N 3\nk:f { @a = lhist(arg0, 0, N, 1); }", all},
      {"a directive at the end", "k:f { @a = count(); }\n#define N 3", all},
      {"a path with a star", "uprobe:/lib/*/libc.so:f { @a = count(); }", all},
      {"a predicate", "k:f / @a < 3 / { @a++; }", all},
      {"brackets in texts", "k:f { @a[\"}{\"] = count(); }", all},
      {"prints of its own", "k:f { @a = count(); } interval:s:1 { print(@a); clear(@a); }", all},
      {"a text in quotes as what is probed", "uprobe:\"/bin/a b\":main { @a = count(); }", all},
      {"SIGUSR1 as a word", "k:f { printf(\"self:signal:SIGUSR1\"); @a = count(); }", all},
  };
  for (const PrintCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(added(c.program), c.want);
  }
}

TEST(AskedPrints, AreLeftOutOfWhatTheyCouldChange) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"nothing", ""},
      {"no map", "k:f { printf(\"x\"); }"},
      {"one that is only read", "k:f { print(@a); }"},
      {"it ends by itself", "BEGIN { @a = 1; }"},
      {"that, too", "begin { @a = 1; } END { print(@a); }"},
      {"a probe for that signal", "k:f { @a = count(); } self:signal:SIGUSR1 { print(@a, 3); }"},
      {"a comment without an end", "k:f { @a = count(); } /* more"},
      {"a comment that only begins", "k:f { @a = count(); } /*/"},
      {"a text without an end", "k:f { @a = count(); printf(\"x); }"},
      {"a block without an end", "k:f { @a = count(); "},
      {"more ends than blocks", "k:f { @a = count(); } } {"},
      {"a directive that goes on", "k:f { @a = count(); }\n#define N \\\n"},
      {"a directive with a map", "#define ADD @a = count()\nk:f { @b = count(); }"},
      {"a branch that may not be compiled", "k:f { if comptime (1) { @a = count(); } }"},
      {"a macro", "macro add() { @a = 1 } k:f { add(); }"},
  };
  for (const auto& [name, program] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(added(program), "none");
  }
}

}  // namespace
}  // namespace stapsh::client
