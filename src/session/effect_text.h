// SPDX-License-Identifier: Apache-2.0
// Effects as text, for tests: a failure prints `signal 1; signal 15; end 137`.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <variant>

#include "base/overloaded.h"
#include "protocol/wall_time.h"
#include "session/agent_effect.h"
#include "session/client_effect.h"

namespace stapsh {

/// Bytes on one line: \n \t \r \\ and \xHH stand for what does not print.
inline std::string escape(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\\') {
      text += "\\\\";
    } else if (byte < 32 || byte > 126) {
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    } else {
      text += c;
    }
  }
  return text;
}

/// The bytes that escape() made `text` of.
inline std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    const char kind = text[++i];
    unsigned byte = 0;
    if (kind == 'x' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ec == std::errc()) {
      bytes += static_cast<char>(byte);
      i += 2;
    } else {
      bytes += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
    }
  }
  return bytes;
}

/// Bytes of a file or of output: short ones as they are, long ones by their number.
inline std::string bytes_text(std::string_view bytes) {
  return bytes.size() <= 60 ? escape(bytes) : "<" + std::to_string(bytes.size()) + " bytes>";
}

/// `refused line 2: REASON`, `ended 0, clean`.
inline std::string log_text(const policy::AuditRecord& record) {
  static constexpr std::array kEvents{"started", "refused", "failed", "ended"};
  std::string text = kEvents[static_cast<std::size_t>(record.event)];
  if (record.exit_code) text += " " + std::to_string(*record.exit_code);
  if (record.signal) text += " by signal " + std::to_string(*record.signal);
  if (record.line != 0) text += " line " + std::to_string(record.line);
  if (!record.reason.empty()) text += ": " + record.reason;
  if (record.left && record.left->empty()) text += ", clean";
  if (record.left && !record.left->empty()) text += ", left " + record.left->front();
  return text;
}

inline std::string effect_text(const AgentEffect& effect) {
  return std::visit(
      Overloaded{
          [](const SendLine& e) {
            const std::string line = escape(std::string_view(e.line).substr(0, e.line.size() - 1));
            return e.droppable ? "(" + line + ")" : line;
          },
          [](const SayClock&) { return std::string("OK clock=NOW"); },
          [](const SayEnvironment&) { return std::string("OK environment=HERE"); },
          [](const Report& e) { return "report " + escape(e.text); },
          [](const CreateFile& e) { return "create " + e.name + " " + std::to_string(e.size); },
          [](const WriteFile& e) { return "write " + bytes_text(e.bytes); },
          [](const CommitFile& e) { return "commit" + (e.keep_as.empty() ? "" : " as " + e.keep_as.substr(0, 8)); },
          [](const TakeKept& e) { return "take " + e.digest.substr(0, 8) + " as " + e.name; },
          [](const BeginKeeping&) { return std::string("begin keeping"); },
          [](const AbandonFile&) { return std::string("abandon"); },
          [](const StartRunner& e) {
            std::string text = "start " + std::string(runner_name(e.kind)) + " [";
            for (const std::string& arg : e.args) text += (text.back() == '[' ? "" : ",") + escape(arg);
            text += std::string("]") + (e.framed ? " framed" : "");
            for (const std::string& variable : e.environment) text += " " + escape(variable);
            if (e.log) text += " logged";
            if (e.run_as.given()) text += " as " + e.run_as.user;
            return text;
          },
          [](const SignalRunner& e) { return "signal " + std::to_string(e.signo) + (e.everyone ? " to all" : ""); },
          [](const DiscardOutput&) { return std::string("discard"); },
          [](const CleanUp&) { return std::string("clean up"); },
          [](const FindRunners&) { return std::string("find runners"); },
          [](const Sweep& e) { return "sweep" + (e.session.empty() ? "" : " " + e.session); },
          [](const WriteLog& e) { return "log " + log_text(e.record); },
          [](const VerifySignatures& e) {
            std::string text = "verify";
            for (const SignatureQuestion& question : e.questions) {
              text += " " + (question.file.empty() ? std::string("manifest") : question.file);
            }
            return text;
          },
          [](const EndSession& e) { return "end " + std::to_string(e.exit_code); },
      },
      effect);
}

inline std::string outcome_text(const Outcome& outcome) {
  const std::string code = outcome.exit_code ? std::to_string(*outcome.exit_code) : "?";
  std::string text = "failed: " + outcome.reason;
  if (outcome.kind == Outcome::Kind::kEnded) text = "ended " + code;
  if (outcome.signal) text += " by signal " + std::to_string(*outcome.signal);
  if (outcome.kind == Outcome::Kind::kEnded && !outcome.exit_code && !outcome.reason.empty()) {
    text += " (" + outcome.reason + ")";
  }
  if (outcome.kind == Outcome::Kind::kStopped) text = "stopped";
  if (!outcome.killed.empty()) text += " (killed " + outcome.killed + ")";
  if (outcome.remains == Outcome::Remains::kClean) text += ", clean";
  for (const LeftLine& left : outcome.left) text += ", left " + left.kind + " " + left.name;
  if (!outcome.left.empty() && outcome.remains == Outcome::Remains::kUnknown) text += ", unknown";
  return text;
}

inline std::string effect_text(const ClientEffect& effect) {
  return std::visit(Overloaded{
                        [](const SendBytes& e) { return "send " + bytes_text(e.bytes); },
                        [](const SendFile& e) { return "send file " + std::to_string(e.index); },
                        [](const CloseInput&) { return std::string("close"); },
                        [](const Output& e) {
                          const std::string at = e.time ? " at " + std::to_string(e.time->count()) : "";
                          return std::string(stream_name(e.stream)) + at + " " + bytes_text(e.bytes);
                        },
                        [](const Note& e) { return "note " + escape(e.text); },
                        [](const Connected& e) {
                          std::string text =
                              "connected " + e.hello.version + " " + e.hello.machine + " " + e.hello.release;
                          if (const auto& clock = e.clock) {
                            text += ", clock " + format_wall_time(clock->agent) + " between " +
                                    std::to_string(clock->asked.time_since_epoch().count()) + " and " +
                                    std::to_string(clock->answered.time_since_epoch().count());
                          }
                          return text;
                        },
                        [](const Ready&) { return std::string("ready"); },
                        [](const Started&) { return std::string("started"); },
                        [](const Working& e) {
                          std::string text = "working " + e.what.name;
                          if (const auto& probes = e.what.probes) {
                            text += " " + std::to_string(probes->left) + " of " + std::to_string(probes->total);
                          }
                          return text;
                        },
                        [](const Finished& e) { return outcome_text(e.outcome); },
                    },
                    effect);
}

/// One line of all: `OK; signal 1; end 137`.
inline void append_text(std::string& line, std::string_view text) {
  if (!line.empty()) line += "; ";
  line += text;
}

}  // namespace stapsh
