// SPDX-License-Identifier: Apache-2.0
// Files of a session: those that come, and those that are kept for later ones.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "agent/agent_loop_class.h"
#include "agent/error_advice.h"
#include "base/sha256.h"
#include "sys/io.h"

namespace stapsh::agent {
namespace {

constexpr std::size_t kPieceBytes = 65'536;

}  // namespace

// The module that is unloaded at the end, if it should be there then.
void AgentLoop::note_module(const std::string& file_name) {
  if (module_.empty() && file_name.ends_with(".ko")) module_ = file_name.substr(0, file_name.size() - 3);
}

void AgentLoop::create_file(const CreateFile& effect) {
  const Result<> place = ensure_workspace();
  if (!place)
    return is_lack_of_processes(place.error()) ? be_unable(place.error())
                                               : session_.on_file_failed(place_.advised(place.error()));
  note_module(effect.name);
  const Result<> created = upload_.create(place_.workspace(), effect.name, effect.size);
  if (!created) session_.on_file_failed(place_.advised(created.error()));
}

void AgentLoop::write_file(const WriteFile& effect) {
  const Result<> wrote = upload_.write(effect.bytes);
  if (!wrote) session_.on_file_failed(place_.advised(wrote.error()));
}

void AgentLoop::commit_file(const CommitFile& effect) {
  if (!upload_.open()) return;
  const Result<> committed = upload_.commit();
  if (!committed) return session_.on_file_failed(place_.advised(committed.error()));
  if (!effect.keep_as.empty()) {
    if (const Result<> kept = keep_file(effect.keep_as); !kept) session_.on_note("not kept: " + kept.error().what);
  }
  session_.on_file_done();
}

Result<> AgentLoop::keep_file(const std::string& digest) {
  return kept_.add(TRY(place_.workspace().open_file(upload_.name())).get(), digest);
}

void AgentLoop::begin_keeping() {
  Result<KeptModules> opened = KeptModules::open(kept_bytes_max_);
  if (!opened) return session_.on_no_keeping(opened.error());
  kept_ = *std::move(opened);
  session_.on_keeping(kept_.path());
}

void AgentLoop::take_kept(const TakeKept& effect) {
  const Result<KeptModules::Found> found = kept_.find(effect.digest);
  if (!found) return session_.on_kept_absent(found.error());
  if (found->size > effect.bytes_max) {
    return session_.on_kept_absent({Errc::kLimit, std::to_string(found->size) + " bytes more, over files-bytes-max"});
  }
  const Result<> place = ensure_workspace();
  if (!place) {
    return is_lack_of_processes(place.error()) ? be_unable(place.error())
                                               : session_.on_kept_absent(place_.advised(place.error()));
  }
  note_module(effect.name);
  if (const Result<> copied = copy_kept(*found, effect); !copied) {
    upload_.abandon(place_.workspace());
    return session_.on_kept_absent(place_.advised(copied.error()));
  }
  session_.on_kept_taken(found->size);
}

// A copy, so that nobody who can write to what is kept changes what runs. What is verified is what was copied.
Result<> AgentLoop::copy_kept(const KeptModules::Found& found, const TakeKept& effect) {
  TRY(upload_.create(place_.workspace(), effect.name, found.size));
  Sha256 digest;
  std::array<char, kPieceBytes> piece;
  for (std::uint64_t left = found.size; left > 0;) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
    const sys::IoResult got = TRY(sys::read_some(found.file.get(), std::span(piece).first(wanted)));
    if (got.end) break;
    const std::string_view bytes(piece.data(), got.bytes);
    digest.update(bytes);
    TRY(upload_.write(bytes));
    left -= got.bytes;
  }
  TRY(upload_.commit());
  if (digest.finish() == effect.digest) return {};
  kept_.remove(effect.digest);
  return fail(Errc::kSystem, "what was kept has been changed, and is thrown away; send it");
}

}  // namespace stapsh::agent
