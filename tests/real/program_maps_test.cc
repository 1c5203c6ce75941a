// SPDX-License-Identifier: Apache-2.0
// What we read out of a program about its maps, beside what bpftrace itself says: `bpftrace -d` of 0.17 prints each
// map's type. Its own tools, and programs in which the syntax is used in odd ways. Later versions would run them.
#include "client/answers/program_maps.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

#include "harness/real_test.h"

namespace stapsh::real {
namespace {

using client::MapKind;

constexpr std::size_t kProgramsMin = 60;

constexpr std::string_view kOddPrograms[] = {
    "BEGIN { @ = count(); }",
    "BEGIN { @[1] = count(); @[2] = count(); }",
    "BEGIN{@a=count();@b=sum(1);@c=min(1);@d=max(1);@e=avg(1);@f=stats(1);@g=hist(1);@h=lhist(1,0,9,1)}",
    "BEGIN { @x /* = 5 */ [ /* ] */ 1 ] // = 5\n = /* max( */ count /* */ ( ); }",
    "// @x = 5\n/* @y = hist(1); */ BEGIN { @z = count() } // @a = 1\n",
    "BEGIN { printf(\"@x = count()\\\" @y = 1\"); @z = sum(1) }",
    "BEGIN { @x[\"]\", \"[\"] = count(); }",
    "BEGIN { @x[\"= hist(1)\"] = 1; }",
    "BEGIN { @x[\"a\\\"]\"] = max(1); }",
    "BEGIN { @y[3] = 2; @x[@y[3]] = hist(@y[3]); }",
    "BEGIN { @i = 3; @y[3] = 2; @x[@y[@i]] = lhist(@y[@i], 0, 10, 2); }",
    "BEGIN { @x[1, 2, \"c\"] = stats(5); }",
    "BEGIN { @x[(1 + 2) * 3] = avg(5); }",
    "BEGIN { @x[comm, pid, tid] = sum(5); }",
    "BEGIN { @x = (1, 2, \"three\"); @y = (1, (2, 3)); }",
    "BEGIN { @x = 5; @x++; ++@x; @x--; --@x; @x += 1; @x -= 1; @x *= 2; @x /= 2; @x %= 3; @x |= 1; @x &= 1; @x ^= 1; }",
    "BEGIN { @x = 5; @x <<= 1; @x >>= 1; }",
    "BEGIN { @n++; @m[comm]++; }",
    "BEGIN { @s = \"count()\"; @t = str(0); @u = comm; }",
    "BEGIN { @k = kstack; @l = kstack(3); @m[kstack(2)] = count(); @o[ustack(3), comm] = sum(1); }",
    "BEGIN { @x = nsecs; @y = nsecs - @x; @z = hist(nsecs - @x); }",
    "BEGIN { @a = pid == 1 ? 5 : 6; @b = sum(pid == 1 ? 5 : 6); }",
    "BEGIN { @a = -5; @b = min(-5); @c = max(- 5); @d = ~5; @e = !5; }",
    "BEGIN { @a = 1; if (@a == 1) { @b = count() } else { @c = sum(1); } }",
    "BEGIN { if (1) { if (2) { @b = hist(1); } } else { @b = hist(2); } }",
    "BEGIN { unroll (3) { @b = count(); } }",
    "BEGIN { $i = 0; while ($i < 3) { @c = sum($i); $i++; } }",
    "BEGIN { @a = 1; } END /@a == 1/ { @b = count(); }",
    "BEGIN { @a[1] = 1; } END / @a[1] == 1 && @a[1] != 2 / { @b = count(); }",
    "interval:s:1/1/{ @b = count(); }",
    "interval:ms:100 { @x = count(); print(@x); clear(@x); zero(@x); }",
    "BEGIN { @x[1] = count(); delete(@x[1]); print(@x, 5); print(@x, 5, 2); }",
    "BEGIN { @x[1] = nsecs; if (@x[1] > 5) { printf(\"%d\", @x[1]); } }",
    "#define N 5\nBEGIN { @x[N] = sum(N); @y = N; }",
    "#define LONG 5 + \\\n 6\nBEGIN { @x = lhist(LONG, 0, 100, 10); }",
    "struct S { int a; char b[4]; } BEGIN { $s = (struct S *)0; @x = $s->a; @y[$s->b[1]] = count(); @z = *$s; }",
    "struct S { int count; } BEGIN { $s = (struct S *)0; @x = $s->count; @count = sum($s->count); }",
    "BEGIN { @count = 1; @sum = count(); @hist = max(2); }",
    "BEGIN { @hist_x = lhist(1, 0, 10, 1); @Xhist = hist(1); @_ = sum(1); @_1 = min(1); }",
    "BEGIN { @x = (uint64)5; @y = sum((int8)5); @z = (int32) 7; }",
    "BEGIN { @x[$1] = count(); @y = sum($1); @z[str($2)] = max($#); }",
    "BEGIN\n{\n\t@x\n\t[\n\t1\n\t]\n\t=\n\thist\n\t(\n\t1\n\t)\n\t;\n}",
    "BEGIN { @x = count();@y = sum(1);@z = 3 }",
    "BEGIN { @x = count() } END { @x = count() }",
    "BEGIN { @a = @b; @b = 5; }",
    "BEGIN { @a = 5; @b = @a + 1; @c[@b] = @a; }",
    "BEGIN { @a = hist(@b); @b = 3; }",
    "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); @h = hist(args->id); }",
    "tracepoint:raw_syscalls:* { @[probe] = count(); }",
    "profile:hz:99 { @[kstack, ustack, comm] = count(); } interval:s:1 { exit(); }",
    "uprobe:/bin/bash:readline /* @x = 5 */ { @y = count(); }",
    "uprobe:/bin//bash:readline { @y = count(); } uretprobe:/bin/bash:readline { @z = lhist(1, 0, 5, 1); }",
    "BEGIN { @x = reg(\"ip\"); @y = ntop(5); @z = strftime(\"%H = count()\", nsecs); }",
    "BEGIN { $x = 5; @x = $x; $y = @x; @y = avg($y); @z[$y, $x] = stats(@x); }",
    "BEGIN { @x[1] = buf(\"ab\", 2); @y = ksym(0); @z = usym(0); }",
    "BEGIN { @x = 0x1f; @y = 1e6; @z = 1_000; @w = sum(0xff); }",
    "BEGIN { @a = sum(1) } END { @b = @a }",
};

// Name and type of each map, as bpftrace says them last: before, it did not know yet.
std::map<std::string, std::string> types_of(const std::string& said) {
  constexpr std::string_view kMap = "map: ", kType = " :: type[";
  std::map<std::string, std::string> types;
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t map = line.find(kMap), type = line.find(kType);
    if (map == std::string::npos || type == std::string::npos) continue;
    const std::string name = line.substr(map + kMap.size(), type - map - kMap.size());
    std::string word = line.substr(type + kType.size());
    word.resize(std::min(word.size(), word.find_first_of(",[]")));
    if (word != "none") types[name] = word;
  }
  return types;
}

std::string kind_of(const std::string& type) {
  for (const char* kind : {"count", "sum", "min", "max", "avg", "stats", "hist", "lhist"}) {
    if (type == kind) return kind;
  }
  return "other";
}

class ProgramMapsBesideBpftrace : public RealTest {
 protected:
  void SetUp() override {
    RealTest::SetUp();
    Program version({.argv = {"/usr/bin/bpftrace", "--version"}, .env = {"PATH=/usr/bin:/bin"}});
    version.wait_exit();
    if (version.out().find("v0.17") == std::string::npos) GTEST_SKIP() << "needs bpftrace 0.17: " << version.captured();
  }

