// SPDX-License-Identifier: Apache-2.0
#include "programs/sign_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "policy/manifest.h"
#include "programs/run_program.h"
#include "sys/child.h"

namespace stapsh {
namespace {

constexpr std::string_view kKeyOption = "--sign-key";
constexpr const char* kHelp =
    "Usage: rstap sign [--sign-key KEY] FILE...\n\n"
    "Signs programs (.bt, .ko, .bo), each into FILE.sig, by ssh-keygen -Y sign -n stapsh-program. rstap sends "
    "FILE.sig\n"
    "along with FILE, and targets whose policy has signed= run it. A module must be signed after each change.\n\n"
    "  --sign-key KEY   a key's file, or its public half where ssh-agent has the key (~/.ssh/id_ed25519, id_ecdsa, "
    "id_rsa)\n";

Result<std::string> default_key() {
  const char* const home = std::getenv("HOME");
  for (const char* const name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    const std::string path = std::string(home == nullptr ? "" : home) + "/.ssh/" + name;
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return fail(Errc::kUsage, "sign: there is no key in ~/.ssh; say which: --sign-key KEY");
}

}  // namespace

Result<int> sign_files(std::span<const std::string> words) {
  std::string key;
  std::vector<std::string> files;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") return print_text(kHelp);
    if (word == kKeyOption) {
      if (++i == words.size()) return fail(Errc::kUsage, "sign: --sign-key needs a value");
      key = words[i];
    } else if (word.starts_with(std::string(kKeyOption) + "=")) {
      key = word.substr(kKeyOption.size() + 1);
    } else if (word.starts_with('-')) {
      return fail(Errc::kUsage, "sign: '" + word + "' is no option; rstap sign --help shows which are");
    } else if (::access(word.c_str(), R_OK) != 0) {
      return fail_named("sign: " + word, errno);
    } else {
      files.push_back(word);
    }
  }
  if (files.empty()) return fail(Errc::kUsage, "sign: say which files");
  if (key.empty()) key = TRY(default_key());
  sys::SpawnOptions spawn;
  spawn.program = "ssh-keygen";
  spawn.search_path = true;
  spawn.argv = {"ssh-keygen", "-Y", "sign", "-n", std::string(policy::kProgramNamespace), "-f", key};
  spawn.argv.insert(spawn.argv.end(), files.begin(), files.end());
  sys::Child child = TRY(sys::spawn(spawn));
  while (true) {
    const Result<int> code = child.wait(std::chrono::hours(1));
    if (code) return *code;
    if (code.error().code != Errc::kTimeout) return fail(code.error());
  }
}

}  // namespace stapsh
