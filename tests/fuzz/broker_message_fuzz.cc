// SPDX-License-Identifier: Apache-2.0
// Any bytes are a message or an error. What is a message has one spelling: its bytes, but for a reason, which is made
// fit to be shown and stays as it is from then on.
#include "broker/message.h"
#include "fuzz_target.h"

using namespace stapsh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  const Result<broker::Message> message = broker::decode(bytes);
  if (!message) {
    STAPSH_ASSERT(message.error().code == Errc::kPeer);
    STAPSH_ASSERT(!message.error().what.empty());
    return 0;
  }
  const std::string again = broker::encode(*message);
  if (const auto* reset = std::get_if<broker::Reset>(&*message)) {
    STAPSH_ASSERT(reset->reason.size() <= broker::kReasonBytesMax);
    STAPSH_ASSERT(reset->reason.find('\n') == std::string::npos);
  } else {
    STAPSH_ASSERT(again == bytes);
  }
  const Result<broker::Message> same = broker::decode(again);
  STAPSH_ASSERT(same.has_value());
  STAPSH_ASSERT(*same == *message);
  return 0;
}
