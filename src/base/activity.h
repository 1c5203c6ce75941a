// SPDX-License-Identifier: Apache-2.0
// What was seen of processes that are waited for.
#pragma once

namespace stapsh {

enum class Activity {
  kNone,
  kWaits,   ///< The kernel holds one of them (state D), and nothing moves.
  kWorks,   ///< They used the processor, opened or closed descriptors, or got on in the kernel.
  kTraces,  ///< They used the processor, and hold each probe that they ever held: all as before the stop, it may be.
};

}  // namespace stapsh
