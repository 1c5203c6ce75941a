// SPDX-License-Identifier: Apache-2.0
// libvirt's functions. The library is loaded when they are first asked for: who names no domain needs none.
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/result.h"

// All that is used of it, under its own names: each is in every release since 1.1.
#define STAPSH_LIBVIRT_FUNCTIONS(X) \
  X(virConnectClose)                \
  X(virConnectGetURI)               \
  X(virConnectListAllDomains)       \
  X(virConnectOpen)                 \
  X(virDomainAttachDeviceFlags)     \
  X(virDomainDetachDeviceFlags)     \
  X(virDomainFree)                  \
  X(virDomainGetName)               \
  X(virDomainGetState)              \
  X(virDomainGetUUIDString)         \
  X(virDomainGetXMLDesc)            \
  X(virDomainIsActive)              \
  X(virDomainIsPersistent)          \
  X(virDomainLookupByID)            \
  X(virDomainLookupByName)          \
  X(virDomainLookupByUUIDString)    \
  X(virDomainOpenChannel)           \
  X(virGetLastError)                \
  X(virSetErrorFunc)                \
  X(virStreamFinish)                \
  X(virStreamFree)                  \
  X(virStreamNew)                   \
  X(virStreamRecv)                  \
  X(virStreamSend)

namespace stapsh::libvirt {

struct Api {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name can't stand in parentheses.
#define STAPSH_LIBVIRT_MEMBER(name) decltype(&::name) name = nullptr;
  STAPSH_LIBVIRT_FUNCTIONS(STAPSH_LIBVIRT_MEMBER)
#undef STAPSH_LIBVIRT_MEMBER
};

/// The functions, for as long as the process lives. An Error says what to install.
Result<const Api*> load_api();

/// What libvirt says of its last failure in this thread, as one line without its end.
std::string last_error(const Api& api);
/// The code (VIR_ERR_…) of that failure.
int last_error_code(const Api& api);

}  // namespace stapsh::libvirt
