// SPDX-License-Identifier: Apache-2.0
#include "policy/safe_arguments.h"

#include <gtest/gtest.h>

#include <vector>

#include "policy/argument_table.h"

namespace stapsh::policy {
namespace {

constexpr RunnerKind kBt = RunnerKind::kBpftrace, kKo = RunnerKind::kStaprun, kBo = RunnerKind::kStapbpf,
                     kSo = RunnerKind::kStapdyn;

struct Case {
  RunnerKind runner;
  std::vector<std::string> args;
  std::string want = {};  // Empty: safe.
};

void check(const std::vector<Case>& cases, bool with_command = false) {
  const std::vector<std::string> files{"a.bt", "a.ko", "a.bo", "a.so"};
  for (const Case& c : cases) {
    std::string words(runner_name(c.runner));
    for (const std::string& arg : c.args) words += " " + arg;
    SCOPED_TRACE(words);
    EXPECT_EQ(why_not_safe(c.runner, c.args, files, with_command), c.want);
  }
}

TEST(SafeArguments, AreOptionsWithoutPathCommandOrCode) {
  check({
      {kBt, {"./a.bt"}},
      {kBt, {"-qkkv", "-p", "42", "-f", "json", "-Bfull", "--no-warnings", "./a.bt", "7", "x y", "", "@"}},
      {kBt, {"-vp42", "./a.bt", "-q"}},
      {kBt, {"--version", "./a.bt"}},
      {kKo,
       {"-v", "-w", "-x", "1", "-b64", "-R", "-C", "never", "-N1", "-T", "200", "./a.ko", "limit=5", "-r",
        "0:unix:/run/agent.sock"}},
      {kBo, {"-v", "--verbose", "-w", "-x", "1", "./a.bo"}},
      {kSo, {"-v", "-w", "-x", "1", "-Calways", "./a.so", "limit=5"}},
  });
}

TEST(SafeArguments, AreNothingElse) {
  const std::string no = " is no option that is known to be safe";
  check({
      {kBt, {}, "no program is named that was sent"},
      {kBt, {"-q"}, "no program is named that was sent"},
      {kBt, {"-e", "BEGIN{}"}, "-e is a program that was not sent as a file"},
      {kBt, {"-qeBEGIN{}", "./a.bt"}, "-e is a program that was not sent as a file"},
      {kBt, {"./a.bt", "-e", "BEGIN{}"}, "-e is a program that was not sent as a file"},
      {kBt, {"--unsafe", "./a.bt"}, "--unsafe lets a program run commands"},
      {kBt, {"--unsa", "./a.bt"}, "'--unsa'" + no},
      {kBt, {"--unsafe=1", "./a.bt"}, "--unsafe lets a program run commands"},
      {kBt, {"./a.bt", "--unsafe"}, "--unsafe lets a program run commands"},
      {kBt, {"--no-warnings=--unsafe", "./a.bt"}, "'--no-warnings=--unsafe'" + no},
      {kBt, {"--include", "/etc/shadow", "./a.bt"}, "--include reads a file of its own choice"},
      {kBt, {"--include=/etc/shadow", "./a.bt"}, "--include reads a file of its own choice"},
      {kBt, {"--inc=/etc/shadow", "./a.bt"}, "'--inc=/etc/shadow'" + no},
      {kBt, {"-I/etc", "./a.bt"}, "-I reads a file of its own choice"},
      {kBt, {"-c", "id", "./a.bt"}, "-c runs a command"},
      {kBt, {"-qc", "id", "./a.bt"}, "-c runs a command"},
      {kBt, {"-oout", "./a.bt"}, "-o writes a file"},
      {kBt, {"--emit-elf=x", "./a.bt"}, "--emit-elf writes a file"},
      {kBt, {"-p", "-e", "./a.bt"}, "-p has no value like '-e'"},
      {kBt, {"-p", "--", "./a.bt"}, "-p has no value like '--'"},
      {kBt, {"-p"}, "-p lacks its value"},
      {kBt, {"-f", "/x", "./a.bt"}, "-f has no value like '/x'"},
      {kBt, {"-", "./a.bt"}, "'-'" + no},
      {kBt, {"--", "./a.bt"}, "'--'" + no},
      {kBt, {"./a.bt", "--", "--unsafe"}, "'--'" + no},
      {kBt, {"-Z", "./a.bt"}, "'-Z': '-Z'" + no},
      {kBt, {std::string("-q\0e", 4), "./a.bt"}, "'-q^@e': '-^@'" + no},
      {kBt, {"/etc/a.bt"}, "the program '/etc/a.bt' is not ./NAME of a file that was sent"},
      {kBt, {"a.bt"}, "the program 'a.bt' is not ./NAME of a file that was sent"},
      {kBt, {"./b.bt"}, "the program './b.bt' is not ./NAME of a file that was sent"},
      {kBt, {".//a.bt"}, "the program './/a.bt' is not ./NAME of a file that was sent"},
      {kBt, {"./../stapsh.x/a.bt"}, "the program './../stapsh.x/a.bt' is not ./NAME of a file that was sent"},
      {kBt, {""}, "the program '' is not ./NAME of a file that was sent"},
      {kBt, {"./a.bt", "/etc/shadow"}, "'/etc/shadow' is a path"},
      {kBt, {"-l", "x"}, "-l lists what it is asked for, of any file"},
      {kBt, {"-d", "./a.bt"}, "-d is for whoever debugs the runner"},
      {kKo, {"a.ko"}, "the program 'a.ko' is not ./NAME of a file that was sent"},
      {kKo, {"-c", "id", "./a.ko"}, "-c runs a command"},
      {kKo, {"-d", "a"}, "-d unloads modules of others"},
      {kKo, {"-A", "a"}, "-A leaves a module loaded, or takes one that somebody else loaded"},
      {kKo, {"-u", "./a.ko"}, "-u loads another module"},
      {kKo, {"./a.ko", "_stp_target=1"}, "'_stp_target=1' is no NAME=VALUE of a module"},
      {kKo, {"./a.ko", "x"}, "'x' is no NAME=VALUE of a module"},
      {kKo, {"./a.ko", "out=/etc/x"}, "'out=/etc/x' has a path"},
      {kKo, {"./a.ko", "limit=5 _stp_bufsize=4095"}, "'limit=5 _stp_bufsize=4095' has a blank, a quote or a backslash"},
      {kKo, {"./a.ko", "a=\"b"}, "'a=\"b' has a blank, a quote or a backslash"},
      {kKo, {"./a.ko", "a=b\\"}, "'a=b\\' has a blank, a quote or a backslash"},
      {kKo, {"-r", "x:y", "./a.ko"}, "-r has no value like 'x:y'"},
      {kKo, {"-b", "-1", "./a.ko"}, "-b has no value like '-1'"},
      {kBo, {"./a.bo", "x"}, "'x': stapbpf takes one program and nothing behind it"},
      {kBo, {"--verb", "./a.bo"}, "'--verb'" + no},
      {kSo, {"-o", "x", "./a.so"}, "-o writes a file"},
  });
}

TEST(SafeArguments, ACommandIsAllowedByItsOwnWord) {
  check(
      {
          {kBt, {"-c", "--unsafe", "./a.bt"}},
          {kBt, {"-qcid", "./a.bt"}},
          {kKo, {"./a.ko", "-c", "id -u"}},
          {kBt, {"-c"}, "-c lacks its value"},
          {kBt, {"-c", "id", "-o", "x", "./a.bt"}, "-o writes a file"},
          {kBt, {"--unsafe", "-c", "id", "./a.bt"}, "--unsafe lets a program run commands"},
      },
      true);
}

TEST(SafeArguments, EachEntryOfTheTableIsFoundAsItself) {
  for (const ArgumentEntry& entry : argument_table()) {
    SCOPED_TRACE(std::string(runner_name(entry.runner)) + " -" + entry.letter + " " + std::string(entry.name));
    EXPECT_EQ(find_argument(entry.runner, entry.letter), entry.letter != 0 ? &entry : nullptr);
    EXPECT_EQ(find_argument(entry.runner, entry.name), entry.name.empty() ? nullptr : &entry);
    EXPECT_EQ(entry.value == ArgumentEntry::Value::kAny && entry.danger.empty(), false);
  }
}

}  // namespace
}  // namespace stapsh::policy
