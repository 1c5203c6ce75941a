// SPDX-License-Identifier: Apache-2.0
#include "client/relay/control.h"

#include <limits>
#include <utility>

#include "base/overloaded.h"
#include "base/parse_int.h"
#include "base/shown_text.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kOpen = "open ", kForget = "forget ", kEnded = "ended ";
constexpr std::size_t kReasonBytesMax = kControlBytesMax / 2;

std::string line(std::string_view word, std::uint32_t number, std::string_view rest) {
  return std::string(word) + std::to_string(number) + " " + std::string(rest);
}

}  // namespace

std::string encode_control(const ControlPacket& packet) {
  return std::visit(Overloaded{[](const OpenSession& open) { return line(kOpen, open.number, open.host); },
                               [](const ForgetSession& forget) { return line(kForget, forget.number, forget.host); },
                               [](const SessionEnded& ended) {
                                 return line(kEnded, ended.number, shown_text(ended.reason, kReasonBytesMax));
                               }},
                    packet);
}

Result<ControlPacket> decode_control(std::string_view bytes) {
  const auto bad = [] { return fail(Errc::kPeer, "rstap and its relay don't understand each other"); };
  std::string_view word;
  for (const std::string_view each : {kOpen, kForget, kEnded}) {
    if (bytes.starts_with(each)) word = each;
  }
  if (word.empty()) return bad();
  bytes.remove_prefix(word.size());
  const std::size_t blank = bytes.find(' ');
  if (blank == std::string_view::npos) return bad();
  const auto number = parse_int<std::uint32_t>(bytes.substr(0, blank), 0, std::numeric_limits<std::uint32_t>::max());
  if (!number) return bad();
  std::string rest(bytes.substr(blank + 1));
  if (word == kOpen) return ControlPacket(OpenSession{*number, std::move(rest)});
  if (word == kForget) return ControlPacket(ForgetSession{*number, std::move(rest)});
  return ControlPacket(SessionEnded{*number, std::move(rest)});
}

}  // namespace stapsh::client
