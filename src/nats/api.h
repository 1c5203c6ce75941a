// SPDX-License-Identifier: Apache-2.0
// The functions of NATS's C client. The library is loaded when they are first asked for: who names no broker needs
// none.
#pragma once

#include <nats/nats.h>

#include "base/result.h"

// All that is used of it, under its own names: each is in every release since 3.0.
#define STAPSH_NATS_FUNCTIONS(X)             \
  X(nats_GetLastError)                       \
  X(natsConnection_Buffered)                 \
  X(natsConnection_Connect)                  \
  X(natsConnection_Destroy)                  \
  X(natsConnection_FlushTimeout)             \
  X(natsConnection_GetLastError)             \
  X(natsConnection_ProcessReadEvent)         \
  X(natsConnection_ProcessWriteEvent)        \
  X(natsConnection_Publish)                  \
  X(natsConnection_PublishRequest)           \
  X(natsConnection_Subscribe)                \
  X(natsMsgHeader_Get)                       \
  X(natsMsg_Destroy)                         \
  X(natsMsg_GetData)                         \
  X(natsMsg_GetDataLength)                   \
  X(natsMsg_GetReply)                        \
  X(natsMsg_GetSubject)                      \
  X(natsOptions_Create)                      \
  X(natsOptions_Destroy)                     \
  X(natsOptions_LoadCATrustedCertificates)   \
  X(natsOptions_LoadCertificatesChain)       \
  X(natsOptions_SetAllowReconnect)           \
  X(natsOptions_SetClosedCB)                 \
  X(natsOptions_SetErrorHandler)             \
  X(natsOptions_SetEventLoop)                \
  X(natsOptions_SetIOBufSize)                \
  X(natsOptions_SetMaxPingsOut)              \
  X(natsOptions_SetNKey)                     \
  X(natsOptions_SetName)                     \
  X(natsOptions_SetPingInterval)             \
  X(natsOptions_SetSecure)                   \
  X(natsOptions_SetSendAsap)                 \
  X(natsOptions_SetServers)                  \
  X(natsOptions_SetTimeout)                  \
  X(natsOptions_SetUserCredentialsCallbacks) \
  X(natsOptions_SetWriteDeadline)            \
  X(natsStatus_GetText)                      \
  X(natsSubscription_Destroy)                \
  X(natsSubscription_SetOnCompleteCB)        \
  X(natsSubscription_SetPendingLimits)

namespace stapsh::nats {

struct Api {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name can't stand in parentheses.
#define STAPSH_NATS_MEMBER(name) decltype(&::name) name = nullptr;
  STAPSH_NATS_FUNCTIONS(STAPSH_NATS_MEMBER)
#undef STAPSH_NATS_MEMBER
};

/// The functions, for as long as the process lives. An Error says what to install.
Result<const Api*> load_api();

}  // namespace stapsh::nats
