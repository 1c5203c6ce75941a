// SPDX-License-Identifier: Apache-2.0
// Keys, and signatures by them: the real ssh-keygen.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "program.h"
#include "scratch.h"

namespace stapsh::real {

class Signer {
 public:
  explicit Signer(const Scratch& scratch) : scratch_(scratch), folder_(scratch.make_folder("keys")) {}

  /// A key of that name, without a passphrase unless there is one; its path.
  std::string key(const std::string& name, const std::string& passphrase = {}) const {
    const std::string path = folder_ + "/" + name;
    run({"-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", path});
    return path;
  }
  /// The line of its public half.
  std::string public_key(const std::string& name) const { return read_file(folder_ + "/" + name + ".pub"); }
  /// Makes the certificate NAME-cert.pub, for `principal`, by the key `authority`; its path.
  std::string certify(const std::string& name, const std::string& authority, const std::string& principal) const {
    run({"-q", "-s", folder_ + "/" + authority, "-I", name, "-n", principal, folder_ + "/" + name + ".pub"});
    return folder_ + "/" + name + "-cert.pub";
  }
  /// A signature of `text` by the key at `path`.
  std::string sign(const std::string& path, const std::string& name_space, const std::string& text) const {
    const std::string file = scratch_.write("keys/text", text);
    (void)::unlink((file + ".sig").c_str());
    run({"-q", "-Y", "sign", "-f", path, "-n", name_space, file});
    return read_file(file + ".sig");
  }

 private:
  void run(std::vector<std::string> words) const {
    words.insert(words.begin(), "/usr/bin/ssh-keygen");
    Program keygen({.argv = std::move(words), .env = scratch_.environment(), .cwd = folder_});
    EXPECT_EQ(keygen.wait_exit(), 0) << keygen.captured();
  }

  const Scratch& scratch_;
  std::string folder_;
};

}  // namespace stapsh::real
