// SPDX-License-Identifier: Apache-2.0
// What programs said of their version, kept in a file beside the records of sessions (docs/adr/0009), so that it is
// asked once: each session of an agent that ssh starts would ask anew. Without such a folder nothing is kept.
#pragma once

#include <map>
#include <string>

namespace stapsh::agent {

/// Versions by the program's identity; empty: it was asked not long ago, and did not tell.
using KnownVersions = std::map<std::string, std::string>;

/// Words for its path, and for what changes when another file takes its place. Empty: it is not there.
std::string program_identity(const std::string& path);

/// As far as they can be trusted.
KnownVersions read_versions();
/// In place of what is kept. What fails is asked again the next time.
void keep_versions(const KnownVersions& versions);

}  // namespace stapsh::agent
