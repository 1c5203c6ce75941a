// SPDX-License-Identifier: Apache-2.0
// The way to an agent in a libvirt domain, as a process of its own: rstap starts itself with these words, and talks to
// it as it talks to ssh. Why: docs/adr/0007-libvirt-in-a-child.md. Needs no libvirt to include.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::libvirt {

/// First words of rstap's command line that are meant for this folder.
constexpr std::string_view kRelayWord = "--libvirt-relay";
constexpr std::string_view kTidyWord = "--libvirt-tidy";

/// The relay's exit code if a port that it added may be left in the domain: then run_tidy() is worth while.
constexpr int kExitPortLeft = 3;

/// The words after the program's name. `connection` is a URI of libvirt's; empty: its default.
std::vector<std::string> relay_words(const std::string& domain, const std::string& connection);
std::vector<std::string> tidy_words(const std::string& domain, const std::string& connection);

/// Takes a port of the domain and relays standard input and output, until either side ends. The first line on standard
/// error names the port, the last one why it ended, if it was not for the end of input. A port that was added for it is
/// removed at the end. Ends within a bound after its standard input.
Result<int> run_relay(std::span<const std::string> words);

/// Removes ports of dead sessions, also from a libvirt that is just being started again. Bounded.
Result<int> run_tidy(std::span<const std::string> words);

}  // namespace stapsh::libvirt
