// SPDX-License-Identifier: Apache-2.0
#include "policy/audit_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace stapsh::policy {
namespace {

using Event = AuditRecord::Event;

constexpr int kAuthpriv = 10;  // The facility, of syslog(3).
constexpr int kWarning = 4;
constexpr int kNotice = 5;

struct EventEntry {
  Event event;
  std::string_view name, message, message_id;  // The ids are drawn at random, once and for all.
};
constexpr std::array kEvents{
    EventEntry{Event::kStarted, "started", "run started", "63b92b404faf4cc4bf108a9240d82416"},
    EventEntry{Event::kRefused, "refused", "run refused", "9e524518c28740dca7d5e4d186baa138"},
    EventEntry{Event::kFailed, "failed", "run could not start", "491c70270ef84110aedc6c19c107bc6e"},
    EventEntry{Event::kEnded, "ended", "run ended", "3b7975abeb284d51ba987ff615afe0db"},
};

const EventEntry& entry_of(const AuditRecord& record) { return kEvents[static_cast<std::size_t>(record.event)]; }

int priority_of(const AuditRecord& record) {
  const bool left_something = record.left && !record.left->empty();
  return record.event == Event::kRefused || left_something ? kWarning : kNotice;
}

// Printable ASCII, whatever it was.
std::string in_quotes(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte >= 32 && byte < 127) {
      quoted += c;
    } else {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
    }
  }
  return quoted + '"';
}

bool is_plain(std::string_view word) {
  static constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-/=,:@%";
  return !word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? std::string_view() : between).append(word);
  return text;
}

// Words that can be told apart.
std::string arguments(const std::vector<std::string>& args) {
  std::vector<std::string> words;
  words.reserve(args.size());
  for (const std::string& arg : args) words.push_back(is_plain(arg) ? arg : in_quotes(arg));
  return joined(words, " ");
}

// As sha256sum(1) prints them.
std::string digest_line(const UploadedFile& file) {
  return (file.digest.empty() ? std::string("unknown") : file.digest) + "  " + file.name;
}

std::string digests(std::span<const UploadedFile> files) {
  std::vector<std::string> lines;
  lines.reserve(files.size());
  for (const UploadedFile& file : files) lines.push_back(digest_line(file));
  return joined(lines, "\n");
}

// A client chooses how many files it sends, and in which order: what ran must not be hidden among them.
struct FilesOfRun {
  std::vector<UploadedFile> files;  // Those that the arguments name first: `./NAME` alone, then as a part of one.
  std::size_t named = 0;
  [[nodiscard]] std::span<const UploadedFile> front() const { return std::span(files).first(named); }
  [[nodiscard]] std::span<const UploadedFile> others() const { return std::span(files).subspan(named); }
};

FilesOfRun files_of(const AuditRecord& record) {
  FilesOfRun found{record.files};
  if (!record.args) return {record.files, record.files.size()};
  const auto is_alone = [&](const UploadedFile& file) {
    return std::ranges::count(*record.args, "./" + file.name) > 0;
  };
  const auto is_part = [&](const UploadedFile& file) {
    return std::ranges::any_of(*record.args,
                               [&](const std::string& arg) { return arg.find(file.name) != std::string::npos; });
  };
  const auto behind_alone = std::stable_partition(found.files.begin(), found.files.end(), is_alone);
  const auto behind_named = std::stable_partition(behind_alone, found.files.end(), is_part);
  found.named = static_cast<std::size_t>(behind_named - found.files.begin());
  return found;
}

std::string upper(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

}  // namespace

std::string who_word(const Peer& peer) {
  if (!peer.name.empty()) return "as=" + peer.name;
  if (peer.uid) return "uid=" + std::to_string(*peer.uid);
  if (peer.cid) return "cid=" + std::to_string(*peer.cid);
  return "nobody known";
}

namespace {

AuditFields fields_of(const AuditRecord& record, std::span<const UploadedFile> files) {
  AuditFields fields;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) fields.emplace_back(name, std::move(value));
  };
  add("who", record.who);
  add("peer", record.from);
  add("session", record.session);
  add("runner", record.runner);
  if (record.line != 0) add("policy_line", std::to_string(record.line));
  if (record.exit_code) add("exit_code", std::to_string(*record.exit_code));
  if (record.signal) add("signal", std::to_string(*record.signal));
  if (record.left) add("left", record.left->empty() ? "nothing" : joined(*record.left, ", "));
  add("by", record.by);
  add("reason", record.reason);
  add("files", digests(files));
  if (record.args) fields.emplace_back("args", arguments(*record.args));
  add("env", arguments(record.environment));
  return fields;
}

// How many files, or bytes, are left out.
constexpr std::size_t kRoomForMark = 60;
constexpr std::size_t kUnmarkedBytesMax = kAuditMessageBytesMax - kRoomForMark;

std::string field_text(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=" + in_quotes(value);
}

// Without the files that the arguments do not name, however long it is.
std::string main_part(const AuditRecord& record, const FilesOfRun& files) {
  std::string message = std::string(entry_of(record).message) + ":";
  for (const auto& [name, value] : fields_of(record, files.front())) message += field_text(name, value);
  return message;
}

}  // namespace

AuditFields audit_fields(const AuditRecord& record) { return fields_of(record, files_of(record).files); }

bool fits_message(const AuditRecord& record) { return main_part(record, files_of(record)).size() <= kUnmarkedBytesMax; }

std::string audit_message(const AuditRecord& record) {
  const FilesOfRun files = files_of(record);
  std::string message = main_part(record, files);
  std::size_t shown = files.others().size();
  if (message.size() > kUnmarkedBytesMax) {
    const std::string more = std::to_string(message.size() - kUnmarkedBytesMax);
    message = message.substr(0, kUnmarkedBytesMax) + "... (" + more + " bytes more)";
    shown = 0;
  }
  const auto others = [&] { return field_text("other_files", digests(files.others().first(shown))); };
  while (shown > 0 && message.size() + others().size() > kUnmarkedBytesMax) --shown;
  if (shown > 0) message += others();
  if (shown < files.others().size()) {
    message += field_text("files_left_out", std::to_string(files.others().size() - shown));
  }
  return message;
}

std::string journal_fields(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string bytes;
  for (const auto& [name, value] : fields) {
    bytes += name;
    if (value.find('\n') == std::string::npos) {
      bytes += '=';
    } else {
      bytes += '\n';
      for (unsigned shift = 0; shift < 64; shift += 8) {
        bytes += static_cast<char>((std::uint64_t{value.size()} >> shift) & 0xff);
      }
    }
    bytes += value;
    bytes += '\n';
  }
  return bytes;
}

std::string journal_entry(const AuditRecord& record) {
  std::vector<std::pair<std::string, std::string>> fields{
      {"MESSAGE", audit_message(record)},
      {"MESSAGE_ID", std::string(entry_of(record).message_id)},
      {"PRIORITY", std::to_string(priority_of(record))},
      {"SYSLOG_FACILITY", std::to_string(kAuthpriv)},
      {"SYSLOG_IDENTIFIER", "stapsh"},
      {"STAPSH_EVENT", std::string(entry_of(record).name)},
  };
  for (auto& [name, value] : audit_fields(record)) fields.emplace_back("STAPSH_" + upper(name), std::move(value));
  return journal_fields(fields);
}

std::string syslog_line(const AuditRecord& record, std::string_view time, int pid) {
  return "<" + std::to_string(kAuthpriv * 8 + priority_of(record)) + ">" + std::string(time) + " stapsh[" +
         std::to_string(pid) + "]: " + audit_message(record);
}

}  // namespace stapsh::policy
