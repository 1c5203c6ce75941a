// SPDX-License-Identifier: Apache-2.0
// What was thrown within ourselves, by a bug or for want of memory, while one target was served: it is the end of that
// target, and of no other.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "client/events/event.h"

namespace stapsh::client {

/// How a target ends by it: failed, whatever may be left there.
inline Outcome internal_error(const std::exception_ptr& bug) {
  std::string why = "unknown";
  try {
    std::rethrow_exception(bug);
  } catch (const std::bad_alloc&) {
    why = "out of memory";
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
    // Something that says nothing of itself.
  }
  return {Outcome::Kind::kFailed, std::nullopt, "internal error: " + why};
}

}  // namespace stapsh::client
