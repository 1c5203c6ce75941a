// SPDX-License-Identifier: Apache-2.0
#include "policy/manifest.h"

#include <algorithm>
#include <optional>

#include "base/parse_int.h"
#include "base/sha256.h"
#include "base/shown_text.h"
#include "policy/policy_text.h"
#include "protocol/command.h"
#include "protocol/quoted.h"

namespace stapsh::policy {
namespace {

constexpr std::string_view kTitle = "stapsh-manifest 1";
constexpr std::string_view kSignatureBegin = "\n-----BEGIN SSH SIGNATURE-----\n";

auto fail_line(const Line& line, std::string_view what) {
  return fail(Errc::kPeer, "manifest, line " + std::to_string(line.number) + ": " + std::string(what));
}

// Lines of one key each, in order.
class Reader {
 public:
  explicit Reader(std::vector<Line> lines) : lines_(std::move(lines)) {}

  [[nodiscard]] bool at_end() const { return next_ == lines_.size(); }
  /// Of the line that was taken last.
  [[nodiscard]] auto bad(std::string_view what) const { return fail_line(lines_[next_ - 1], what); }
  [[nodiscard]] auto wrong(std::string_view what) const {
    return at_end() ? fail(Errc::kPeer, "manifest: ends where " + std::string(what)) : fail_line(lines_[next_], what);
  }
  /// What stands behind `KEY `, where the next line has that key; takes it.
  std::optional<std::string_view> take_if(std::string_view key) {
    if (at_end()) return std::nullopt;
    const std::string_view text = lines_[next_].text;
    if (!text.starts_with(key) || text.substr(key.size()).substr(0, 1) != " ") return std::nullopt;
    ++next_;
    return text.substr(key.size() + 1);
  }
  Result<std::string_view> take(std::string_view key) {
    if (const auto value = take_if(key)) return *value;
    return wrong("'" + std::string(key) + "' must stand here");
  }

 private:
  std::vector<Line> lines_;
  std::size_t next_ = 0;
};

// One spelling of a word alone: what was signed has no other.
Result<std::string> exact_word(std::string_view word) {
  std::string text = TRY(unquote(word));
  if (quote(text) != word) return fail(Errc::kPeer, "spelled in another way than it must be");
  return text;
}

Result<> take_file(Manifest& manifest, const Reader& reader, std::string_view value) {
  const std::string_view digest = value.substr(0, kSha256Digits),
                         name = value.substr(std::min(value.size(), kSha256Digits));
  if (!is_sha256_hex(digest) || !name.starts_with(' ') || !check_file_name(name.substr(1))) {
    return reader.bad("a file is a SHA-256, a blank and a name");
  }
  manifest.files.push_back({std::string(name.substr(1)), std::string(digest)});
  return {};
}

Result<> take_words(std::vector<std::string>& words, Reader& reader, std::string_view key) {
  while (const auto value = reader.take_if(key)) {
    Result<std::string> word = exact_word(*value);
    if (!word) return reader.bad(std::string(key) + ": " + word.error().what);
    words.push_back(*std::move(word));
  }
  return {};
}

std::string names_of(const std::vector<Manifest::File>& files) {
  std::string text;
  for (const Manifest::File& file : files) text += (text.empty() ? "" : ", ") + file.name;
  return text.empty() ? "none" : text;
}

std::string files_fault(const Manifest& manifest, const std::vector<UploadedFile>& files) {
  const bool as_many = manifest.files.size() == files.size();
  for (std::size_t i = 0; as_many && i < files.size(); ++i) {
    if (manifest.files[i].name != files[i].name) break;
    if (!files[i].digest.empty() && manifest.files[i].digest != files[i].digest) {
      return "the manifest is of another " + files[i].name + " (" + manifest.files[i].digest + ")";
    }
    if (i + 1 == files.size()) return {};
  }
  if (as_many && files.empty()) return {};
  return "the manifest is of other files (" + names_of(manifest.files) + ")";
}

}  // namespace

std::string format_manifest(const Manifest& manifest) {
  std::string text = std::string(kTitle) + "\nnonce " + quote(manifest.nonce) + "\ntarget " + quote(manifest.target) +
                     "\nuntil " + std::to_string(manifest.until.count()) + "\nrunner " +
                     std::string(runner_name(manifest.runner)) + "\n";
  for (const Manifest::File& file : manifest.files) text += "file " + file.digest + " " + file.name + "\n";
  for (const std::string& arg : manifest.args) text += "arg " + quote(arg) + "\n";
  for (const std::string& variable : manifest.environment) text += "env " + quote(variable) + "\n";
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  Result<std::vector<Line>> lines = whole_lines(text);
  if (!lines) return fail(Errc::kPeer, "manifest, " + lines.error().what);
  if (lines->empty() || lines->front().text != kTitle) {
    return fail(Errc::kPeer, "manifest, line 1: '" + std::string(kTitle) + "' must stand here");
  }
  lines->erase(lines->begin());
  Reader reader(*std::move(lines));
  Manifest manifest;
  const Result<std::string> nonce = exact_word(TRY(reader.take("nonce")));
  if (!nonce || nonce->empty()) return reader.bad("no nonce");
  manifest.nonce = *nonce;
  const Result<std::string> target = exact_word(TRY(reader.take("target")));
  if (!target) return reader.bad("target: " + target.error().what);
  manifest.target = *target;
  const std::string_view until = TRY(reader.take("until"));
  const Result<std::int64_t> seconds = parse_int<std::int64_t>(until, 0, 253'402'300'799);  // The year 9999.
  if (!seconds || std::to_string(*seconds) != until) return reader.bad("until: seconds since 1970 must stand here");
  manifest.until = std::chrono::seconds(*seconds);
  const std::string_view runner = TRY(reader.take("runner"));
  const auto* const entry = std::ranges::find(kRunnerTable, runner, &RunnerEntry::program);
  if (entry == std::ranges::end(kRunnerTable)) return reader.bad("no runner of that name");
  manifest.runner = entry->kind;
  while (const auto file = reader.take_if("file")) TRY(take_file(manifest, reader, *file));
  TRY(take_words(manifest.args, reader, "arg"));
  TRY(take_words(manifest.environment, reader, "env"));
  if (!reader.at_end()) return reader.wrong("'file', 'arg' or 'env' must stand here, in this order");
  return manifest;
}

std::string why_not_covered(const Manifest& manifest, const RunRequest& request, std::string_view nonce, WallTime now) {
  if (nonce.empty() || manifest.nonce != nonce) return "the manifest is of another session (its nonce)";
  const auto late = std::chrono::duration_cast<std::chrono::seconds>(now) - manifest.until;
  if (late.count() > 0) {
    return "the manifest was valid until " + std::to_string(late.count()) + " s ago, by the clock there";
  }
  if (manifest.runner != request.runner) {
    return "the manifest is of another runner (" + std::string(runner_name(manifest.runner)) + ")";
  }
  if (std::string fault = files_fault(manifest, request.files); !fault.empty()) return fault;
  if (request.args && manifest.args != *request.args) return "the manifest is of other arguments";
  if (manifest.environment != request.environment) return "the manifest is of other variables (option env)";
  return {};
}

SignedText split_signed(std::string_view signed_text) {
  const std::size_t at = signed_text.find(kSignatureBegin);
  if (at == std::string_view::npos) return {};
  return {signed_text.substr(0, at + 1), signed_text.substr(at + 1)};
}

}  // namespace stapsh::policy
