// SPDX-License-Identifier: Apache-2.0
// Any text is a manifest or an error. What is one has no other spelling, so that nobody reads another run in what was
// signed; and it covers the run that it says, and none with a word more.
#include "fuzz_target.h"
#include "policy/manifest.h"

using namespace stapsh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const policy::SignedText parts = policy::split_signed(text);
  if (!parts.signature.empty()) STAPSH_ASSERT(parts.text.size() + parts.signature.size() == text.size());
  const Result<policy::Manifest> manifest = policy::parse_manifest(parts.signature.empty() ? text : parts.text);
  if (!manifest) {
    STAPSH_ASSERT(manifest.error().what.starts_with("manifest"));
    return 0;
  }
  STAPSH_ASSERT(policy::format_manifest(*manifest) == (parts.signature.empty() ? text : parts.text));
  // What a clock in nanoseconds can't say.
  if (manifest->until > std::chrono::duration_cast<std::chrono::seconds>(WallTime::max())) return 0;
  policy::RunRequest run{manifest->runner, manifest->args, {}};
  for (const policy::Manifest::File& file : manifest->files) run.files.push_back({file.name, file.digest});
  run.environment = manifest->environment;
  STAPSH_ASSERT(policy::why_not_covered(*manifest, run, manifest->nonce, manifest->until).empty());
  STAPSH_ASSERT(!policy::why_not_covered(*manifest, run, manifest->nonce + "x", manifest->until).empty());
  run.args->emplace_back("x");
  STAPSH_ASSERT(!policy::why_not_covered(*manifest, run, manifest->nonce, manifest->until).empty());
  return 0;
}
