// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/verdict_json.h"

#include "base/byte_buffer.h"
#include "base/shown_text.h"
#include "client/events/json_text.h"

namespace stapsh::client {
namespace {

class Object {
 public:
  explicit Object(ByteBuffer& to) : to_(to) { to_.append("{"); }
  void text(std::string_view name, std::string_view value) {
    key(name);
    to_.append("\"");
    append_json_text(to_, is_utf8(value) ? std::string(value) : shown_text(value));
    to_.append("\"");
  }
  void flag(std::string_view name, bool value) {
    key(name);
    to_.append(value ? "true" : "false");
  }
  void seconds(std::string_view name, std::chrono::nanoseconds value) {
    key(name);
    append_seconds(to_, value);
  }
  void key(std::string_view name) {
    to_.append(first_ ? "\"" : ",\"");
    first_ = false;
    to_.append(name);
    to_.append("\":");
  }
  void end() { to_.append("}"); }

 private:
  ByteBuffer& to_;
  bool first_ = true;
};

}  // namespace

std::string verdict_json(const TargetVerdict& verdict, const TargetFacts& facts) {
  ByteBuffer buffer;
  Object target(buffer);
  target.text("target", verdict.name);
  target.text("uri", verdict.uri);
  target.flag("works", verdict.works());
  if (facts.connected) {
    target.text("agent", facts.connected->agent);
    target.text("release", facts.connected->release);
    target.text("machine", facts.connected->machine);
    if (facts.began && facts.connected_at) target.seconds("connect_seconds", *facts.connected_at - *facts.began);
    if (facts.connected->clock_offset) target.seconds("clock_offset", *facts.connected->clock_offset);
  }
  target.key("checks");
  buffer.append("[");
  bool first = true;
  for (const Check& each : verdict.checks) {
    if (!first) buffer.append(",");
    first = false;
    Object check(buffer);
    check.text("check", each.name);
    check.text("where", each.is_here ? "here" : "target");
    check.text("state", state_word(each.state));
    check.text("text", each.text);
    if (!each.mend.empty()) check.text("mend", mend_for(each, verdict.ssh_words.empty() ? "HOST" : verdict.ssh_words));
    check.end();
  }
  buffer.append("]");
  target.end();
  buffer.append("\n");
  return std::string(buffer.view());
}

}  // namespace stapsh::client
