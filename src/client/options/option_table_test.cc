// SPDX-License-Identifier: Apache-2.0
#include "client/options/option_table.h"

#include <gtest/gtest.h>

#include <set>

namespace stapsh::client {
namespace {

TEST(OptionTable, EachOptionStandsOnceAndCanBeSpelled) {
  std::set<OptionId> ids;
  std::set<std::string> spellings;
  for (const OptionEntry& entry : option_table()) {
    SCOPED_TRACE(entry.spelling());
    EXPECT_TRUE(ids.insert(entry.id).second);
    EXPECT_TRUE(spellings.insert(entry.spelling()).second);
    EXPECT_EQ(&option_entry(entry.id), &entry);
    EXPECT_FALSE(entry.help.empty());
    EXPECT_TRUE(entry.short_name != '\0' || !entry.long_name.empty());
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(OptionId::kServerOnError) + 1);
}

TEST(OptionTable, NothingIsGivenInDefaultOptions) {
  for (const OptionEntry& entry : option_table()) {
    EXPECT_TRUE(option_values(JobOptions{}, entry.id).empty()) << entry.spelling();
  }
}

}  // namespace
}  // namespace stapsh::client
