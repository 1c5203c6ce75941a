// SPDX-License-Identifier: Apache-2.0
#include "client/events/event_writer.h"

#include <charconv>

#include "base/overloaded.h"
#include "client/events/event_names.h"
#include "client/events/json_text.h"

namespace stapsh::client {
namespace {

void append_number(ByteBuffer& to, auto number) {
  constexpr std::size_t kDigitsMax = 24;
  char* const at = to.reserve(kDigitsMax);
  to.commit(static_cast<std::size_t>(std::to_chars(at, at + kDigitsMax, number).ptr - at));
}

// A string, or {"base64": …} for bytes that are none.
void append_text(ByteBuffer& to, std::string_view text) {
  const bool utf8 = is_utf8(text);
  to.append(utf8 ? "\"" : R"({"base64":")");
  utf8 ? append_json_text(to, text) : append_base64(to, text);
  to.append(utf8 ? "\"" : "\"}");
}

// Fields of an object that has one already, or, with `comma` empty, of one that has none.
class Fields {
 public:
  explicit Fields(ByteBuffer& to, std::string_view comma = ",") : to_(to), comma_(comma) {}

  void text(std::string_view name, std::string_view value) { append_text(key(name), value); }
  /// Of ours: nothing in it has to be escaped.
  void word(std::string_view name, std::string_view value) {
    key(name).append("\"");
    to_.append(value);
    to_.append("\"");
  }
  void number(std::string_view name, auto value) { append_number(key(name), value); }
  void truth(std::string_view name, bool value) { key(name).append(value ? "true" : "false"); }
  void seconds(std::string_view name, std::chrono::nanoseconds value) { append_seconds(key(name), value); }
  void list(std::string_view name, const auto& values, const auto& each) {
    key(name).append("[");
    for (const auto& value : values) {
      to_.append(&value == &values.front() ? "{" : ",{");
      each(Fields(to_, ""), value);
      to_.append("}");
    }
    to_.append("]");
  }

 private:
  ByteBuffer& key(std::string_view name) {
    to_.append(comma_);
    comma_ = ",";
    to_.append("\"");
    to_.append(name);
    to_.append("\":");
    return to_;
  }

