// SPDX-License-Identifier: Apache-2.0
#include "client/build/program_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace stapsh::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Folder : public testing::Test {
 protected:
  Folder() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();  // Each test is a process, and they run side by side.
    for (const auto& [name, text] :
         {std::pair("i/a.h", "#include \"b.h\"\n#include <missing.h>\n"), std::pair("i/b.h", "#include \"a.h\"\n"),
          std::pair("i/sub/c.h", "\n"), std::pair("j/a.h", "#define A 1\n"), std::pair("j/odd name.h", "\n")}) {
      std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
      std::ofstream(path_ + "/" + name) << text;
    }
  }
  ~Folder() override { std::filesystem::remove_all(path_); }

  // The names of what is sent, or the error.
  [[nodiscard]] std::vector<std::string> sent(const std::string& text, const std::vector<std::string>& folders,
                                              const std::vector<std::string>& files) const {
    Module program;
    program.kind = RunnerKind::kBpftrace;
    program.files.push_back({"x.bt", std::make_shared<const std::string>(text)});
    JobOptions job;
    for (const std::string& each : folders) job.tapset_directories.push_back(path_ + "/" + each);
    for (const std::string& each : files) job.include_files.push_back(path_ + "/" + each);
    const Result<> added = add_headers(program, job);
    if (!added) return {added.error().what};
    std::vector<std::string> names;
    for (const ModuleFile& each : program.files) names.push_back(each.name);
    return names;
  }

  std::string path_ = testing::TempDir() + "program_headers_test.XXXXXX";
};

TEST_F(Folder, WhatIsIncludedIsSentOnceAndNothingElse) {
  EXPECT_THAT(sent("#include <a.h>\n#include <linux/sched.h>\n", {"i"}, {}), ElementsAre("x.bt", "a.h", "b.h"));
  EXPECT_THAT(sent("#include <a.h>\n", {"j", "i"}, {}), ElementsAre("x.bt", "a.h"));
  EXPECT_THAT(sent("BEGIN {}", {"i"}, {}), ElementsAre("x.bt"));
  EXPECT_THAT(sent("BEGIN {}", {}, {"i/a.h"}), ElementsAre("x.bt", "a.h", "b.h"));
  EXPECT_THAT(sent("#include <a.h>\n", {"i"}, {"i/a.h"}), ElementsAre("x.bt", "a.h", "b.h"));
  EXPECT_THAT(sent("#include <a.h>\n", {}, {}), ElementsAre("x.bt"));
}

TEST_F(Folder, OneFileHasManySpellings) {
  EXPECT_THAT(sent("#include <a.h>\n", {"i/../i"}, {"i/a.h"}), ElementsAre("x.bt", "a.h", "b.h"));
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(path_ + "/i");
  Module program;
  program.kind = RunnerKind::kBpftrace;
  program.files.push_back({"x.bt", std::make_shared<const std::string>("BEGIN {}")});
  JobOptions job;
  job.include_files = {"a.h"};
  EXPECT_TRUE(add_headers(program, job));
  EXPECT_EQ(program.files.size(), 3U);  // With b.h, which lies beside it.
  std::filesystem::current_path(before);
}

TEST_F(Folder, AFileOfAnyNameIsIncludedUnderOneThatFits) {
  const std::vector<std::string> names = sent("BEGIN {}", {}, {"j/odd name.h"});
  ASSERT_EQ(names.size(), 2U) << names.front();
  JobOptions job;
  job.include_files = {path_ + "/j/odd name.h"};
  EXPECT_THAT(header_words(job, "."), ElementsAre("--include", "./" + names[1]));
}

TEST_F(Folder, WhatCantLieInOneFolderIsRefused) {
  EXPECT_THAT(sent("#include \"sub/c.h\"\n", {"i"}, {}), ElementsAre(HasSubstr("its name must be a plain one")));
  EXPECT_THAT(sent("#if 1\n#include \"sub/c.h\"\n#endif\n", {"i"}, {}), ElementsAre(HasSubstr("a plain one")));
  EXPECT_THAT(sent("#include <a.h>\n", {"i"}, {"j/a.h"}), ElementsAre(HasSubstr("another file is sent as a.h")));
  EXPECT_THAT(sent("BEGIN {}", {"nowhere"}, {}), ElementsAre(HasSubstr("no folder here")));
  EXPECT_THAT(sent("BEGIN {}", {}, {"nowhere.h"}), ElementsAre(HasSubstr("No such file")));
}

TEST_F(Folder, WhatIsNotWantedIsNotRefused) {
  EXPECT_THAT(sent("#if 0\n#include \"sub/c.h\"\n#include <a.h>\n#endif\n", {"i"}, {}), ElementsAre("x.bt"));
  EXPECT_THAT(sent("#ifdef OLD\n#include \"sub/c.h\"\n#else\n#include <a.h>\n#endif\n", {"i"}, {}),
              ElementsAre("x.bt", "a.h", "b.h"));
}

}  // namespace
}  // namespace stapsh::client
