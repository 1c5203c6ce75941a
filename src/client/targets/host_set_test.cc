// SPDX-License-Identifier: Apache-2.0
#include "client/targets/host_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::HasSubstr;
using Names = std::vector<std::string>;

TEST(HostSet, NamesItsHostsInOrder) {
  struct Case {
    std::string_view text;
    Names want;
  };
  const Case cases[] = {
      {"web", {"web"}},
      {"web[1-3]", {"web1", "web2", "web3"}},
      {"web[08-11]", {"web08", "web09", "web10", "web11"}},
      {"web[099-101]", {"web099", "web100", "web101"}},
      {"web[01-02,50]", {"web01", "web02", "web50"}},
      {"web[0]", {"web0"}},
      {"web[0-1].example", {"web0.example", "web1.example"}},
      {"r[1-2]n[1-2]", {"r1n1", "r1n2", "r2n1", "r2n2"}},
      {"a,b[1-2],c", {"a", "b1", "b2", "c"}},
      {"[1-2]", {"1", "2"}},
      {"root@web[1-2]:22", {"root@web1:22", "root@web2:22"}},
      {"ssh://root@web[1-2]:22", {"ssh://root@web1:22", "ssh://root@web2:22"}},
      {"web[1-1]", {"web1"}},
      {"web[2,1,1]", {"web2", "web1", "web1"}},
      {"web[1-9/4]", {"web1", "web5", "web9"}},
      {"web[08-12/2,1-2/5]", {"web08", "web10", "web12", "web1"}},
      {"web[1-3/1]", {"web1", "web2", "web3"}},
      {"n[0-999999999999999999/500000000000000000]", {"n0", "n500000000000000000"}},
      {"n[0-1/999999999999999999]", {"n0"}},
      // IPv6 addresses are no sets.
      {"[::1]", {"[::1]"}},
      {"user@[fe80::1]:22", {"user@[fe80::1]:22"}},
      {"[fe80::1%eth0]", {"[fe80::1%eth0]"}},
      {"[::1],web[1-2]", {"[::1]", "web1", "web2"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto hosts = expand_host_set(c.text);
    ASSERT_TRUE(hosts) << hosts.error().what;
    EXPECT_EQ(*hosts, c.want);
  }
}

TEST(HostSet, ErrorsNameTheTextAndThePlace) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"", "host set '', column 1: a name is missing"},
      {"a,,b", "host set 'a,,b', column 3: a name is missing"},
      {"a,", "column 3: a name is missing"},
      {"web[1-3", "host set 'web[1-3', column 4: '[' without ']'"},
      {"web1]", "column 5: ']' without '['"},
      {"web[]", "column 5: '' is neither a number"},
      {"web[a-b]", "column 5: 'a-b' is neither a number nor FIRST-LAST"},
      {"web[1,x]", "column 7: 'x' is neither"},
      {"web[1-2-3]", "'1-2-3' is neither"},
      {"web[1-]", "'1-' is neither"},
      {"web[3-1]", "column 5: '3-1' runs backwards"},
      {"web[1-010]", "'1-010' is padded to two widths"},
      {"web[1-99999999999999999999]", "is neither a number"},
      {"web[1-9/0]", "column 5: '1-9/0' is not FIRST-LAST/STEP"},
      {"web[1-9/]", "'1-9/' is not FIRST-LAST/STEP"},
      {"web[1-9/x]", "'1-9/x' is not FIRST-LAST/STEP"},
      {"web[1-9/-1]", "'1-9/-1' is not FIRST-LAST/STEP"},
      {"web[1/2]", "'1/2' is not FIRST-LAST/STEP"},
      {"web[9-1/2]", "runs backwards"},
      {"web[1-300000/2]", "more than 100000 hosts"},
      {"web[1-100001]", "more than 100000 hosts"},
      {"web[0-999999999999999999]", "more than 100000 hosts"},
      {"a[1-999]b[1-999]c[1-999]d[1-999]e[1-999]f[1-999]g[1-999]h[1-999]", "more than 100000 hosts"},
      {"a[1-60000],b[1-60000]", "more than 100000 hosts"},
      {"web[[1-2]]", "is neither"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto hosts = expand_host_set(c.text);
    ASSERT_FALSE(hosts);
    EXPECT_EQ(hosts.error().code, Errc::kUsage);
    EXPECT_THAT(hosts.error().what, HasSubstr(c.want));
  }
}

TEST(HostSet, TakesAsManyAsTheBoundAllows) { EXPECT_EQ(expand_host_set("n[1-100000]")->size(), kHostSetMax); }

}  // namespace
}  // namespace stapsh::client