  ByteBuffer& to_;
  std::string_view comma_;
};

void add_fields(Fields to, const event::RunStarted& e) {
  to.number("format", kEventFormat);
  to.text("version", e.version);
  to.text("script", e.script);
  if (!e.sha256.empty()) to.text("sha256", e.sha256);
  if (!e.command.empty()) to.text("command", e.command);
  if (!e.call.empty()) to.text("call", e.call);
  if (!e.program.empty()) to.text("program", e.program);
  to.list("targets", e.targets, [](Fields target, const event::RunStarted::Target& each) {
    target.text("name", each.name);
    target.text("uri", each.uri);
  });
}

void add_fields(Fields to, const event::Connected& e) {
  to.text("release", e.release);
  to.text("machine", e.machine);
  to.text("agent", e.agent);
  if (e.clock_offset) to.seconds("clock_offset", *e.clock_offset);
  if (e.clock_uncertainty) to.seconds("clock_uncertainty", *e.clock_uncertainty);
  if (e.has_policy) to.text("policy", kPolicyThere);
  if (e.environment) to.text("environment", format_environment(*e.environment));
  if (!e.runners) return;
  to.list("runners", *e.runners, [](Fields runner, const FoundRunner& each) {
    runner.text("name", runner_name(each.kind));
    runner.word("state", word_for(kRunnerStateNames, each.denied));
    if (!each.version.empty()) runner.text("version", each.version);
  });
}

void add_fields(Fields to, const event::StateChanged& e) { to.word("state", word_for(kStateNames, e.state)); }

void add_fields(Fields to, const event::Built& e) {
  to.text("release", e.release);
  to.text("machine", e.machine);
  to.seconds("seconds", e.took);
}

void add_fields(Fields to, const event::Note& e) {
  to.word("kind", word_for(kNoteNames, e.kind));
  to.text("text", e.text);
}

void add_fields(Fields to, const event::StopAsked& e) {
  to.word("why", word_for(kStopNames, e.why));
  if (e.why == event::StopAsked::Why::kSignal) to.number("signal", e.signal);
}

void add_fields(Fields to, const event::Ended& e) {
  const Outcome& outcome = e.outcome;
  to.word("outcome", word_for(kOutcomeNames, outcome.kind));
  if (outcome.exit_code) to.number("exit_code", *outcome.exit_code);
  if (outcome.signal) to.number("signal", *outcome.signal);
  if (!outcome.reason.empty()) to.text("reason", outcome.reason);
  if (!outcome.kept.empty()) to.text("kept", outcome.kept);
  if (!outcome.kept_modules.empty()) to.text("kept_modules", outcome.kept_modules);
  if (!outcome.killed.empty()) to.text("killed", outcome.killed);
  to.word("remains", word_for(kRemainsNames, outcome.remains));
  if (!outcome.left.empty()) {
    to.list("left", outcome.left, [](Fields left, const LeftLine& each) {
      left.text("kind", each.kind);
      left.text("name", each.name);
    });
  }
  to.truth("has_output", outcome.has_output);
  to.number("stdout_bytes", e.stdout_bytes);
  to.number("stderr_bytes", e.stderr_bytes);
}

void add_fields(Fields to, const event::RunEnded& e) { to.number("exit_code", e.exit_code); }

}  // namespace

void EventWriter::write(const Event& event, ByteBuffer& to) {
  if (const auto* output = std::get_if<event::Output>(&event.what)) return write_output(event, *output, to);
  if (const auto* started = std::get_if<event::RunStarted>(&event.what)) {
    for (const event::RunStarted::Target& target : started->targets) {
      ByteBuffer name;
      append_text(name, target.name);
      names_.emplace_back(name.view());
    }
  }
  begin(event, to);
  std::visit(Overloaded{[](const event::Output&) {}, [&](const auto& e) { add_fields(Fields(to), e); }}, event.what);
  to.append("}\n");
}

void EventWriter::begin(const Event& event, ByteBuffer& to) const {
  Fields fields(to, "");
  to.append("{");
  fields.word("event", kEventNames[event.what.index()]);
  fields.seconds("time", event.at);
  if (!event.target) return;
  fields.number("target", *event.target);
  to.append(",\"name\":");
  to.append(names_.at(*event.target));
}

// A chunk of a flood begins and ends anywhere, also inside a character: then its first or last line is a piece alone.
void EventWriter::write_output(const Event& event, const event::Output& output, ByteBuffer& to) const {
  const std::string_view bytes = output.bytes;
  if (is_utf8(bytes)) return write_piece(event, output, bytes, true, to);
  const std::size_t first = bytes.find('\n') + 1, last = bytes.rfind('\n') + 1;  // 0: there is none.
  if (last == 0 || !is_utf8(bytes.substr(first, last - first))) return write_piece(event, output, bytes, false, to);
  const std::size_t begin = is_utf8(bytes.substr(0, first)) ? 0 : first;
  const std::size_t end = is_utf8(bytes.substr(last)) ? bytes.size() : last;
  write_piece(event, output, bytes.substr(0, begin), false, to);
  write_piece(event, output, bytes.substr(begin, end - begin), true, to);
  write_piece(event, output, bytes.substr(end), false, to);
}

void EventWriter::write_piece(const Event& event, const event::Output& output, std::string_view bytes, bool utf8,
                              ByteBuffer& to) const {
  if (bytes.empty()) return;
  begin(event, to);
  Fields fields(to);
  fields.word("stream", word_for(kStreamNames, output.stream));
  if (output.time) fields.seconds("agent_time", *output.time);
  to.append(utf8 ? ",\"text\":\"" : ",\"base64\":\"");
  utf8 ? append_json_text(to, bytes) : append_base64(to, bytes);
  to.append("\"}\n");
}

}  // namespace stapsh::client
