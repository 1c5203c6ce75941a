// SPDX-License-Identifier: Apache-2.0
#include "client/answers/answer_book.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "base/overloaded.h"
#include "client/answers/unlike_hosts.h"
#include "client/answers/value_shown.h"

namespace stapsh::client {
namespace {

using std::chrono::milliseconds;

std::string shown(const AnswerItem& item) {
  return std::visit(
      Overloaded{[](const AnswerText& text) { return std::to_string(text.target) + " says " + text.bytes; },
                 [](const AnswerNotice& notice) { return std::to_string(notice.target) + "! " + notice.text; },
                 [](const Answer& answer) {
                   std::string text = answer.map;
                   if (answer.ordinal) text += "#" + std::to_string(*answer.ordinal);
                   if (answer.said_before) text += " again";
                   for (std::size_t i = 0; i < answer.keys.size(); ++i) {
                     text += " " + answer.keys[i] + "=" + stapsh::client::shown(answer.sums[i]);
                   }
                   text += " of";
                   for (const HostValues& host : answer.hosts) text += " " + std::to_string(host.target());
                   for (const Missing& missing : answer.missing) {
                     text += ", " + std::to_string(missing.target) + " " + missing.why;
                   }
                   if (answer.dropped_keys > 0) text += ", dropped " + std::to_string(answer.dropped_keys);
                   for (const std::string& note : answer.notes) text += ", note: " + note.substr(0, 30);
                   return text;
                 }},
      item);
}

class AnswerBookTest : public testing::Test {
 protected:
  void begin(std::string_view program, std::size_t targets, const AnswerOptions& options = {}) {
    book_ = std::make_unique<AnswerBook>(ProgramMaps(program), targets, options);
  }
  // All that was given out since the last time, "; " between.
  std::string drain() {
    std::string all;
    while (const std::optional<AnswerItem> item = book_->next()) all += (all.empty() ? "" : "; ") + shown(*item);
    return all;
  }
  void say(std::size_t target, std::string_view line) { book_->on_output(target, std::string(line) + "\n", at(now_)); }
  void count(std::size_t target, int number) {
    say(target, R"({"type": "map", "data": {"@c": )" + std::to_string(number) + "}}");
  }
  void end(std::size_t target, std::string_view problem = {}) { book_->on_ended(target, problem, at(now_)); }
  void pass(int ms) { book_->on_time(at(now_ += ms)); }
  static WallTime at(int ms) { return milliseconds(1'000'000 + ms); }

