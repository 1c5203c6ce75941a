// SPDX-License-Identifier: Apache-2.0
#include "libvirt/api.h"

#include <dlfcn.h>

#include <algorithm>

namespace stapsh::libvirt {
namespace {

constexpr const char* kLibrary = "libvirt.so.0";  // Its ABI has not changed since 2007.

Result<Api> load() {
  void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(Errc::kSystem, std::string("libvirt's library is not here (") + ::dlerror() +
                                   "); install libvirt0 (libvirt-libs on other distributions)");
  }
  Api api;
#define STAPSH_LIBVIRT_LOAD(name)                                                                                    \
  api.name = reinterpret_cast<decltype(api.name)>(::dlsym(library, #name)); /* NOLINT(*-reinterpret-cast): dlsym. */ \
  if (api.name == nullptr) {                                                                                         \
    return fail(Errc::kSystem,                                                                                       \
                std::string(kLibrary) + " has no " #name ": it is too old; install libvirt0 1.1 or newer");          \
  }
  STAPSH_LIBVIRT_FUNCTIONS(STAPSH_LIBVIRT_LOAD)
#undef STAPSH_LIBVIRT_LOAD
  // By default it prints each error by itself.
  api.virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
  return api;
}

}  // namespace

Result<const Api*> load_api() {
  static const Result<Api> api = load();
  if (!api) return fail(api.error());
  return &*api;
}

std::string last_error(const Api& api) {
  const virError* const error = api.virGetLastError();
  std::string text = error != nullptr && error->message != nullptr ? error->message : "libvirt gives no reason";
  std::ranges::replace(text, '\n', ' ');
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

int last_error_code(const Api& api) {
  const virError* const error = api.virGetLastError();
  return error != nullptr ? error->code : VIR_ERR_OK;
}

}  // namespace stapsh::libvirt
