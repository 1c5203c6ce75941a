// SPDX-License-Identifier: Apache-2.0
// Reports of runs that never were: for the tests of the page in a browser, and to look at. The same each time.
#pragma once

#include "client/report/report.h"

namespace stapsh::client::report {

Report empty_report();                                       ///< One host, no map, nothing wrong.
Report fleet_report(std::size_t hosts, std::size_t stacks);  ///< Some failed; maps of each kind.
Report faulty_report();                                      ///< rstap itself failed at some of it.
Report time_report();                                        ///< Maps that were printed again and again.
Report hostile_report();                                     ///< Every text tries to be more than text.

}  // namespace stapsh::client::report