  std::unique_ptr<AnswerBook> book_;
  int now_ = 0;
};

constexpr std::string_view kCounter = "k:f { @c = count(); } interval:s:1 { print(@c); }";

TEST_F(AnswerBookTest, TextComesAsItIsAndMapsOnceSummed) {
  begin("k:f { @c = count(); }", 2);
  say(0, R"({"type": "attached_probes", "data": {"probes": 1}})");
  say(0, R"({"type": "printf", "data": "a\nb"})");
  say(0, R"({"type": "printf", "data": "c\n"})");
  say(1, "Lost in translation");
  say(1, R"({"type": "value", "data": [1,2,"x"]})");
  EXPECT_EQ(drain(), "0 says a\nbc\n; 1 says Lost in translation\n(1, 2, x)\n");
  count(0, 5);
  end(0);
  count(1, 7);
  EXPECT_EQ(drain(), "");
  end(1);
  EXPECT_EQ(drain(), "@c =12 of 0 1");
  EXPECT_EQ(book_->next_deadline(), std::nullopt);
}

TEST_F(AnswerBookTest, WhileItIsWatchedEachPrintIsWhatThereIsNow) {
  AnswerOptions options;
  options.live = true;
  begin(kCounter, 2, options);
  EXPECT_TRUE(book_->latest().empty());
  EXPECT_FALSE(book_->has_printed(0));
  count(0, 1);
  count(0, 5);
  count(0, 6);
  count(1, 2);
  pass(60'000);
  EXPECT_EQ(drain(), "");
  EXPECT_EQ(book_->next_deadline(), std::nullopt);
  ASSERT_EQ(book_->latest().size(), 1U);
  EXPECT_EQ(shown(book_->latest().front()), "@c =8 of 0 1");
  EXPECT_TRUE(book_->has_printed(0));
  count(1, 4);
  end(0);
  end(1);
  EXPECT_EQ(drain(), "@c =10 of 0 1");
}

TEST_F(AnswerBookTest, WhoHasAttachedItsProbesCanBeAsked) {
  AnswerOptions options;
  options.live = true;
  begin(kCounter, 2, options);
  book_->on_started(0, at(0));
  EXPECT_FALSE(book_->can_be_asked(0));  // The signal would end it.
  say(0, R"({"type": "attached_probes", "data": {"probes": 1}})");
  EXPECT_TRUE(book_->can_be_asked(0));
  EXPECT_EQ(drain(), "");
  say(1, R"({"type": "attached_probes", "count": 1, "data": {"probes": 1}})");
  EXPECT_FALSE(book_->can_be_asked(1));
  EXPECT_EQ(drain().substr(0, 47), "1! this bpftrace (0.22 or later) can't be asked");
  end(0);
  EXPECT_FALSE(book_->can_be_asked(0));
}

TEST_F(AnswerBookTest, AVersionThatPrintsNothingIsKnownBeforeItRuns) {
  AnswerOptions options;
  options.live = true;
  begin(kCounter, 2, options);
  book_->on_asking_known(0, true);
  book_->on_asking_known(1, false);
  EXPECT_EQ(drain().substr(0, 47), "1! this bpftrace (0.22 or later) can't be asked");
  for (std::size_t target = 0; target < 2; ++target) {
    book_->on_started(target, at(0));
    say(target, R"({"type": "attached_probes", "data": {"probes": 1}})");
    EXPECT_EQ(book_->can_be_asked(target), target == 0);
  }
  EXPECT_EQ(drain(), "");
}

TEST_F(AnswerBookTest, OneWhoseProgramPrintsWhenItIsAskedIsAskedWhateverItsVersion) {
  AnswerOptions options;
  options.live = true;
  begin(kCounter, 1, options);
  book_->on_asking_known(0, true);
  say(0, R"({"type": "attached_probes", "count": 2, "data": {"probes": 2}})");
  EXPECT_TRUE(book_->can_be_asked(0));
  EXPECT_EQ(drain(), "");
}

TEST_F(AnswerBookTest, WhatWeFailedToReadIsMissingUntilItIsPrintedAgain) {
  AnswerOptions options;
  options.live = true;
  begin("k:f { @c = count(); @d = count(); }", 2, options);
  for (const std::size_t target : {0U, 1U}) {
    say(target, R"({"type": "map", "data": {"@c": 1}})");
    say(target, R"({"type": "map", "data": {"@d": 1}})");
  }
  book_->on_fault(1);
  EXPECT_EQ(drain(), "1! not all that it printed could be read, through a fault of rstap's own");
  book_->on_output(1, "the rest of a line\n", at(1));
  EXPECT_EQ(drain(), "");
  say(1, R"({"type": "map", "data": {"@d": 7}})");
  const std::vector<Answer> latest = book_->latest();
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0].missing, (std::vector<Missing>{{1, "what it printed last could not be read"}}));
  EXPECT_EQ(latest[1].missing, std::vector<Missing>());
}

TEST_F(AnswerBookTest, ARoundIsGivenOutWhenAHostPrintsAgain) {
  begin(kCounter, 2);
  count(0, 1);
  count(1, 2);
  EXPECT_EQ(drain(), "");
  count(1, 4);
  EXPECT_EQ(drain(), "@c#0 =3 of 0 1");
  count(0, 3);
  end(0);
  end(1);
  EXPECT_EQ(drain(), "@c =7 of 0 1");
}

TEST_F(AnswerBookTest, ARoundIsGivenOutWhenAllStillRunABitLater) {
  begin(kCounter, 2);
  count(0, 1);
  now_ = 100;
  count(1, 2);
  EXPECT_EQ(book_->next_deadline(), at(600));
  pass(499);
  EXPECT_EQ(drain(), "");
  pass(1);
  EXPECT_EQ(drain(), "@c#0 =3 of 0 1");
  EXPECT_EQ(book_->next_deadline(), std::nullopt);
  end(0);
  end(1, "failed: exit code 3");
  EXPECT_EQ(drain(), "@c again =3 of 0 1, 1 failed: exit code 3, 0 s after the start");
}

TEST_F(AnswerBookTest, ARoundDoesNotWaitForeverForWhoSaysNothing) {
  begin(kCounter, 3);
  book_->on_started(2, at(0));
  count(0, 1);
  count(1, 2);
  EXPECT_EQ(book_->next_deadline(), at(2'000));
  pass(2'000);
  EXPECT_EQ(drain(), "@c#0 =3 of 0 1, 2 no data yet");
  // Its next print belongs to the next round, not to the one that is over: an empty map is not printed.
  count(0, 10);
  count(1, 20);
  count(2, 30);
  pass(500);
  EXPECT_EQ(drain(), "@c#1 =60 of 0 1 2");
}

TEST_F(AnswerBookTest, WhoDidNotStartOrHasEndedIsNotWaitedFor) {
  begin(kCounter, 3);
  count(0, 1);
  count(1, 2);
  end(2, "no route to host");
  count(0, 3);
  EXPECT_EQ(drain(), "@c#0 =3 of 0 1, 2 no route to host");
  now_ = 1'500;
  end(1, "connection lost");
  count(0, 5);
  EXPECT_EQ(drain(), "@c#1 =3 of 0, 1 connection lost, 1 s after the start, 2 no route to host");
  end(0);
  EXPECT_EQ(drain(), "@c =7 of 0 1, 1 connection lost, 1 s after the start, 2 no route to host");
}

TEST_F(AnswerBookTest, PrintsOfTheEndAreNoSnapshot) {
  begin(kCounter, 2);
  for (const int number : {1, 2}) {
    count(0, number);
    count(1, number);
  }
  EXPECT_EQ(drain(), "@c#0 =2 of 0 1");
  // The second was the last: both end.
  now_ = 400;
  end(0);
  end(1);
  EXPECT_EQ(drain(), "@c =4 of 0 1");
}

TEST_F(AnswerBookTest, WhatIsPrintedAfterAStopIsFinal) {
  begin(kCounter, 2);
  count(0, 1);
  count(1, 1);
  count(0, 2);
  EXPECT_EQ(drain(), "@c#0 =2 of 0 1");
  book_->on_stop(at(now_));
  EXPECT_EQ(drain(), "@c#1 =2 of 0, 1 no data yet");
  count(0, 3);
  count(1, 4);
  pass(5'000);
  EXPECT_EQ(drain(), "");
  end(0);
  end(1);
  EXPECT_EQ(drain(), "@c =7 of 0 1");
}

TEST_F(AnswerBookTest, AHostThatJoinsLateJoinsTheRoundThatIsOpen) {
  begin(kCounter, 2);
  count(0, 1);
  count(0, 2);
  count(0, 3);
  EXPECT_EQ(drain(), "@c#0 =1 of 0, 1 not started; @c#1 =2 of 0, 1 not started");
  count(1, 10);
  count(0, 4);
  EXPECT_EQ(drain(), "@c#2 =13 of 0 1");
}

TEST_F(AnswerBookTest, AnEndOfTheRunNamesWhoDidNotEnd) {
  begin(kCounter, 2);
  count(0, 1);
  book_->on_run_ended(at(1));
  EXPECT_EQ(drain(), "@c#0 =1 of 0, 1 not started; @c again =1 of 0, 1 not started");
  end(0);
  end(1);
  EXPECT_EQ(drain(), "");
}

TEST_F(AnswerBookTest, ATopIsSaidToBeATop) {
  begin("k:f { @c = count(); } interval:s:1 { print(@c, 10, 2); }", 1);
  count(0, 1);
  count(0, 2);
  EXPECT_EQ(drain(), "@c#0 =1 of 0, note: each host printed only its lar, note: the program divides what it pr");
  end(0);
  EXPECT_EQ(drain(), "@c =2 of 0");
}

TEST_F(AnswerBookTest, NoticesAreGivenOnceAndCounted) {
  begin(kCounter, 2);
  say(0, R"({"type": "lost_events", "data": {"events": 5}})");
  say(0, R"({"type": "lost_events", "data": {"events": 7}})");
  say(0, R"({"type": "errorf", "msg": "bad"})");
  say(0, R"({"type": "errorf", "msg": "bad"})");
  for (int i = 0; i < 10; ++i) say(0, R"({"type": "helper_error", "msg": "no\n"})");
  for (int i = 0; i < 10; ++i) say(0, R"({"type": "2030", "data": 5})");
  EXPECT_EQ(
      drain(),
      "0! lost 5 events; 0! errorf: bad; 0! errorf: bad; 0! helper_error: no^J; 0! a line could not be read: a type "
      "that this version does not know: 2030: {\"type\": \"2030\", \"data\": 5}");
  for (int i = 0; i < 100; ++i) say(0, "{" + std::to_string(i) + R"( "type": )");
  end(0);
  const std::string rest = drain();
  EXPECT_NE(rest.find("0! helper_error: no^J (9 times more)"), std::string::npos) << rest;
  EXPECT_NE(rest.find("0! lost 12 events in all"), std::string::npos) << rest;
}

TEST_F(AnswerBookTest, LostEventsAreToldAsANumberOnceEach) {
  begin(kCounter, 1);
  for (const char* events : {"5", "7", "0"}) {
    say(0, R"({"type": "lost_events", "data": {"events": )" + std::string(events) + "}}");
  }
  end(0);
  std::vector<std::uint64_t> lost;
  while (const std::optional<AnswerItem> item = book_->next()) {
    if (const auto* notice = std::get_if<AnswerNotice>(&*item)) lost.push_back(notice->lost_events);
  }
  EXPECT_EQ(lost, (std::vector<std::uint64_t>{5, 7}));
}

TEST_F(AnswerBookTest, AKeyThatComesAMillionTimesTakesLittle) {
  begin("BEGIN { @o[comm] = tid; @h[comm] = hist(1); }", 1);
  std::string numbers = R"("x": 1)", histograms = R"("x": [{"min": 1, "max": 1, "count": 1}])";
  for (int i = 1; i < 1'000'000; ++i) numbers += R"(, "x": )" + std::to_string(i % 10);
  for (int i = 1; i < 100'000; ++i) histograms += R"(, "x": [{"min": 1, "max": 1, "count": 1}])";
  say(0, R"({"type": "map", "data": {"@o": {)" + numbers + "}}}");
  say(0, R"({"type": "hist", "data": {"@h": {)" + histograms + "}}}");
  end(0);
  std::string all;
  while (const std::optional<AnswerItem> item = book_->next()) {
    const auto* answer = std::get_if<Answer>(&*item);
    ASSERT_NE(answer, nullptr) << shown(*item);
    EXPECT_LT(answer->hosts.front().bytes(), 1000U);
    all += stapsh::client::shown(answer->hosts.front().value(0)) + "; ";
  }
  EXPECT_EQ(all, "\"more values than can be shown\"; {1..1:100000}; ");
}

TEST_F(AnswerBookTest, AHostWhosePrintCouldNotBeReadIsNamed) {
  begin(kCounter, 3);
  const std::string large = R"({"type": "map", "data": {"@c": )" + std::string(400, '1') + "}}";
  for (std::size_t host = 0; host < 2; ++host) count(host, 1);
  say(1, large);
  say(2, large);
  count(0, 9);
  for (std::size_t host = 0; host < 3; ++host) end(host);
  const std::string all = drain();
  EXPECT_NE(all.find("@c =10 of 0 1, 1 what it printed last could not be read, 2 what it printed could not be read"),
            std::string::npos)
      << all;
}

// What is not merged is compared with nothing, either.
TEST_F(AnswerBookTest, HostsWithoutAnythingInCommonAreNotUnlike) {
  begin(kCounter, 4);
  for (std::size_t host = 0; host < 3; ++host) count(host, 1000);
  say(3, R"({"type": "map", "data": {"@c": {"a": 1}}})");
  for (std::size_t host = 0; host < 4; ++host) end(host);
  while (const std::optional<AnswerItem> item = book_->next()) {
    const auto* answer = std::get_if<Answer>(&*item);
    EXPECT_TRUE(answer == nullptr || unlike_hosts(*answer).empty());
  }
}

TEST_F(AnswerBookTest, ALineThatIsTooLongOrCutSpoilsNothingElse) {
  AnswerOptions options;
  options.line_bytes_max = 100;
  begin(kCounter, 1, options);
  book_->on_output(0, std::string(60, 'x'), at(0));
  book_->on_output(0, std::string(60, 'x'), at(0));
  book_->on_output(0, std::string(60, 'x'), at(0));
  EXPECT_EQ(drain(), "0! a line of more than 100 bytes was passed over");
  book_->on_output(0, "xx\n{\"type\": \"map\", \"data\": {\"@c\": 3}}\n{\"type\": \"ma", at(0));
  end(0);
  const std::string rest = drain();
  EXPECT_EQ(rest.substr(0, 30), "0! a line could not be read: A") << rest;
  EXPECT_NE(rest.find("@c =3 of 0"), std::string::npos) << rest;
}

TEST_F(AnswerBookTest, KeysOfManyHostsAreLimitedAndOldOnesMakeRoom) {
  AnswerOptions options;
  options.keys_per_map_max = 10;
  begin("k:f { @a[tid] = count(); @b[tid] = count(); }", 1, options);
  for (int i = 0; i < 50; i += 5) {
    std::string line = R"({"type": "map", "data": {"@a": {)";
    for (int key = i; key < i + 5; ++key) line += (key > i ? ", \"" : "\"") + std::to_string(key) + "\": 1";
    say(0, line + "}}}");
  }
  (void)drain();
  end(0);
  EXPECT_EQ(drain(), "@a 45=1 46=1 47=1 48=1 49=1 of 0");
}

TEST_F(AnswerBookTest, AllMapsShareALimitOfKeys) {
  AnswerOptions options;
  options.keys_max = 3;
  begin("k:f { @a[tid] = count(); @b[tid] = count(); }", 1, options);
  say(0, R"({"type": "map", "data": {"@a": {"x": 1, "y": 1}}})");
  say(0, R"({"type": "map", "data": {"@b": {"x": 1, "y": 1}}})");
  end(0);
  EXPECT_EQ(drain(), "@a x=1 y=1 of 0; @b x=1 of 0, dropped 1");
}

TEST_F(AnswerBookTest, VersionsThatSpellKeysDifferentlyMeet) {
  begin("k:f { @a[comm] = count(); }", 2);
  say(0, R"({"type": "attached_probes", "data": {"probes": 1}})");
  say(0, R"({"type": "map", "data": {"@a": {"tmux: server": 1, "a b": 1, "ab": 5}}})");
  say(1, R"({"type": "attached_probes", "count": 1, "data": {"probes": 1}})");
  say(1, R"({"type": "map", "data": {"@a": {"tmux:server": 2, "ab": 1}}})");
  end(0);
  end(1);
  // What the first host tells apart.
  EXPECT_EQ(drain(), "@a tmux: server=3 a b=7 of 0 1, note: keys of 1 host that differ onl");
}

// Whose keys they are is not known where one version tells them apart and another does not.
TEST_F(AnswerBookTest, KeysThatOneHostTellsApartAreNotJoinedWithoutAWord) {
  const std::string old_one = R"({"type": "attached_probes", "data": {"probes": 1}})";
  const std::string new_one = R"({"type": "attached_probes", "data": {"probes": 1}, "count": 1})";
  const auto run = [&](std::string_view program, const std::string& by_old, const std::string& by_new, bool old_first) {
    begin(program, 2);
    const std::size_t older = old_first ? 0 : 1;
    const auto say_old = [&] {
      say(older, old_one);
      say(older, by_old);
    };
    if (old_first) say_old();  // Read before it is known that versions are mixed.
    say(1 - older, new_one);
    say(1 - older, by_new);
    if (!old_first) say_old();
    end(0);
    end(1);
    return drain();
  };
  const std::string counter = "k:f { @c[comm] = count(); }", note = ", note: keys of 1 host that differ onl";
  const std::string of_new = R"({"type": "map", "data": {"@c": {"foobar": 10, "x": 20}}})";
  const std::string both = R"-({"type": "map", "data": {"@c": {"foo bar": 1, "foobar": 2, "(x)": 3, "x": 4}}})-";
  EXPECT_EQ(run(counter, both, of_new, true), "@c foo bar=13 (x)=27 of 0 1" + note);
  EXPECT_EQ(run(counter, both, of_new, false), "@c foo bar=13 (x)=27 of 0 1" + note);
  EXPECT_EQ(run("k:f { @c[comm] = hist(1); }",
                R"({"type": "hist", "data": {"@c": {"a b": [{"min": 0, "max": 0, "count": 1}],)"
                R"( "ab": [{"min": 0, "max": 0, "count": 2}]}}})",
                R"({"type": "hist", "data": {"@c": {"ab": [{"min": 0, "max": 0, "count": 4}]}}})", false),
            "@c a b={0..0:7} of 0 1" + note);
  // Nothing is joined, or the same key came twice.
  EXPECT_EQ(run(counter, R"({"type": "map", "data": {"@c": {"foo bar": 1, "foo bar": 2, "x": 3}}})", of_new, true),
            "@c foo bar=13 x=23 of 0 1");
  begin(counter, 1);
  say(0, old_one);
  say(0, both);
  end(0);
  EXPECT_EQ(drain(), "@c foo bar=1 foobar=2 (x)=3 x=4 of 0");
}

TEST_F(AnswerBookTest, MapsThatTheProgramDoesNotNameAreNotMerged) {
  AnswerOptions options;
  options.unknown_maps_max = 1;
  begin(kCounter, 1, options);
  say(0, R"({"type": "map", "data": {"@x": 1}})");
  say(0, R"({"type": "map", "data": {"@y": "text"}})");
  say(0, R"({"type": "map", "data": {"@z": 1}})");
  end(0);
  const std::string all = drain();
  EXPECT_NE(all.find("more maps than can be"), std::string::npos) << all;
  EXPECT_NE(all.find("@x =() of 0"), std::string::npos) << all;
}

TEST_F(AnswerBookTest, MapsThatAreTooManyDoNotHideWhatElseIsSaid) {
  AnswerOptions options;
  options.unknown_maps_max = 0;
  begin(kCounter, 1, options);
  for (int i = 0; i < 50; ++i) say(0, R"({"type": "map", "data": {"@m)" + std::to_string(i) + R"(": {"k": 1}}})");
  say(0, R"({"type": "stats", "data": {"@s": {"count": 1, "total": 1}}})");
  EXPECT_EQ(drain(), "0! more maps than can be: @m0 and others are left out");
  say(0, R"({"type": "lost_in_time"})");
  EXPECT_NE(drain().find("could not be read"), std::string::npos);
  count(0, 3);
  end(0);
  EXPECT_EQ(drain(), "0! maps that are more than can be were printed 51 times; @c =3 of 0");
}

TEST_F(AnswerBookTest, AnySplitOfTheBytesGivesTheSame) {
  std::ifstream program_file(STAPSH_ANSWER_SAMPLES "/all.bt"), output_file(STAPSH_ANSWER_SAMPLES "/all.json");
  const std::string program(std::istreambuf_iterator<char>(program_file), {});
  const std::string output(std::istreambuf_iterator<char>(output_file), {});
  ASSERT_FALSE(output.empty());
  // Texts may be cut into other items; put together they are the same.
  const auto texts_and_answers = [&] {
    std::string texts, answers;
    while (const std::optional<AnswerItem> item = book_->next()) {
      if (const auto* text = std::get_if<AnswerText>(&*item)) {
        texts += text->bytes;
      } else {
        answers += shown(*item) + "\n";
      }
    }
    return texts + "\n" + answers;
  };
  std::string want;
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    begin(program, 1);
    const std::size_t most = round == 0 ? output.size() : std::size_t{1} << (round % 12);
    for (std::size_t at_byte = 0; at_byte < output.size();) {
      const std::size_t size = std::min(output.size() - at_byte, round == 0 ? most : 1 + random() % most);
      book_->on_output(0, std::string_view(output).substr(at_byte, size), at(0));
      at_byte += size;
    }
    end(0);
    const std::string got = texts_and_answers();
    if (round == 0) want = got;
    ASSERT_EQ(got, want);
  }
  EXPECT_NE(want.find("hello w\"orld"), std::string::npos);
  EXPECT_NE(want.find("@bycomm#0"), std::string::npos);
}

}  // namespace
}  // namespace stapsh::client
