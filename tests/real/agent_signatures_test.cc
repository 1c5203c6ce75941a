// SPDX-License-Identifier: Apache-2.0
// The built agent with a policy that asks for signatures, and the real ssh-keygen: what is signed runs, and nothing
// else, whatever a client sends.
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "signatures_test.h"

namespace stapsh::real {
namespace {

using policy::Manifest;
using Words = std::vector<std::string>;
using AgentSignatures = SignaturesTest;

const std::string kSay = "file 3 a.bt\nabcrun say:ran ./a.bt\n";

TEST_F(AgentSignatures, AProgramThatIsSignedRunsAndNoOther) {
  const auto of = [&](const std::string& name, const std::string& text, const std::string& space = "stapsh-program") {
    return in_file_command("signature", signer_.sign(key(name), space, text), "a.bt");
  };
  struct Case {
    std::string_view name;
    std::string commands, want;  // `want` is behind "signed=release: "; empty: it runs.
  };
  const std::string signers = "/etc/stapsh/allowed_signers";
  const std::string good = of("release", "abc");
  const Case cases[] = {
      {"signed", good + kRun, ""},
      {"signed, behind the file", "file 3 a.bt\nabc" + good + "run ./a.bt\n", ""},
      {"not signed", kRun, "a.bt: is not signed"},
      {"another file's", of("release", "abd") + kRun, "a.bt: Signature verification failed: incorrect signature"},
      {"another's", of("eve", "abc") + kRun, "a.bt: the key SHA256:"},
      {"another purpose", of("release", "abc", "file") + kRun,
       "a.bt: Couldn't verify signature: namespace does not match"},
      {"a run's", of("release", "abc", "stapsh-run") + kRun,
       "a.bt: Couldn't verify signature: namespace does not match"},
      {"expired", of("old", "abc") + kRun, "a.bt: " + signers + ":3: key has expired: "},
      {"revoked", of("gone", "abc") + kRun, "a.bt: the key SHA256:"},
      {"no signature", in_file_command("signature", "abc", "a.bt") + kRun, "a.bt: Couldn't parse signature: "},
      {"an empty one", in_file_command("signature", "", "a.bt") + kRun, "a.bt: Couldn't parse signature: "},
      {"of another name",
       in_file_command("signature", signer_.sign(key("release"), "stapsh-program", "abc"), "b.bt") + kRun,
       "a.bt: is not signed"},
      {"taken back", good + in_file_command("signature", "x", "a.bt") + kRun, "a.bt: Couldn't parse signature: "},
      {"a second file", good + "file 3 b.bt\nabd" + kRun, "b.bt: is not signed"},
      {"other arguments", good + "file 3 a.bt\nabcrun -e x\n", "args=safe: "},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string said = answers("approved", c.commands);
    if (c.want.empty()) {
      EXPECT_TRUE(said.starts_with("OK\nOK\nOK\n")) << said;
      EXPECT_EQ(said.find("ERROR"), std::string::npos) << said;
      continue;
    }
    const std::string refused =
        "ERROR: refused: policy line 1: " + std::string(c.want.starts_with("args") ? "" : "signed=release: ") + c.want;
    EXPECT_NE(said.find(refused), std::string::npos) << said << "wanted: " << refused;
    EXPECT_EQ(said.find("data stdout"), std::string::npos) << said;
    EXPECT_TRUE(said.ends_with("\nquit\n")) << said;
  }
  // The same key on another line.
  EXPECT_TRUE(answers("late", good + kRun).starts_with("OK\nOK\nOK\n"));
  EXPECT_NE(answers("approved", of("gone", "abc") + kRun).find(" is revoked there\n"), std::string::npos);
  EXPECT_NE(answers("approved", of("eve", "abc") + kRun).find(" is none of release's in " + signers + "\n"),
            std::string::npos);
}

TEST_F(AgentSignatures, ARunThatIsSignedRunsAndNoOther) {
  struct Case {
    std::string_view name;
    std::function<std::string(const std::string& nonce)> commands;
    std::string want;  // Behind "operator=bob,ca@example.com: "; empty: it runs.
  };
  const auto by = [&](const std::string& key, const std::function<void(Manifest&)>& change,
                      const std::string& run = kSay) {
    return [this, key, change, run](const std::string& nonce) {
      Manifest changed = manifest(nonce);
      change(changed);
      return signed_manifest(key, changed) + run;
    };
  };
  const auto as_it_is = [](Manifest&) {};
  std::string replayed;
  const Case cases[] = {
      {"signed", [&](const std::string& nonce) { return replayed = signed_manifest("bob", manifest(nonce)) + kSay; },
       ""},
      {"the same again, elsewhere", [&](const std::string&) { return replayed; },
       "the manifest is of another session (its nonce)"},
      {"certified", by("cert-cert.pub", as_it_is), ""},
      {"certified for another name", by("stranger-cert.pub", as_it_is), "the key SHA256:"},
      {"by the authority itself", by("ca", as_it_is), "the key SHA256:"},
      {"not signed", [](const std::string&) { return kSay; }, "the run is not signed; rstap --sign-key KEY signs it"},
      {"by another", by("eve", as_it_is), "the key SHA256:"},
      {"by a key for programs", by("release", as_it_is), "the key SHA256:"},
      {"expired", by("old", as_it_is), "/etc/stapsh/allowed_signers:3: key has expired: "},
      {"revoked", by("gone", as_it_is), "the key SHA256:"},
      {"for programs",
       [&](const std::string& nonce) { return signed_manifest("bob", manifest(nonce), "stapsh-program") + kSay; },
       "Couldn't verify signature: namespace does not match"},
      {"changed after it was signed",
       [&](const std::string& nonce) {
         const std::string text = policy::format_manifest(manifest(nonce));
         std::string other = text;
         other.replace(other.find("say:ran"), 7, "say:run");
         return in_file_command("manifest", other + signer_.sign(key("bob"), "stapsh-run", text)) +
                "file 3 a.bt\nabcrun say:run ./a.bt\n";
       },
       "Signature verification failed: incorrect signature"},
      {"too late", by("bob", [](Manifest& m) { m.until = std::chrono::seconds(1'700'000'000); }),
       "the manifest was valid until "},
      {"another runner", by("bob", [](Manifest& m) { m.runner = RunnerKind::kStaprun; }),
       "the manifest is of another runner (staprun)"},
      {"other arguments", by("bob", [](Manifest& m) { m.args.back() = "--unsafe"; }),
       "the manifest is of other arguments"},
      {"fewer arguments", by("bob", [](Manifest& m) { m.args.pop_back(); }), "the manifest is of other arguments"},
      {"arguments beside those of run", by("bob", as_it_is, "file 3 a.bt\nabcarg 8\n--unsaferun say:ran ./a.bt\n"),
       "the manifest is of other arguments"},
      {"another file", by("bob", as_it_is, "file 3 a.bt\nabdrun say:ran ./a.bt\n"),
       "the manifest is of another a.bt (" + sha256_hex("abc") + ")"},
      {"a file more", by("bob", as_it_is, "file 3 a.bt\nabcfile 1 b.h\nxrun say:ran ./a.bt\n"),
       "the manifest is of other files (a.bt)"},
      {"no file", by("bob", as_it_is, "file 0 b.bt\nrun say:ran ./a.bt\n"), "the manifest is of other files (a.bt)"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string said = answers("oncall", c.commands);
    if (c.want.empty()) {
      EXPECT_TRUE(said.starts_with("OK\nOK\nOK\n")) << said;
      EXPECT_EQ(said.find("ERROR"), std::string::npos) << said;
      continue;
    }
    const std::string refused = "ERROR: refused: policy line 2: operator=bob,ca@example.com: " + c.want;
    EXPECT_NE(said.find(refused), std::string::npos) << said << "wanted: " << refused;
    EXPECT_EQ(said.find("data stdout"), std::string::npos) << said;
  }
  EXPECT_TRUE(answers("oncall", in_file_command("manifest", "stapsh-manifest 1\n"))
                  .starts_with("ERROR: manifest: there is no signature behind it\n"));
}

TEST_F(AgentSignatures, BothCanBeAskedForAndBeforeAnythingIsSent) {
  const std::string good = in_file_command("signature", signer_.sign(key("release"), "stapsh-program", "abc"), "a.bt");
  const std::string check = "check a.bt:" + sha256_hex("abc") + " ./a.bt\n";
  const auto run_of = [&](const std::string& target, const std::string& key) {
    return [this, target, key](const std::string& nonce) {
      Manifest m = manifest(nonce);
      m.target = target;
      m.args = {"./a.bt"};
      return signed_manifest(key, m);
    };
  };
  const auto all = [&](const std::string& target, const std::string& key, const std::string& program) {
    return answers("both",
                   [&](const std::string& nonce) { return program + run_of(target, key)(nonce) + check + kRun; });
  };
  const std::string behind = "policy line 3: ";
  EXPECT_EQ(all("w7", "bob", good).substr(0, 15), "OK\nOK\nOK\nOK\nOK\n");
  const auto twice = [&](const std::string& why) { return "ERROR: refused: policy line 3: " + why + "\n"; };
  std::string want = twice("signed=release: a.bt: is not signed");
  EXPECT_EQ(all("w7", "bob", ""), "OK\n" + want + "OK\n" + want + "quit\n");
  want = twice("target=web07,w7: the run is signed for 'db01'");
  EXPECT_EQ(all("db01", "bob", good), "OK\nOK\n" + want + "OK\n" + want + "quit\n");
  EXPECT_NE(all("w7", "eve", good).find("OK\nOK\nERROR: refused: policy line 3: operator=bob: the key SHA256:"),
            std::string::npos);
  // Whether the signature is of these bytes can be known when they have come.
  const std::string other = in_file_command("signature", signer_.sign(key("release"), "stapsh-program", "x"), "a.bt");
  want = twice("signed=release: a.bt: Signature verification failed: incorrect signature");
  EXPECT_EQ(all("w7", "bob", other), "OK\nOK\nOK\nOK\n" + want + "quit\n");
}

TEST_F(AgentSignatures, WhatCantBeVerifiedIsRefused) {
  const std::string good = in_file_command("signature", signer_.sign(key("release"), "stapsh-program", "abc"), "a.bt");
  const auto refused = [&] { return answers("approved", good + kRun); };
  const std::string line = "ERROR: refused: policy line 1: signed=release: a.bt: ";
  struct Case {
    std::function<void(MountNamespace&)> change;
    std::string want;
  };
  const std::string script = scratch_.write("script", "#!/bin/sh\nexit 0\n", 0755);
  const std::string insecure = scratch_.write("insecure", "1\n");
  const Case cases[] = {
      {[](MountNamespace& mounts) { mounts.hide("/usr/bin/ssh-keygen"); },
       "there is no ssh-keygen; install openssh-client there"},
      {[&](MountNamespace& mounts) { mounts.replace("/usr/bin/ssh-keygen", script); },
       "/usr/bin/ssh-keygen: is a script, not a program"},
      {[&](MountNamespace& mounts) { mounts.replace("/proc/sys/fs/suid_dumpable", insecure); },
       "who is nobody could be traced by others; sysctl fs.suid_dumpable is 1, set it to 0 or 2"},
  };
  for (const Case& c : cases) {
    MountNamespace mounts = new_mounts();
    std::swap(mounts_, mounts);
    mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER).replace("/usr/bin/bpftrace", STAPSH_FAKE_RUNNER);
    mounts_.policy_folder(folder_);
    c.change(mounts_);
    const std::string said = refused();
    EXPECT_NE(said.find(line + "signatures can't be verified: " + c.want + "\n"), std::string::npos) << said;
    std::swap(mounts_, mounts);
  }
  // A list that others may write is none.
  ASSERT_EQ(::chmod((folder_ + "/allowed_signers").c_str(), 0646), 0);
  const Session broken =
      talk(agent(Input::kPipe, {"--as", "approved"}), "stap 5.6\noption data\noption nonce\n" + kRun + "quit\n");
  EXPECT_NE(broken.out.find(
                "ERROR: refused: policy: /etc/stapsh/allowed_signers: its group or others may write it; chmod go-w\n"),
            std::string::npos)
      << broken.out;
  ASSERT_EQ(::unlink((folder_ + "/allowed_signers").c_str()), 0);
  const Session none = talk(agent(Input::kPipe, {"--as", "approved"}), "stap 5.6\noption data\n" + kRun + "quit\n");
  EXPECT_NE(
      none.out.find(
          "ERROR: refused: policy: /etc/stapsh/allowed_signers: is not there, and signed= and operator= need it\n"),
      std::string::npos)
      << none.out;
}

TEST_F(AgentSignatures, CheckPolicySaysWhatIsSigned) {
  const auto check = [&](Words words) {
    words.insert(words.begin(), {agent_program(), "--check-policy"});
    Program stapsh(options(words, &mounts_));
    const int code = stapsh.wait_exit();
    return std::to_string(code) + " " + stapsh.out() + stapsh.err();
  };
  EXPECT_EQ(check({}), "0 /etc/stapsh/policy: OK\n");
  const std::string program = scratch_.write("a.bt", "abc");
  EXPECT_EQ(check({"--as=approved", program}), "1 refused: policy line 1: signed=release: a.bt: is not signed\n");
  scratch_.write("a.bt.sig", signer_.sign(key("release"), "stapsh-program", "abc"));
  EXPECT_EQ(check({"--as=approved", program}),
            "0 allowed: policy line 1: allow as=approved args=safe signed=release\n");
  scratch_.write("a.bt.sig", signer_.sign(key("eve"), "stapsh-program", "abc"));
  EXPECT_TRUE(
      check({"--as=approved", program}).starts_with("1 refused: policy line 1: signed=release: a.bt: the key SHA256:"));
  EXPECT_EQ(
      check({"--as=oncall", "--args=-v", program}),
      "1 refused: policy line 2: operator=bob,ca@example.com: the run is not signed; rstap --sign-key KEY signs it\n");
  EXPECT_EQ(check({"--as=oncall", "--operator=bob", program}),
            "0 allowed: policy line 2: allow as=oncall operator=bob,ca@example.com\n");
  EXPECT_EQ(check({"--as=oncall", "--operator=eve", program}),
            "1 refused: policy line 2: operator=bob,ca@example.com: the run is signed by eve\n");
  // Who is not root asks as they are.
  ASSERT_EQ(::chmod(scratch_.root().c_str(), 0755), 0);
  Program other(options({"/usr/bin/setpriv", "--reuid=1", "--regid=1", "--clear-groups", agent_program(),
                         "--check-policy", "--as=approved", program},
                        &mounts_));
  EXPECT_EQ(other.wait_exit(), 1) << other.captured();
  EXPECT_TRUE(other.out().starts_with("refused: policy line 1: signed=release: a.bt: the key SHA256:"))
      << other.captured();
  scratch_.write("other/a.bt", "abc");
  EXPECT_EQ(check({"--as=approved", program, scratch_.path("other/a.bt")}),
            "2 stapsh: " + scratch_.path("other/a.bt") +
                ": another program is called a.bt, and a run has a file of each name once\n");
  write("policy", "allow as=x runner=bpftrace user=nobody caps=bpf,perfmon\n");
  EXPECT_EQ(check({}),
            "1 stapsh: /etc/stapsh/policy: line 1: user=nobody: it verifies signatures; name a user of its own\n");
}

}  // namespace
}  // namespace stapsh::real
