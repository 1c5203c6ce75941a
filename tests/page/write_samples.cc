// SPDX-License-Identifier: Apache-2.0
// write_samples FOLDER [--large]: writes pages of runs that never were, and folded stacks and metrics of one.
// --large: also one of 1,000 hosts with 100,000 stacks.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "client/report/folded.h"
#include "client/report/metrics.h"
#include "client/report/report_page.h"
#include "sample_reports.h"

int main(int argc, char** argv) {
  using namespace stapsh::client::report;
  if (argc < 2) {
    std::cerr << "usage: write_samples FOLDER [--large]\n";
    return 2;
  }
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream file(std::string(argv[1]) + '/' + name, std::ios::binary);
    file << text;
    if (!file.flush()) {
      std::cerr << name << ": can't be written\n";
      std::exit(1);
    }
    std::cout << name << ' ' << text.size() << '\n';
  };
  const Report fleet = fleet_report(40, 600);
  write("empty.html", report_page(empty_report()));
  write("fleet.html", report_page(fleet));
  write("faulty.html", report_page(faulty_report()));
  write("over_time.html", report_page(time_report()));
  write("hostile.html", report_page(hostile_report()));
  write("fleet.folded", folded_stacks(fleet));
  write("fleet.prom", metrics_text(fleet));
  write("hostile.prom", metrics_text(hostile_report()));
  write("thousand_plain.html", report_page(fleet_report(1000, 0)));
  if (argc > 2) write("thousand.html", report_page(fleet_report(1000, 100'000)));
}
