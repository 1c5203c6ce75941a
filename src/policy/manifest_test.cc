// SPDX-License-Identifier: Apache-2.0
#include "policy/manifest.h"

#include <gtest/gtest.h>

namespace stapsh::policy {
namespace {

const std::string kDigestA(64, 'a'), kDigestB(64, 'b');

Manifest example() {
  return {"n0nce",
          "root@web 07",
          std::chrono::seconds(1'790'000'000),
          RunnerKind::kBpftrace,
          {{"a.bt", kDigestA}, {"b.h", kDigestB}},
          {"-q", "", "a b=\n", "./a.bt"},
          {"BPFTRACE_STRLEN=128"}};
}

const std::string kManifestText =
    "stapsh-manifest 1\nnonce n0nce\ntarget root@web=2007\nuntil 1790000000\nrunner bpftrace\nfile " + kDigestA +
    " a.bt\nfile " + kDigestB + " b.h\narg -q\narg \narg a=20b=3d=0a\narg ./a.bt\nenv BPFTRACE_STRLEN=3d128\n";

TEST(Manifest, IsWrittenAndRead) {
  EXPECT_EQ(format_manifest(example()), kManifestText);
  const Result<Manifest> read = parse_manifest(kManifestText);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(*read, example());
}

TEST(Manifest, AllElseIsRefused) {
  struct Case {
    std::string from, to, want;
  };
  const Case cases[] = {
      {"manifest 1", "manifest 2", "manifest, line 1: 'stapsh-manifest 1' must stand here"},
      {"nonce n0nce\n", "", "manifest, line 2: 'nonce' must stand here"},
      {"nonce n0nce", "nonce ", "manifest, line 2: no nonce"},
      {"nonce n0nce", "nonce a b", "manifest, line 2: no nonce"},
      {"root@web=2007", "root@web 07", "manifest, line 3: target: spelled in another way than it must be"},
      {"until 1790000000", "until 01790000000", "manifest, line 4: until: seconds since 1970 must stand here"},
      {"until 1790000000", "until -1", "manifest, line 4: until: seconds since 1970 must stand here"},
      {"runner bpftrace", "runner sh", "manifest, line 5: no runner of that name"},
      {" a.bt\n", " ../a.bt\n", "manifest, line 6: a file is a SHA-256, a blank and a name"},
      {kDigestA + " ", kDigestA + "a ", "manifest, line 6: a file is a SHA-256, a blank and a name"},
      {kDigestA, std::string(64, 'A'), "manifest, line 6: a file is a SHA-256, a blank and a name"},
      {"arg -q", "arg =2dq", "manifest, line 8: arg: spelled in another way than it must be"},
      {"=3d", "=3D", "manifest, line 10: arg: spelled in another way than it must be"},
      {"arg ./a.bt\n", "arg ./a.bt\nfile " + kDigestA + " c\n",
       "manifest, line 12: 'file', 'arg' or 'env' must stand here, in this order"},
      {"arg ./a.bt\n", "arg ./a.bt\n\n", "manifest, line 12: 'file', 'arg' or 'env' must stand here, in this order"},
      {"=3d128\n", "=3d128", "manifest, line 12, column 26: the file ends within a line; end it with a newline"},
  };
  for (const Case& c : cases) {
    std::string text = kManifestText;
    text.replace(text.find(c.from), c.from.size(), c.to);
    SCOPED_TRACE(text);
    const Result<Manifest> read = parse_manifest(text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what, c.want);
  }
  EXPECT_FALSE(parse_manifest(""));
  EXPECT_EQ(parse_manifest("stapsh-manifest 1\n").error().what, "manifest: ends where 'nonce' must stand here");
}

TEST(Manifest, CoversItsOwnRunAlone) {
  const Manifest manifest = example();
  const RunRequest own{
      RunnerKind::kBpftrace, manifest.args, {{"a.bt", kDigestA}, {"b.h", kDigestB}}, manifest.environment};
  const WallTime now = std::chrono::seconds(1'790'000'000);
  EXPECT_EQ(why_not_covered(manifest, own, "n0nce", now), "");
  EXPECT_EQ(why_not_covered(manifest, own, "other", now), "the manifest is of another session (its nonce)");
  EXPECT_EQ(why_not_covered(manifest, own, "", now), "the manifest is of another session (its nonce)");
  EXPECT_EQ(why_not_covered(manifest, own, "n0nce", now + std::chrono::seconds(2)),
            "the manifest was valid until 2 s ago, by the clock there");
  RunRequest other = own;
  other.runner = RunnerKind::kStapbpf;
  EXPECT_EQ(why_not_covered(manifest, other, "n0nce", now), "the manifest is of another runner (bpftrace)");
  other = own;
  other.files[1].digest = kDigestA;
  EXPECT_EQ(why_not_covered(manifest, other, "n0nce", now), "the manifest is of another b.h (" + kDigestB + ")");
  for (const auto& files : {std::vector<UploadedFile>{{"a.bt", kDigestA}}, std::vector<UploadedFile>{},
                            std::vector<UploadedFile>{{"a.bt", kDigestA}, {"c.h", kDigestB}},
                            std::vector<UploadedFile>{{"b.h", kDigestB}, {"a.bt", kDigestA}},
                            std::vector<UploadedFile>{{"a.bt", kDigestA}, {"b.h", kDigestB}, {"c.h", kDigestB}}}) {
    other.files = files;
    EXPECT_EQ(why_not_covered(manifest, other, "n0nce", now), "the manifest is of other files (a.bt, b.h)");
  }
  other = own;
  other.args->push_back("--unsafe");
  EXPECT_EQ(why_not_covered(manifest, other, "n0nce", now), "the manifest is of other arguments");
  other = own;
  other.environment.clear();
  EXPECT_EQ(why_not_covered(manifest, other, "n0nce", now), "the manifest is of other variables (option env)");
}

TEST(Manifest, ItsSignatureStandsBehindIt) {
  const std::string signature = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n";
  const std::string both = kManifestText + signature;
  EXPECT_EQ(split_signed(both).text, kManifestText);
  EXPECT_EQ(split_signed(both).signature, signature);
  EXPECT_EQ(split_signed(kManifestText).text, "");
  EXPECT_EQ(split_signed(signature).text, "");
}

}  // namespace
}  // namespace stapsh::policy
