// SPDX-License-Identifier: Apache-2.0
#include "nats/api.h"

#include <dlfcn.h>

#include <array>

namespace stapsh::nats {
namespace {

// Debian's name has the release in it; what is used here is the same in all of them. The last is a symbolic link that
// others have, and libnats-dev.
constexpr std::array kLibraries{"libnats.so.3.4", "libnats.so.3.10", "libnats.so.3.14", "libnats.so.3", "libnats.so"};

Result<Api> load() {
  void* library = nullptr;
  std::string reason;
  for (const char* const name : kLibraries) {
    library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
    if (reason.empty()) reason = ::dlerror();
  }
  if (library == nullptr) {
    return fail(Errc::kSystem, "NATS's library is not here (" + reason +
                                   "); install libnats3.4 (nats.c or cnats on other distributions)");
  }
  Api api;
#define STAPSH_NATS_LOAD(name)                                                                                       \
  api.name = reinterpret_cast<decltype(api.name)>(::dlsym(library, #name)); /* NOLINT(*-reinterpret-cast): dlsym. */ \
  if (api.name == nullptr) {                                                                                         \
    return fail(Errc::kSystem, "libnats has no " #name ": it is too old; install libnats 3.0 or newer");             \
  }
  STAPSH_NATS_FUNCTIONS(STAPSH_NATS_LOAD)
#undef STAPSH_NATS_LOAD
  return api;
}

}  // namespace

Result<const Api*> load_api() {
  static const Result<Api> api = load();
  if (!api) return fail(api.error());
  return &*api;
}

}  // namespace stapsh::nats
