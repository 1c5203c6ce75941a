// SPDX-License-Identifier: Apache-2.0
// The command line of `rstap guest`: what stapvirt's commands are. Never prints, never exits.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace stapsh::libvirt {

enum class GuestAction { kHelp, kList, kQuery, kPortAdd, kPortList, kPortRemove };

struct GuestOptions {
  GuestAction action = GuestAction::kHelp;
  std::string domain;                    ///< Empty for kHelp and kList.
  std::string connection;                ///< A URI of libvirt's; empty: its default.
  std::optional<std::string> directory;  ///< Where sockets of new ports shall be; none: libvirt chooses.
};

/// `words` behind `guest`. kUsage says what to do.
Result<GuestOptions> parse_guest_words(std::span<const std::string> words);

/// The text of `rstap guest --help`.
std::string guest_help();

}  // namespace stapsh::libvirt
