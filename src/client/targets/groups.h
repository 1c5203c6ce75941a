// SPDX-License-Identifier: Apache-2.0
// Who belongs to a group, @NAME: as our configuration says; else clustershell's nodeset; else the files of dsh and
// pdsh.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/targets/value_list.h"

namespace stapsh::client {

class GroupLookup {
 public:
  using Groups = std::map<std::string, std::vector<std::string>>;
  /// `configured` outlives this.
  explicit GroupLookup(const Groups& configured) : configured_(configured) {}

  /// The members of the group, at least one. Asked for once, then remembered. kUsage names where it was looked for.
  /// Environment: HOME, and DSHGROUP_PATH instead of /etc/dsh/group, as pdsh has it; what nodeset reads itself.
  Result<ValueList> find(const std::string& name);

 private:
  Result<ValueList> look_up(const std::string& name);

  const Groups& configured_;
  std::map<std::string, ValueList> known_;
};

}  // namespace stapsh::client
