// SPDX-License-Identifier: Apache-2.0
#include "client/build/tapset.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "sys/executable.h"

namespace stapsh::client {
namespace {

bool has_our_tapset(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(folder + "/rstap.stpm", error);
}

}  // namespace

std::vector<std::string> tapset_places() {
  const std::string here = sys::own_folder();
  if (here.empty()) return {};
  std::vector<std::string> places;
  for (const std::string_view from_here : {STAPSH_TAPSET_FROM_PROGRAM, "../share/rstap/tapset"}) {
    places.push_back(std::filesystem::path(here + "/" + std::string(from_here)).lexically_normal().string());
  }
  return places;
}

std::string tapset_for(const JobOptions& job, std::string_view text, const std::vector<std::string>& places) {
  const bool may_use_it = job.answers_wanted || text.find("rstap_") != std::string_view::npos;
  if (!job.needs_build() || !may_use_it || std::ranges::any_of(job.tapset_directories, has_our_tapset)) return {};
  const auto found = std::ranges::find_if(places, has_our_tapset);
  return found == places.end() ? std::string() : *found;
}

}  // namespace stapsh::client
