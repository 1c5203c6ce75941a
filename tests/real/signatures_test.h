// SPDX-License-Identifier: Apache-2.0
// The built agent with a policy that asks for signatures, keys, and the real ssh-keygen: the fixture of their tests.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/sha256.h"
#include "harness/agent_test.h"
#include "harness/signer.h"
#include "policy/manifest.h"

namespace stapsh::real {

inline const std::string kPolicy =
    "allow as=approved args=safe signed=release\n"                           // 1
    "allow as=oncall operator=bob,ca@example.com\n"                          // 2
    "allow as=both args=safe signed=release operator=bob target=web07,w7\n"  // 3
    "allow as=late args=safe signed=late\n";                                 // 4

inline std::string in_file_command(const std::string& command, const std::string& data, const std::string& name = {}) {
  return command + " " + std::to_string(data.size()) + (name.empty() ? "" : " " + name) + "\n" + data;
}

/// /etc/stapsh with keys in every state, for a session that is asked for signatures.
class SignaturesTest : public AgentTest {
 protected:
  SignaturesTest() : folder_(scratch_.make_folder("etc-stapsh")) {
    mounts_.replace("/usr/bin/bpftrace", STAPSH_FAKE_RUNNER);
    mounts_.policy_folder(folder_);
    write("policy", kPolicy);
    for (const char* name : {"release", "bob", "eve", "old", "gone", "ca", "cert", "stranger"}) (void)signer_.key(name);
    (void)signer_.certify("cert", "ca", "ca@example.com");
    (void)signer_.certify("stranger", "ca", "stranger@example.com");
    write("allowed_signers", "release namespaces=\"stapsh-program\" " + signer_.public_key("release") +  //
                                 "release,bob " + signer_.public_key("gone") +                           //
                                 "release,bob valid-before=\"20200101\" " + signer_.public_key("old") +  //
                                 "bob " + signer_.public_key("bob") +                                    //
                                 "eve " + signer_.public_key("eve") +                                    //
                                 "*@example.com cert-authority " + signer_.public_key("ca") +            //
                                 "late " + signer_.public_key("release"));
    write("revoked_keys", signer_.public_key("gone"));
  }

  std::string write(const std::string& name, const std::string& text) const {
    return scratch_.write("etc-stapsh/" + name, text);
  }
  std::string key(const std::string& name) const { return scratch_.path("keys/" + name); }

  /// A session of `as`: what it is answered behind its nonce. `commands` are made of the nonce.
  std::string answers(const std::string& as, const std::function<std::string(const std::string&)>& commands) const {
    Program agent(this->agent(Input::kPipe, {"--as", as}));
    EXPECT_TRUE(agent.write("stap 5.6\noption data\noption nonce\n"));
    EXPECT_TRUE(agent.wait_for_out("OK nonce="));
    EXPECT_TRUE(
        becomes_true([&] { return agent.out().ends_with("\n") && agent.out().find("nonce=") != std::string::npos; }));
    const std::string out = agent.out();
    const std::size_t at = out.find("nonce=") + 6;
    const std::string nonce = out.substr(at, out.size() - at - 1);
    EXPECT_EQ(nonce.size(), 32U) << out;
    EXPECT_TRUE(agent.write(commands(nonce) + "quit\n"));
    (void)agent.wait_exit();
    return agent.out().substr(out.size());
  }
  std::string answers(const std::string& as, const std::string& commands) const {
    return answers(as, [&](const std::string&) { return commands; });
  }

  static policy::Manifest manifest(const std::string& nonce) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {nonce,
            "web07",
            std::chrono::duration_cast<std::chrono::seconds>(now) + std::chrono::seconds(60),
            RunnerKind::kBpftrace,
            {{"a.bt", sha256_hex("abc")}},
            {"say:ran", "./a.bt"}};
  }
  std::string signed_manifest(const std::string& key, const policy::Manifest& of,
                              const std::string& name_space = "stapsh-run") const {
    const std::string text = policy::format_manifest(of);
    return in_file_command("manifest", text + signer_.sign(this->key(key), name_space, text));
  }

  const std::string folder_;
  Signer signer_{scratch_};
};

inline const std::string kRun = "file 3 a.bt\nabcrun ./a.bt\n";

}  // namespace stapsh::real
