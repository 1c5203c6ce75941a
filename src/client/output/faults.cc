// SPDX-License-Identifier: Apache-2.0
#include "client/output/faults.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <new>

#include "base/shown_text.h"
#include "sys/io.h"

namespace stapsh::client {

void Faults::note_current(std::string_view what) noexcept {
  any_ = true;
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      say(what, "out of memory");
    } catch (const std::exception& e) {
      say(what, e.what());
    } catch (...) {
      say(what, "no reason is known");
    }
  } catch (...) {
    // Nor is there memory to say it with, or a way.
    (void)sys::write_all(STDERR_FILENO, "rstap: internal error: out of memory\n", std::chrono::seconds(1));
  }
}

void Faults::say(std::string_view what, std::string_view why) {
  if (std::ranges::find(said_, what) != said_.end()) return;
  said_.emplace_back(what);
  say_("internal error in " + std::string(what) + ": " + shown_text(why) + "; it is missing or not whole");
}

}  // namespace stapsh::client
