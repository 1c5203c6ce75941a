// SPDX-License-Identifier: Apache-2.0
#include "client/run/show_listing.h"

#include <string_view>

namespace stapsh::client {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

Awaitable<> show_listing(const RunContext& context, TargetProgress& progress, std::shared_ptr<const Module> module,
                         std::function<bool()> is_over) {
  progress.leave_gate(true);
  progress.note_begun();
  std::string_view rest = module->listing->text;
  while (!rest.empty()) {
    if (context.events.full()) co_await context.events.wait_room();
    if (is_over()) co_return;
    const std::string_view piece = rest.substr(0, kPieceBytes);
    progress.emit_output(Stream::kStdout, piece);
    context.events.on_pause();
    rest.remove_prefix(piece.size());
  }
  progress.set_done(module->listing->exit_code);
}

}  // namespace stapsh::client
