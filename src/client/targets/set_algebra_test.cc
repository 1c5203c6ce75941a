// SPDX-License-Identifier: Apache-2.0
#include "client/targets/set_algebra.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::HasSubstr;

TEST(SetAlgebra, ValuesAreCutAtTheirOperators) {
  struct Case {
    std::string_view value;
    std::vector<std::string> want;  ///< The operator, then the term.
  };
  const Case cases[] = {
      {"web", {",web"}},
      {"a,b!c&d^e", {",a", ",b", "!c", "&d", "^e"}},
      {"web[01-40,50]!web[03,7]", {",web[01-40,50]", "!web[03,7]"}},
      {" a , b ! c ", {",a", ",b", "!c"}},
      {"[::1]:22!u@[fe80::1]", {",[::1]:22", "!u@[fe80::1]"}},
      {"@web!@db", {",@web", "!@db"}},
      // A command's own, up to a comma.
      {"a,exec:x && y ! z,b!c", {",a", ",exec:x && y ! z", ",b", "!c"}},
      {"a!unix:/x&y", {",a", "!unix:/x&y"}},
      {"web[1-", {",web[1-"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.value);
    const auto terms = split_set(c.value);
    ASSERT_TRUE(terms) << terms.error().what;
    std::vector<std::string> found;
    for (const SetTerm& term : *terms) found.push_back(static_cast<char>(term.op) + std::string(term.text));
    EXPECT_EQ(found, c.want);
  }
}

TEST(SetAlgebra, NamesTheColumnWhereATermIsMissing) {
  struct Case {
    std::string_view value, want;
  };
  const Case cases[] = {
      {"a,,b", "host set 'a,,b', column 3: a name is missing"},
      {"a!", "column 3: a name is missing"},
      {"!a", "column 1: a name is missing"},
      {"a&&b", "column 3: a name is missing"},
      {"a,!b", "column 3: a name is missing"},
      {" ", "column 2: a name is missing"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.value);
    const auto terms = split_set(c.value);
    ASSERT_FALSE(terms);
    EXPECT_EQ(terms.error().code, Errc::kUsage);
    EXPECT_THAT(terms.error().what, HasSubstr(c.want));
  }
}

TEST(SetAlgebra, OperatorsDoWhatClushDoes) {
  using Texts = std::vector<std::string>;
  struct Case {
    SetOperator op;
    Texts left, right, want;
  };
  using enum SetOperator;
  const Case cases[] = {
      {kAdd, {"b", "a", "b"}, {"a"}, {"b", "a", "b", "a"}},
      {kLeaveOut, {"c", "b", "a", "b"}, {"b", "z"}, {"c", "a"}},
      {kBoth, {"c", "b", "a"}, {"a", "c", "z"}, {"c", "a"}},
      {kOneOfBoth, {"c", "b", "a"}, {"z", "b"}, {"c", "a", "z"}},
      {kBoth, {"a"}, {"b"}, {}},
      // What is written must be the same, whatever the form.
      {kLeaveOut, {"root@web1", "web1:22", "ssh://web1", "ssh://root@web1:22", "web2"}, {"web1"}, {"web2"}},
      {kLeaveOut, {"root@web1", "web1", "admin@web1"}, {"root@web1"}, {"web1", "admin@web1"}},
      {kLeaveOut, {"web1:22", "web1", "root@web1:22"}, {"web1:22"}, {"web1"}},
      {kLeaveOut, {"[fe80::1]:22", "fe80::2"}, {"fe80::1"}, {"fe80::2"}},
      {kOneOfBoth, {"root@web1", "root@web2"}, {"web1", "web3"}, {"root@web2", "web3"}},
      // Others by their text.
      {kLeaveOut, {"stapsh:", "unix:/a", "exec:x"}, {"unix:/a", "stapsh"}, {"stapsh:", "exec:x"}},
  };
  for (const Case& c : cases) {
    const auto named = [](const Texts& texts) {
      std::vector<NamedAddress> addresses;
      for (const std::string& text : texts) addresses.push_back({text});
      return addresses;
    };
    std::vector<NamedAddress> left = named(c.left);
    ASSERT_TRUE(apply(c.op, left, named(c.right)));
    EXPECT_EQ(left, named(c.want)) << static_cast<char>(c.op) << testing::PrintToString(c.left);
  }
}

TEST(SetAlgebra, RepeatsAreTheSameUserHostAndPort) {
  const auto kept = without_repeats(
      {{"web1"}, {"root@web1"}, {"ssh://web1"}, {"web1:22"}, {"stapsh:"}, {"[fe80::1]"}, {"stapsh:"}, {"fe80::1"}});
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, (std::vector<NamedAddress>{{"web1"}, {"root@web1"}, {"web1:22"}, {"stapsh:"}, {"[fe80::1]"}}));
  EXPECT_FALSE(without_repeats({{"foo://x"}}));
}

TEST(SetAlgebra, AliasesAreNamesToo) {
  const std::vector<NamedAddress> hosts{{"root@10.0.0.1", "web1"}, {"10.0.0.2:22", "web2"}, {"stapsh:", "here"}};
  for (const std::string name : {"web1", "10.0.0.1", "root@10.0.0.1"}) {
    std::vector<NamedAddress> left = hosts;
    ASSERT_TRUE(apply(SetOperator::kLeaveOut, left, {{name}}));
    EXPECT_EQ(left, (std::vector<NamedAddress>{hosts[1], hosts[2]})) << name;
  }
  std::vector<NamedAddress> left = hosts;
  ASSERT_TRUE(apply(SetOperator::kBoth, left, {{"here"}, {"web2"}}));
  EXPECT_EQ(left, (std::vector<NamedAddress>{hosts[1], hosts[2]}));
}

TEST(SetAlgebra, RefusesWhatIsNoAddress) {
  std::vector<NamedAddress> left{{"a"}};
  const Result<> applied = apply(SetOperator::kLeaveOut, left, {{"foo://x"}});
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().what, HasSubstr("unknown scheme"));
}

}  // namespace
}  // namespace stapsh::client
