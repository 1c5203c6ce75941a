// SPDX-License-Identifier: Apache-2.0
#include "client/events/fold_names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/targets/host_set.h"

namespace stapsh::client {
namespace {

using Names = std::vector<std::string>;

TEST(FoldNames, ReadsAsAPersonWouldWriteIt) {
  const struct Case {
    Names names;
    std::string_view want;
  } cases[] = {
      {{}, ""},
      {{"web01"}, "web01"},
      {{"web01", "web02", "web03", "web05"}, "web[01-03,05]"},
      {{"web05", "web01", "web02"}, "web[01-02,05]"},
      {{"gateway", "web1", "db1", "web2", "mail"}, "gateway,web[1-2],db1,mail"},
      {{"web1", "web1", "web2"}, "web[1-2]"},
      // Padding.
      {{"web08", "web09", "web10"}, "web[08-10]"},
      {{"web8", "web9", "web10"}, "web[8-10]"},
      {{"web1", "web01"}, "web1,web01"},
      {{"web1", "web01", "web2", "web02"}, "web[1-2],web[01-02]"},
      {{"web98", "web99", "web100", "web01"}, "web[01,98-99,100]"},
      {{"web001", "web01", "web10", "web100"}, "web[001,100],web[01,10]"},
      {{"web0", "web1"}, "web[0-1]"},
      {{"web00", "web01"}, "web[00-01]"},
      // Several numbers, where all of the product is there.
      {{"rack1n1", "rack1n2", "rack1n3", "rack2n1", "rack2n2", "rack2n3"}, "rack[1-2]n[1-3]"},
      {{"rack1n1", "rack1n2", "rack2n1"}, "rack1n[1-2],rack2n1"},
      {{"10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2"}, "10.0.[0-1].[1-2]"},
      {{"web1.dc2.example", "web2.dc2.example"}, "web[1-2].dc2.example"},
      // What is no part of the host's name.
      {{"root@web1", "root@web2", "web3"}, "root@web[1-2],web3"},
      {{"u1@web1", "u2@web1"}, "u1@web1,u2@web1"},
      {{"web1:22", "web2:22", "web1:23"}, "web[1-2]:22,web1:23"},
      {{"ssh://a@web1:22", "ssh://a@web2:22"}, "ssh://a@web[1-2]:22"},
      {{"fe80::1", "fe80::2"}, "fe80::1,fe80::2"},
      {{"[::1]:22", "a@[::1]", "web1"}, "[::1]:22,a@[::1],web1"},
      {{"::1", "::2"}, "::1,::2"},
      // Several of the same name.
      {{"stapsh#0", "stapsh#1", "stapsh#3"}, "stapsh#[0-1,3]"},
      {{"web1#0", "web2#1", "web1#2"}, "web1#[0,2],web2#1"},
      // Others than ssh.
      {{"unix:/run/vm1.sock", "unix:/run/vm2.sock"}, "unix:/run/vm[1-2].sock"},
      {{"vsock:3:9999", "vsock:4:9999"}, "vsock:[3-4]:9999"},
      {{"exec:ssh web1 stapsh", "exec:ssh web2 stapsh"}, "exec:ssh web[1-2] stapsh"},
      {{"exec:a,b"}, "exec:a,b"},
      {{"exec:a,b", "exec:echo 'x'", "exec:[ -f x ]", "b"}, R"('exec:a,b','exec:echo '\''x'\''','exec:[ -f x ]',b)"},
      // Too long for a number, too many numbers.
      {{"a1234567890123456789", "a1234567890123456788"}, "a1234567890123456789,a1234567890123456788"},
      {{"1.1.1.1.1.1.1.1.1.1", "1.1.1.1.1.1.1.1.1.2"}, "1.1.1.1.1.1.1.1.1.[1-2]"},
      {{"a999999999999999999", "a999999999999999998"}, "a[999999999999999998-999999999999999999]"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    EXPECT_EQ(fold_names(c.names), c.want);
  }
}

std::set<std::string> as_set(const Names& names) { return {names.begin(), names.end()}; }

// Any hosts: what is folded stands for the same hosts, and is no longer than the list.
TEST(FoldNames, ExpandsToTheSameSet) {
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto one_of = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    const auto number = [&] { return fmt::format("{:0{}}", one_of(seed % 2 == 0 ? 4 : 130), 1 + one_of(3)); };
    Names names;
    for (unsigned count = 1 + one_of(60); count > 0; --count) {
      std::string name = one_of(4) == 0 ? "root@" : "";
      for (unsigned parts = 1 + one_of(3); parts > 0; --parts) {
        name += one_of(2) == 0 ? "a" : "b-";
        if (one_of(5) > 0) name += number();
      }
      if (one_of(4) == 0) name += one_of(2) == 0 ? ".example" : ":22";
      if (one_of(20) == 0) name = "[fe80::" + number() + "]:22";
      names.push_back(std::move(name));
    }
    const std::string folded = fold_names(names);
    const Result<Names> expanded = expand_host_set(folded);
    ASSERT_TRUE(expanded) << folded << ": " << expanded.error().what;
    EXPECT_EQ(as_set(*expanded), as_set(names)) << folded;
    EXPECT_EQ(expanded->size(), as_set(*expanded).size()) << "a name twice in " << folded;
    EXPECT_LE(folded.size(), fmt::format("{}", fmt::join(names, ",")).size() + 2 * names.size());
  }
}

// Work that grows with the square of the names would take minutes.
TEST(FoldNames, TakesAHundredThousandNames) {
  Names same, grid, different;
  for (unsigned i = 0; i < 100'000; ++i) {
    same.push_back(fmt::format("web{:06}", i));
    grid.push_back(fmt::format("rack{}n{}", i / 100, i % 100));
    different.push_back(fmt::format("{}x{}x{}", i, i * 7919 % 100'003, i * 104'729 % 1'000'003));
  }
  EXPECT_EQ(fold_names(same), "web[000000-099999]");
  EXPECT_EQ(fold_names(grid), "rack[0-999]n[0-99]");
  EXPECT_FALSE(fold_names(different).empty());
}

}  // namespace
}  // namespace stapsh::client
