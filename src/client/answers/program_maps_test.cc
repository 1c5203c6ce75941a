// SPDX-License-Identifier: Apache-2.0
#include "client/answers/program_maps.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace stapsh::client {
namespace {

// "@a count; @b other, in part": all that is known.
std::string said(std::string_view program) {
  std::string all;
  const ProgramMaps read(program);
  for (const ProgramMap& map : read.maps()) {
    if (!all.empty()) all += "; ";
    all += map.name + " " + std::string(kind_name(map.kind));
    if (map.printed_in_part) all += ", in part";
    if (map.printed_divided) all += ", divided";
    if (map.forgets) all += ", forgets";
  }
  return all;
}

struct Case {
  std::string_view name, program, want;
};

void expect_all(const Case* cases, std::size_t number) {
  for (const Case* c = cases; c != cases + number; ++c) {
    SCOPED_TRACE(c->name);
    EXPECT_EQ(said(c->program), c->want);
  }
}

TEST(ProgramMaps, KnowsEachAggregation) {
  const Case cases[] = {
      {"nothing", "", ""},
      {"all", "BEGIN{@a=count();@b=sum(1);@c=min(1);@d=max(1);@e=avg(1);@f=stats(1);@g=hist(1);@h=lhist(1,0,9,1)}",
       "@a count; @b sum; @c min; @d max; @e avg; @f stats; @g hist; @h lhist"},
      {"no name", "k:f { @ = count(); }", "@ count"},
      {"no name, with a key", "k:f { @[comm] = count(); }", "@ count"},
      {"keys", "k:f { @x[comm, str(arg0), (1, 2)] = sum(arg1) }", "@x sum"},
      {"brackets in brackets", "k:f { @x[@y[args->a[3]]] = hist(@z[1]); @y[1]=2; @z[1]=3 }",
       "@x hist; @y other; @z other"},
      {"a bracket in a text", "k:f { @x[\"]\", \"[\"] = count(); }", "@x count"},
      {"comments between", "k:f { @x /* = 5 */ [ /* ] */ comm ] // = 5\n = /* max( */ count /* */ ( ); }", "@x count"},
      {"in a text", "k:f { printf(\"@x = count()\\\" @y = 1\"); @z = count() }", "@z count"},
      {"in a comment", "// @x = 5\n/* @y = 1; */ k:f { @z = count() } // @a = 1", "@z count"},
      {"a predicate", "k:f / @a == 1 && @b[1] / { @b[1] = count(); @a = 1; }", "@a other; @b count"},
      {"a path with stars", "uprobe:/lib/*/libc.so:f { @x = count(); } u:/bin//ls:main { @y = sum(1); }",
       "@x count; @y sum"},
      {"a comment behind a probe", "kprobe:vfs_read/* @x = 5; */ { @x = count(); }", "@x count"},
      {"a predicate behind a number", "interval:s:1/@x > 2/ { @x = max(3); }", "@x max"},
      {"positional parameters", "k:f { @x[$1, str($2)] = lhist($3, 0, $4, 5); }", "@x lhist"},
      {"in blocks", "k:f { if (@a) { @b = count() } else { unroll (3) { @b = count(); } while (1) { @c = sum(1); } } }",
       "@a other; @b count; @c sum"},
  };
  expect_all(cases, std::size(cases));
}

TEST(ProgramMaps, LeavesReadingAndClearingAlone) {
  const Case cases[] = {
      {"uses",
       "k:f { @x = count(); } END { print(@x); clear(@x); zero(@x); delete(@x); printf(\"%d\", @x); $y = @x + 1; }",
       "@x count, forgets"},
      {"delete a key", "k:f { @x[1] = count(); delete(@x[1]); delete(@x, 1); }", "@x count, forgets"},
      {"compared", "k:f { @x = count(); if (@x == 1) { @y = @x > 5 ? 1 : 2; } }", "@x count; @y other"},
      {"for", "k:f { @x[1] = count(); for ($kv : @x) { print($kv.0); } }", "@x count"},
      {"declared", "let @x = percpulruhash(100); k:f { @x[1] = count(); }", "@x count, forgets"},
      {"read before it is made", "k:f / @x[tid] / { @y = hist(nsecs - @x[tid]); } k:g { @x[tid] = nsecs; }",
       "@x other; @y hist"},
  };
  expect_all(cases, std::size(cases));
}

TEST(ProgramMaps, GuessesNothing) {
  const Case cases[] = {
      {"assigned", "k:f { @a = 5; @b = nsecs; @c = \"count()\"; @d = (1, 2); @e = @a; @f = -1; @g = kstack(3) }",
       "@a other; @b other; @c other; @d other; @e other; @f other; @g other"},
      {"changed", "k:f { @a++; @b--; ++@c; --@d; @e += 1; @f -= 1; @g[1]++; @h <<= 2; @i |= 1 }",
       "@a other; @b other; @c other; @d other; @e other; @f other; @g other; @h other; @i other"},
      {"two ways", "k:f { @a = count(); @a = sum(1); @b = count(); @b = 5; @c = 5; @c = count(); @d = count(); @d++ }",
       "@a other; @b other; @c other; @d other"},
      {"three ways", "k:f { @a = count(); @a = sum(1); @a = count(); }", "@a other"},
      {"more than the call", "k:f { @a = count() + 1; @b = max(1) * 2; @c = (count()); }",
       "@a other; @b other; @c other"},
      {"unknown functions", "k:f { @a = tseries(1, 100ms, 5); @b = quantize(1); @c = count; }",
       "@a other; @b other; @c other"},
      {"only read", "k:f { print(@a); }", "@a other"},
      {"a definition with a map", "#define ADD @a = 5\nk:f { @a = count(); ADD; @b = count(); }", "@a other; @b count"},
      {"a definition of two lines", "#define ADD \\\n @a = 5\nk:f { @a = count(); }", "@a other"},
      {"a defined value", "#define WHAT count()\n#define N 5\nk:f { @a = WHAT; @b[N] = sum(N); }", "@a other; @b sum"},
      {"another count", "#define count max\nk:f { @a = count(); @b = sum(1) }", "@a other; @b sum"},
      {"a macro called count", "macro count($x) { $x } k:f { @a = count(1); }", "@a other"},
      {"given to a macro",
       "macro add(@m, $n) { @m = 5; } k:f { @a = count(); @b = count(); add(@a, @b[1]); @m = sum(1); }",
       "@a other; @b count; @m sum"},
      {"given to what we don't know", "k:f { @a = count(); @b = count(); magic(1, @a); magic(@b + 1); }",
       "@a other; @b count"},
      {"cut", "k:f { @a = count(", "@a count"},
      {"brackets that never close", "k:f { @a[1 = count(); @b = count() }", "@a other; @b count"},
  };
  expect_all(cases, std::size(cases));
}

TEST(ProgramMaps, KnowsWhatIsPrintedInPart) {
  const Case cases[] = {
      {"whole", "k:f { @x[1] = count(); print(@x); print(@x, 0); print(1, 5); printf(\"%d\", @x, 3); }", "@x count"},
      {"top", "k:f { @x[1] = count(); print(@x, 10); }", "@x count, in part"},
      {"a top that depends", "k:f { @x[1] = count(); print(@x, 0 + $1); }", "@x count, in part"},
      {"divided", "k:f { @x[1] = count(); print(@x, 0, 1000); }", "@x count, divided"},
      {"both", "k:f { @x[1] = count(); print ( @x , (2) , 7 ) }", "@x count, in part, divided"},
      {"a key's value", "k:f { @x[1] = count(); print(@x[1], 3); }", "@x count"},
  };
  expect_all(cases, std::size(cases));
}

TEST(ProgramMaps, KnowsWhatForgets) {
  const Case cases[] = {
      {"nothing", "k:f { @x[1] = count(); print(@x); has_key(@x, 1); len(@x); }", "@x count"},
      {"cleared", "k:f { @x = count(); } i:s:1 { print(@x); clear(@x); }", "@x count, forgets"},
      {"cleared before it is made", "i:s:1 { clear ( @x ) ; } k:f { @x = count(); }", "@x count, forgets"},
      {"zeroed", "k:f { @x[1] = sum(1); } i:s:1 { zero(@x); }", "@x sum, forgets"},
      {"a key", "k:f { @x[1] = hist(1); delete(@x[1]); }", "@x hist, forgets"},
      {"a key behind a comma", "k:f { @x[1] = hist(1); delete(@x, 1); }", "@x hist, forgets"},
      {"several keys", "k:f { @x[1] = count(); @y[1] = count(); delete(@x[1], @y[1]); }",
       "@x count, forgets; @y count, forgets"},
      {"each key", "k:f { @x[1] = count(); for ($kv : @x) { delete(@x, $kv.0); } }", "@x count, forgets"},
      {"another", "k:f { @x = count(); @y[@x] = count(); clear(@y); }", "@x count; @y count, forgets"},
      {"another, by its key", "k:f { @x = count(); @y[1] = count(); delete(@y[@x]); }", "@x count; @y count, forgets"},
      {"in a text or a comment", "k:f { @x = count(); printf(\"clear(@x)\"); /* clear(@x) */ } // delete(@x)",
       "@x count"},
      {"in a macro", "macro reset() { clear(@x); } k:f { @x = count(); reset(); }", "@x count, forgets"},
      {"by a definition", "#define RESET clear(@x)\nk:f { @x = count(); RESET; }", "@x other"},
      {"set anew", "k:f { @x = count(); } i:s:1 { @x = 0; }", "@x other"},
      {"makes room", "let @x = percpulruhash(9); let @y = percpuhash(9); k:f { @x[1] = count(); @y[1] = count(); }",
       "@x count, forgets; @y count"},
      {"imports", "import \"more.bt\"; k:f { @x = count(); }", "@x count, forgets"},
  };
  expect_all(cases, std::size(cases));
}

TEST(ProgramMaps, ExactAverageChangesNothingElse) {
  EXPECT_EQ(
      with_exact_avg(
          "k:f { @a = avg(1); @b[avg] /* avg( */ =  avg (arg0); printf(\"@a = avg(1)\"); @c = count(); } //@d=avg(1)"),
      "k:f { @a = stats(1); @b[avg] /* avg( */ =  stats (arg0); printf(\"@a = avg(1)\"); @c = count(); } //@d=avg(1)");
  EXPECT_EQ(with_exact_avg("k:f { $x = avg(1); }"), "k:f { $x = avg(1); }");
  EXPECT_EQ(with_exact_avg(""), "");
}

TEST(ProgramMaps, AStatsOfTheProgramItselfStandsForNoAverage) {
  for (const std::string_view program :
       {"macro stats(x) { x } k:f { @a = avg(1); }", "fn stats($x) { } k:f { @a = avg(1); }",
        "#define stats(x) count()\nk:f { @a = avg(1); }"}) {
    EXPECT_EQ(with_exact_avg(program), program);
    EXPECT_EQ(ProgramMaps(program).kind("@a"), MapKind::kAvg);
  }
}

TEST(ProgramMaps, NamesComeInTheOrderOfTheText) {
  EXPECT_EQ(ProgramMaps("k:f { @z = 1; @a = @b; @z++; @ = 1 }").names(),
            (std::vector<std::string>{"@z", "@a", "@b", "@"}));
}

TEST(ProgramMaps, AKeyThatHoldsAnAverageIsRewrittenInPlace) {
  EXPECT_EQ(with_exact_avg("k:f { @a[@b = avg(1)] = avg(2); }"), "k:f { @a[@b = avg(1)] = stats(2); }");
  EXPECT_EQ(with_exact_avg("k:f { @a[x; @b = avg(1); y] = avg(2); }"), "k:f { @a[x; @b = stats(1); y] = stats(2); }");
}

}  // namespace
}  // namespace stapsh::client
