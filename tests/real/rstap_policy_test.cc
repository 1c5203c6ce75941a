// SPDX-License-Identifier: Apache-2.0
// What a person at rstap is told of a target's policy, over real transports.
#include "harness/remote_test.h"
#include "harness/signer.h"

namespace stapsh::real {
namespace {

class RstapPolicy : public RemoteTest {
 protected:
  RstapPolicy() : folder_(scratch_.make_folder("etc-stapsh")) {
    mounts_.policy_folder(folder_);
    mounts_.tracing();
  }
  void set_policy(const std::string& text) const { scratch_.write("etc-stapsh/policy", text); }

  struct Said {
    int code;
    std::string out, err;
  };
  Said rstap(std::vector<std::string> words, const Site* site = nullptr) const {
    words.insert(words.begin(), {STAPSH_CLIENT, "--stapsh", agent_program()});
    Program program(client(words, site));
    const int code = program.wait_exit();
    return {code, program.out(), program.err()};
  }

  Said rstap_sign(std::vector<std::string> words) const {
    words.insert(words.begin(), {STAPSH_CLIENT, "sign"});
    Program program(client(words, nullptr));
    const int code = program.wait_exit();
    return {code, program.out(), program.err()};
  }

  const std::string folder_;
  const std::string program_ = scratch_.write("hi.bt", "BEGIN { printf(\"hi\\n\"); exit(); }\n");
};

TEST_F(RstapPolicy, ARefusalIsSaidAndNothingIsTouched) {
  set_policy("deny runner=staprun\nallow runner=bpftrace args=safe\n");
  const Said refused = rstap({"--remote", "stapsh:", "--unsafe", program_});
  EXPECT_EQ(refused.err,
            "rstap: stapsh: refused: policy line 2: args=safe: --unsafe lets a program run commands\n"
            "rstap: 1 target: 0 succeeded, 1 failed; 0 clean, 1 not touched\n");
  EXPECT_EQ(refused.code, 1);
  const Said module = rstap({"--remote", "stapsh:", scratch_.write("a.ko", "abc")});
  EXPECT_EQ(module.err,
            "rstap: stapsh: refused: policy line 1: deny runner=staprun\n"
            "rstap: 1 target: 0 succeeded, 1 failed; 0 clean, 1 not touched\n");
  const Said dry = rstap({"--remote", "stapsh:", "--dry-run", "--unsafe", program_});
  EXPECT_EQ(dry.code, 1);
  const Said allowed = rstap({"--remote", "stapsh:", program_});
  EXPECT_EQ(allowed.code, 0) << allowed.err;
  EXPECT_NE(allowed.out.find("hi\n"), std::string::npos);
  EXPECT_EQ(allowed.err, "rstap: 1 target: 1 succeeded; all clean\n");
}

TEST_F(RstapPolicy, OnlyWhatWasApprovedRuns) {
  set_policy("allow args=safe sha256=@/etc/stapsh/approved\n");
  Program sum(options({"/bin/sh", "-c", "sha256sum " + program_ + " > " + folder_ + "/approved"}));
  ASSERT_EQ(sum.wait_exit(), 0);
  const Said allowed = rstap({"--remote", "stapsh:", program_});
  EXPECT_EQ(allowed.code, 0) << allowed.err;
  const Said other = rstap({"--remote", "stapsh:", scratch_.write("ho.bt", "BEGIN { exit(); }\n")});
  EXPECT_TRUE(other.err.starts_with("rstap: stapsh: refused: policy line 1: sha256=@/etc/stapsh/approved: ho.bt ("))
      << other.err;
  EXPECT_TRUE(other.err.ends_with("; 0 clean, 1 not touched\n")) << other.err;
}

// --unsafe is not safe, so bpftrace itself keeps to its own rule.
TEST_F(RstapPolicy, AProgramThatNeedsUnsafeIsRefusedByBpftrace) {
  set_policy("allow runner=bpftrace args=safe\n");
  const Said said = rstap({"--remote", "stapsh:", scratch_.write("id.bt", "BEGIN { system(\"id\"); exit(); }\n")});
  EXPECT_NE(said.code, 0);
  EXPECT_EQ(said.out.find("uid="), std::string::npos) << said.out;
  EXPECT_NE((said.out + said.err).find("unsafe"), std::string::npos) << said.out << said.err;
}

// The fourth example of docs/security.md.
TEST_F(RstapPolicy, NobodyButSigned) {
  const Signer signer(scratch_);
  const std::string release = signer.key("release"), bob = signer.key("bob"), eve = signer.key("eve");
  set_policy(
      "allow args=safe signed=release\n"
      "allow operator=bob target=web07,stapsh\n");
  scratch_.write("etc-stapsh/allowed_signers", "release namespaces=\"stapsh-program\" " + signer.public_key("release") +
                                                   "bob namespaces=\"stapsh-run\",valid-before=\"20990101\" " +
                                                   signer.public_key("bob"));
  const std::string untouched = "rstap: 1 target: 0 succeeded, 1 failed; 0 clean, 1 not touched\n";
  const Said unsigned_one = rstap({"--remote", "stapsh:", program_});
  EXPECT_EQ(unsigned_one.err,
            "rstap: stapsh: refused: policy line 1: signed=release: hi.bt: is not signed\n" + untouched);
  const Said by_bob = rstap({"--remote", "stapsh:", "--sign-key", bob, "--unsafe", program_});
  EXPECT_EQ(by_bob.code, 0) << by_bob.err;
  EXPECT_NE(by_bob.out.find("hi\n"), std::string::npos);
  const Said by_eve = rstap({"--remote", "stapsh:", "--sign-key", eve, program_});
  EXPECT_EQ(by_eve.err, "rstap: stapsh: refused: policy line 1: signed=release: hi.bt: is not signed\n" + untouched);
  const Said no_key = rstap({"--remote", "stapsh:", "--sign-key", "/nonexistent", program_});
  EXPECT_NE(no_key.err.find("rstap: stapsh: failed: --sign-key /nonexistent: "), std::string::npos) << no_key.err;
  const Said sign = rstap_sign({"--sign-key", release, program_});
  EXPECT_EQ(sign.code, 0) << sign.err;
  const Said by_release = rstap({"--remote", "stapsh:", program_});
  EXPECT_EQ(by_release.code, 0) << by_release.err;
  EXPECT_NE(by_release.out.find("hi\n"), std::string::npos);
  const Said not_safe = rstap({"--remote", "stapsh:", "--unsafe", program_});
  EXPECT_TRUE(not_safe.err.starts_with(
      "rstap: stapsh: refused: policy line 1: args=safe: --unsafe lets a program run commands\n"))
      << not_safe.err;
  // What was signed was another text.
  scratch_.write("hi.bt", "BEGIN { printf(\"ho\\n\"); exit(); }\n");
  const Said changed = rstap({"--remote", "stapsh:", program_});
  EXPECT_NE(changed.err.find("signed=release: hi.bt: Signature verification failed: incorrect signature\n"),
            std::string::npos)
      << changed.err;
  EXPECT_EQ(changed.out, "");
}

// The line of docs/security.md.
TEST_F(RstapPolicy, AForcedCommandSaysWhoItIs) {
  set_policy("allow as=oncall runner=bpftrace args=safe\nallow uid=0\n");
  const std::string keys = scratch_.path("authorized_keys");
  const Site& site = start_site(Via::kSsh, agent_program(), {.server_lines = {"AuthorizedKeysFile " + keys}});
  const std::string key = read_file(scratch_.path("ssh/user_key.pub"));
  ASSERT_FALSE(key.empty());
  scratch_.write("authorized_keys", "restrict,command=\"stapsh --as oncall\" " + key);
  const Said allowed = rstap({"--remote", "h0", program_}, &site);
  EXPECT_EQ(allowed.code, 0) << allowed.err;
  const Said refused = rstap({"--remote", "h0", "--unsafe", program_}, &site);
  EXPECT_EQ(refused.err,
            "rstap: h0: refused: policy line 1: args=safe: --unsafe lets a program run commands\n"
            "rstap: 1 target: 0 succeeded, 1 failed; 0 clean, 1 not touched\n");
  // What ssh is asked to run instead is not run.
  ProgramOptions how = client({"ssh", "h0", "id"}, &site);
  how.input = ProgramOptions::Input::kPipe;
  Program ssh(how);
  ASSERT_TRUE(ssh.write("stap 5.6\nquit\n"));
  (void)ssh.wait_exit();
  EXPECT_TRUE(ssh.out().starts_with("stapsh ")) << ssh.captured();
  // Root's own key is root's.
  scratch_.write("authorized_keys", key);
  EXPECT_EQ(rstap({"--remote", "h0", "--unsafe", program_}, &site).code, 0);
}

}  // namespace
}  // namespace stapsh::real