  // Whether bpftrace understood it.
  bool compare(const std::string& path, const std::string& program) {
    Program bpftrace({.argv = {STAPSH_ENTER, "/usr/bin/bpftrace", "-d", path, "7", "word"},
                      .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "STAPSH_NO_RLIMIT=" STAPSH_NO_RLIMIT}});
    bpftrace.wait_exit();
    const std::map<std::string, std::string> types = types_of(bpftrace.out() + bpftrace.err());
    const client::ProgramMaps ours(program);
    for (const auto& [name, type] : types) {
      const MapKind kind = ours.kind(name);
      EXPECT_NE(ours.find(name), nullptr) << name << " in " << program;
      const bool is_copy =
          program.find(name + " = @") != std::string::npos;  // Of a map: has its type, and is not merged.
      EXPECT_EQ(kind_name(kind), is_copy ? "other" : kind_of(type)) << name << " is " << type << " in " << program;
    }
    if (types.empty()) return false;
    for (const std::string& name : ours.names()) {
      EXPECT_TRUE(types.contains(name)) << name << " in " << program << bpftrace.captured();
    }
    return true;
  }
};

TEST_F(ProgramMapsBesideBpftrace, OddSyntax) {
  std::size_t understood = 0;
  for (const std::string_view program : kOddPrograms) {
    const std::string path = scratch_.write("odd.bt", std::string(program));
    if (compare(path, std::string(program))) {
      ++understood;
    } else {
      std::cout << "not understood by bpftrace: " << program << "\n";
    }
  }
  std::size_t tools = 0;
  for (const char* folder : {"/usr/sbin", "/usr/share/bpftrace/tools"}) {
    if (!std::filesystem::is_directory(folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".bt") continue;
      std::ifstream file(entry.path());
      const std::string program(std::istreambuf_iterator<char>(file), {});
      tools += compare(entry.path(), program) ? 1 : 0;
    }
  }
  std::cout << understood << " programs and " << tools << " tools were compared\n";
  EXPECT_GE(understood + tools, kProgramsMin);
}

}  // namespace
}  // namespace stapsh::real
