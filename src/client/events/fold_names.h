// SPDX-License-Identifier: Apache-2.0
// Names of targets as people read them in one word: web[01-38,40]. The other way round is targets/host_set.h. Pure.
#pragma once

#include <span>
#include <string>

namespace stapsh::client {

/// The set of `names`, folded as nodeset folds it: web[01-38,40],rack[1-2]n[1-3],gateway. Each word stands where its
/// first name was; numbers in a bracket are sorted. Exact: expand_host_set() gives the same set back, where the names
/// are of hosts. Zero padding is kept, so web1 and web01 are two words. Users, ports and what is behind the number
/// stay: root@web[1-2].example:22. Of "NAME#N" only N is folded. Where there are several names, one with a comma, a
/// quote or a bracket in it (exec:, unix:) is quoted as for a shell; so a bracket outside quotes is always numbers, or
/// an IPv6 address as it was written.
std::string fold_names(std::span<const std::string> names);

}  // namespace stapsh::client
