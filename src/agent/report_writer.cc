// SPDX-License-Identifier: Apache-2.0
#include "agent/report_writer.h"

#include <algorithm>
#include <string>

#include "base/result.h"
#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::agent {

void ReportWriter::say(std::string_view text) {
  const std::string line = "stapsh: " + std::string(text) + "\n";
  const TimePoint begin = sys::now();
  const Result<> said = sys::write_all(fd_, line, is_stuck_ ? Duration{} : time_left_);
  is_stuck_ = !said && said.error().code == Errc::kTimeout;
  time_left_ = std::max(time_left_ - (sys::now() - begin), Duration{});
}

}  // namespace stapsh::agent
