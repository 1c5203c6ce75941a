// SPDX-License-Identifier: Apache-2.0
#include "client/run/manifest_signer.h"

#include <csignal>
#include <utility>
#include <vector>

#include "base/last_line.h"
#include "client/async/child_output.h"
#include "client/run/target_progress.h"
#include "policy/manifest.h"
#include "protocol/command.h"
#include "protocol/limits.h"
#include "sys/child.h"
#include "sys/memory_file.h"
#include "sys/pipe.h"

namespace stapsh::client {
namespace {

// Each takes a processor for a few milliseconds; an ssh-agent and a security key take one after the other anyway.
constexpr int kAtOnce = 4;

Result<sys::Child> spawn_keygen(sys::SpawnOptions& spawn, const std::string& manifest, sys::Pipe& out,
                                sys::Pipe& errors) {
  out = TRY(sys::make_pipe({.nonblocking_read = true}));
  errors = TRY(sys::make_pipe({.nonblocking_read = true}));
  const sys::UniqueFd text = TRY(sys::make_memory_file(manifest));
  spawn.stdin_fd = text.get();
  spawn.stdout_fd = out.write_end.get();
  spawn.stderr_fd = errors.write_end.get();
  Result<sys::Child> child = sys::spawn(spawn);
  out.write_end.reset();
  errors.write_end.reset();
  return child;
}

}  // namespace

Awaitable<Result<std::string>> ManifestSigner::sign(std::string manifest, std::function<bool()> is_over) {
  while (running_ >= kAtOnce && !is_over()) co_await room_.wait();
  ++running_;
  Result<std::string> signature = co_await run_keygen(manifest, is_over);
  --running_;
  room_.announce();
  if (!signature) co_return add_context("--sign-key " + key_, signature.error());
  co_return manifest + *signature;
}

Awaitable<Result<std::string>> ManifestSigner::run_keygen(const std::string& manifest, std::function<bool()> is_over) {
  sys::SpawnOptions spawn;
  spawn.program = "ssh-keygen";
  spawn.search_path = true;
  spawn.argv = {"ssh-keygen", "-Y", "sign", "-n", std::string(policy::kRunNamespace), "-f", key_};
  // Its standard input is the manifest: nobody is asked there.
  spawn.extra_env = {"SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force"};
  if (asker_ != nullptr) spawn.extra_env = asker_->environment("--sign-key " + key_);
  if (asker_ == nullptr && !batch_) spawn.extra_env.clear();
  spawn.ignored_signals = {SIGINT};
  sys::Pipe out, errors;
  Result<sys::Child> child = spawn_keygen(spawn, manifest, out, errors);
  if (!child) co_return fail(child.error());
  const GiveUp give_up = [is_over] { return is_over(); };
  ChildResult said = co_await collect(io_, *child, std::move(out.read_end), std::move(errors.read_end),
                                      kSignatureBytesMax, give_up, [] { return false; });
  if (said.exit_code == 0 && !said.out.empty()) co_return std::move(said.out);
  const std::string why = printable(last_line(said.errors));
  co_return fail(Errc::kSystem, why.empty() ? "ssh-keygen has made no signature" : why);
}

}  // namespace stapsh::client
