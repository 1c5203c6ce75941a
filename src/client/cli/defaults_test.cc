// SPDX-License-Identifier: Apache-2.0
#include "client/cli/defaults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/cli/command_line.h"
#include "client/cli/configuration.h"
#include "client/cli/replay_arguments.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class DefaultsTest : public testing::Test {
 protected:
  DefaultsTest() {
    std::string folder = std::filesystem::temp_directory_path() / "rstap-defaults.XXXXXX";
    folder_ = ::mkdtemp(folder.data());
    environment_.home = folder_;
  }
  ~DefaultsTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text, mode_t mode = 0644) const {
    const std::filesystem::path path = folder_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string write_usual(std::string_view text, mode_t mode = 0644) const {
    return write(".config/rstap/config.toml", text, mode);
  }
  [[nodiscard]] Result<RstapOptions> parse(const Words& words) const {
    const Result<Defaults> defaults = read_defaults(words, environment_);
    if (!defaults) return fail(defaults.error());
    return parse_rstap_arguments(expand_alias(words, *defaults), *defaults);
  }

  std::string folder_;
  DefaultsEnvironment environment_;
};

TEST_F(DefaultsTest, NoFileIsNoMatter) {
  EXPECT_TRUE(parse({"s"}));
  environment_.home.reset();
  EXPECT_TRUE(parse({"s"}));
}

TEST_F(DefaultsTest, TheNearerSourceCounts) {
  write_usual(
      "# comment\n[options]\nfanout = 4\nlabel = true\ndeadline = 1.5\nquiet = true\nconnect-timeout = \"7\"\n"
      "ssh-option = ['A=1', 'B=2']\nremote = 'usual'\ncolor = true\ntogether = false\n");
  environment_.rstap_options = "--fanout=8 --grace 3 --ssh-option='C = 3'";
  const auto options = parse({"--fanout", "16", "--no-label", "--remote-prefix", "--ssh-option=D=4", "s"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->fanout, 16u);
  EXPECT_EQ(options->output.labels, LabelMode::kIndex);
  EXPECT_EQ(options->deadline, 1500ms);
  EXPECT_EQ(options->grace, 3s);
  EXPECT_EQ(options->connect_timeout, 7s);
  EXPECT_TRUE(options->output.quiet);
  EXPECT_FALSE(options->together);
  EXPECT_EQ(options->job.color, "always");
  EXPECT_THAT(options->reach.ssh_options, ElementsAre("A=1", "B=2", "C = 3", "D=4"));
  EXPECT_THAT(options->targets.remotes, ElementsAre("usual"));
  EXPECT_EQ(parse({"s"})->fanout, 8u);
  environment_.rstap_options.reset();
  EXPECT_EQ(parse({"s"})->fanout, 4u);
}

TEST_F(DefaultsTest, WhoNamesTargetsMeansThese) {
  write_usual("[options]\nremote = ['usual', 'other']\n");
  EXPECT_THAT(parse({"s"})->targets.remotes, ElementsAre("usual", "other"));
  EXPECT_THAT(parse({"s", "--no-remote"})->targets.remotes, ElementsAre("direct:"));
  EXPECT_THAT(parse({"s", "--remote=a", "--remote=b"})->targets.remotes, ElementsAre("a", "b"));
  environment_.rstap_options = "--remote=e";
  EXPECT_THAT(parse({"s"})->targets.remotes, ElementsAre("e"));
  EXPECT_THAT(parse({"s", "--remote=a"})->targets.remotes, ElementsAre("a"));
}

TEST_F(DefaultsTest, WhichOfTheUsualTargetsIsNoMatterToOthers) {
  write_usual("[options]\nremote = 'usual'\npick = 1\nexclude = ['a', 'b']\n");
  const auto usual = parse({"s"});
  EXPECT_EQ(usual->targets.pick, 1u);
  EXPECT_THAT(usual->targets.excludes, ElementsAre("a", "b"));
  // Some of the usual ones, said on the command line.
  EXPECT_THAT(parse({"s", "--exclude=c"})->targets.excludes, ElementsAre("a", "b", "c"));
  EXPECT_EQ(parse({"s", "--pick=2"})->targets.pick, 2u);
  for (const std::string named : {"--remote=a", "--inventory=a"}) {
    const auto others = parse({"s", named, "--exclude=c"});
    ASSERT_TRUE(others) << others.error().what;
    EXPECT_EQ(others->targets.pick, std::nullopt);
    EXPECT_THAT(others->targets.excludes, ElementsAre("c"));
    EXPECT_EQ(parse({"s", named, "--pick=3"})->targets.pick, 3u);
  }
  environment_.rstap_options = "--remote=e --pick=4";
  EXPECT_EQ(parse({"s"})->targets.pick, 4u);
  EXPECT_THAT(parse({"s"})->targets.excludes, ElementsAre());
  EXPECT_EQ(parse({"s", "--remote=a"})->targets.pick, std::nullopt);
}

TEST_F(DefaultsTest, TheNearerKindOfLabelCounts) {
  write_usual("[options]\nlabel = true\n");
  EXPECT_EQ(parse({"s", "--remote-prefix"})->output.labels, LabelMode::kIndex);
  environment_.rstap_options = "--remote-prefix";
  EXPECT_EQ(parse({"s"})->output.labels, LabelMode::kIndex);
  EXPECT_EQ(parse({"s", "--label"})->output.labels, LabelMode::kName);
  const auto both = parse({"s", "--label", "--remote-prefix"});
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error().what, HasSubstr("--label and --remote-prefix exclude each other"));
  const Words words{"replay", "run.zst", "--label"};
  const auto replay = parse_replay_arguments(std::span(words).subspan(1), *read_defaults(words, environment_));
  ASSERT_TRUE(replay) << replay.error().what;
  EXPECT_EQ(replay->output.labels, LabelMode::kName);
}

TEST_F(DefaultsTest, ADryRunWritesNoUsualFiles) {
  write_usual("[options]\nrecord = 'run.zst'\noutdir = 'out'\njoblog = 'log'\n");
  environment_.rstap_options = "--errdir=err";
  const auto dry = parse({"s", "--dry-run"});
  ASSERT_TRUE(dry) << dry.error().what;
  EXPECT_EQ(dry->output.record_file, std::nullopt);
  EXPECT_EQ(dry->output.outdir + dry->output.errdir + dry->output.joblog, "");
  EXPECT_EQ(parse({"s"})->output.record_file, "run.zst");
  EXPECT_EQ(parse({"s", "--dry-run", "--resume-failed"})->output.joblog, "log");
  EXPECT_FALSE(parse({"s", "--dry-run", "--record=other"}));
}

TEST_F(DefaultsTest, AnAliasIsAFirstWord) {
  write_usual(
      "[aliases]\nopens = \"--label --bpftrace -e 'BEGIN { exit() }'\"\nlist = ['s.stp', 'an argument']\n"
      "clean = 'sweep --remote web'\n");
  const auto options = parse({"opens", "--remote=a", "x"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->output.labels, LabelMode::kName);
  EXPECT_EQ(options->job.script, "BEGIN { exit() }");
  EXPECT_THAT(options->job.script_arguments, ElementsAre("x"));
  EXPECT_THAT(parse({"list"})->job.script_arguments, ElementsAre("an argument"));
  EXPECT_EQ(parse({"clean"})->action, Action::kSweep);
  EXPECT_EQ(parse({"./opens"})->job.script, "./opens");
  EXPECT_EQ(parse({"--label", "opens"})->job.script, "opens");
}

TEST_F(DefaultsTest, GroupsGoToTheTargets) {
  write_usual("[groups]\nweb = 'web[01-40]'\nall = ['@web', 'ssh://root@db:2222']\n");
  const auto options = parse({"s"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_THAT(options->targets.groups.at("web"), ElementsAre("web[01-40]"));
  EXPECT_THAT(options->targets.groups.at("all"), ElementsAre("@web", "ssh://root@db:2222"));
}

TEST_F(DefaultsTest, SitesAreOfTheFileAndNearerSettingsCount) {
  write_usual(
      "[nats.prod]\nservers = ['tls://a', 'b']\nclient = 'ada'\npool = 1048576\ntls = true\n[nats.lab]\nservers = "
      "'c'\n");
  environment_.rstap_options = "--nats=prod.client=bob --nats=lab.tls=false";
  const auto options = parse({"--nats=prod.client=eve", "s"});
  ASSERT_TRUE(options) << options.error().what;
  const NatsSite& prod = options->reach.nats.at("prod");
  EXPECT_THAT(prod.servers, ElementsAre("tls://a", "nats://b"));
  EXPECT_EQ(prod.client, "eve");
  EXPECT_EQ(prod.pool, 1'048'576u);
  EXPECT_TRUE(prod.tls);
  EXPECT_FALSE(options->reach.nats.at("lab").tls);
}

TEST_F(DefaultsTest, TheFileIsFoundWhereItIsSaidToBe) {
  write_usual("[options]\nfanout = 1\n");
  EXPECT_EQ(parse({"s"})->fanout, 1u);
  write("xdg/rstap/config.toml", "[options]\nfanout = 2\n");
  environment_.xdg_config_home = folder_ + "/xdg";
  EXPECT_EQ(parse({"s"})->fanout, 2u);
  environment_.rstap_config = write("c3", "[options]\nfanout = 3\n");
  EXPECT_EQ(parse({"s"})->fanout, 3u);
  environment_.rstap_options = "--config=" + write("c4", "[options]\nfanout = 4\n");
  EXPECT_EQ(parse({"s"})->fanout, 4u);
  const std::string fifth = write("c5", "[options]\nfanout = 5\n");
  EXPECT_EQ(parse({"--config", fifth, "s"})->fanout, 5u);
  EXPECT_EQ(parse({"--config", fifth, "--no-config", "s"})->fanout, 0u);
  environment_.rstap_options.reset();
  environment_.rstap_config = "";
  EXPECT_EQ(parse({"s"})->fanout, 0u);
}

TEST_F(DefaultsTest, HelpNeedsNone) {
  write_usual("broken");
  EXPECT_EQ(parse({"--help"})->action, Action::kShowHelp);
  EXPECT_FALSE(parse({"s"}));
  EXPECT_TRUE(parse({"--no-config", "s"}));
}

TEST_F(DefaultsTest, WhatIsWrongIsNamedByFileLineAndKey) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"[options]\nfanout = \n", "FILE:2: "},
      {"[options]\nfanout = 1\nfanout = 2\n", "FILE:3: "},
      {"fanout = 1\n", "FILE:1: fanout: a configuration has the tables [options], [groups], [aliases] and [nats.SITE]"},
      {"\n[option]\n", "FILE:2: option: a configuration has"},
      {"[options]\nfan-out = 1\n", "FILE:2: fan-out: no such option; rstap --help has their long names"},
      {"[options]\nhelp = true\n", "FILE:2: help: is for the command line alone"},
      {"[options]\nconfig = 'x'\n", "FILE:2: config: is for the command line alone"},
      {"[options]\n\nfanout = 'x'\n", "FILE:3: fanout: 'x' is not a whole number from 1"},
      {"[options]\nfanout = true\n", "FILE:2: fanout: a string or a number is needed"},
      {"[options]\nfanout = [1, 2]\n", "FILE:2: fanout: one value is needed, not a list"},
      {"[options]\nlabel = 'yes'\n", "FILE:2: label: true or false is needed"},
      {"[options]\nlabel = 1\n", "FILE:2: label: true or false is needed"},
      {"[options]\nremote = [true]\n", "FILE:2: remote: a list of strings or numbers is needed"},
      {"[options]\nremote = {a = 1}\n", "FILE:2: remote: a string or a number is needed"},
      {"[options]\ndeadline = 2026-01-01\n", "FILE:2: deadline: a string or a number is needed"},
      {"[options]\ncolor = 'pink'\n", "FILE:2: color: 'pink' is not never, auto or always"},
      {"[options]\nline-bytes-max = 0\n", "FILE:2: line-bytes-max: '0' is not"},
      {"[groups]\nweb = 1\n", "FILE:2: web: a string is needed, or a list of strings"},
      {"[groups]\n'a/b' = 'x'\n", "FILE:2: a/b: a name has letters, digits, '-' and '_'"},
      {"[aliases]\nsweep = 'x'\n", "FILE:2: sweep: is a command of rstap; give the alias another name"},
      {"[aliases]\nx = \"'\"\n", "FILE:2: x: a ' without its end"},
      {"[aliases]\nx = ['a', 1]\n", "FILE:2: x: a string is needed, or a list of strings"},
      {"[aliases]\n-x = 'a'\n", "FILE:2: -x: a name has"},
      {"[nats]\nprod = 'x'\n", "FILE:2: prod: a table [nats.SITE] is needed"},
      {"[nats.prod]\nserver = 'x'\n", "FILE:2: server: a site has no 'server'; it has servers, client"},
      {"[nats.prod]\nservers = 'x'\ntls = 'yes'\n", "FILE:3: tls: true or false is needed"},
      {"[nats.prod]\nservers = {a = 1}\n", "FILE:2: servers: a string, a list of strings, a number"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const std::string path = write_usual(c.text);
    const auto options = parse({"s"});
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, Errc::kUsage);
    std::string want(c.want);
    EXPECT_THAT(options.error().what, testing::StartsWith(want.replace(0, 4, path)));
    EXPECT_EQ(options.error().what.find('\n'), std::string::npos) << options.error().what;
  }
  write_usual("");
  const std::pair<std::string, std::string> variables[] = {
      {"--fanout=x", "RSTAP_OPTIONS: --fanout: 'x' is not a whole number"},
      {"--foo", "RSTAP_OPTIONS: unknown option '--foo'"},
      {"'", "RSTAP_OPTIONS: a ' without its end"},
      {"--label s.stp", "RSTAP_OPTIONS: 's.stp' is no option; a script stands on the command line"},
  };
  for (const auto& [value, want] : variables) {
    SCOPED_TRACE(value);
    environment_.rstap_options = value;
    const auto options = parse({"s"});
    ASSERT_FALSE(options);
    EXPECT_THAT(options.error().what, HasSubstr(want));
  }
}

TEST_F(DefaultsTest, AFileThatOthersMayWriteIsNotRead) {
  for (const mode_t mode : {0664U, 0646U, 0666U}) {
    const std::string path = write_usual("[options]\nfanout = 1\n", mode);
    const auto options = parse({"s"});
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().what, path + ": others may write it, and could run programs as you; chmod go-w " + path);
  }
  const std::string path = write_usual("[options]\nfanout = 1\n");
  EXPECT_TRUE(parse({"s"}));
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a file away";
  ASSERT_EQ(::chown(path.c_str(), 65'534, 65'534), 0);
  const auto options = parse({"s"});
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().what, HasSubstr("belongs to user 65534, not to you or root"));
  EXPECT_TRUE(parse({"s", "--no-config"}));
}

TEST_F(DefaultsTest, AFolderThatOthersMayWriteIsJudgedAsTheFileIs) {
  const std::string path = write_usual("[options]\nfanout = 1\n");
  const std::string folder = folder_ + "/.config/rstap";
  const auto with_mode = [&](mode_t mode) {
    EXPECT_EQ(::chmod(folder.c_str(), mode), 0);
    const auto options = parse({"s"});
    return options ? "" : options.error().what;
  };
  const std::string refused = folder + ": others may write it, and could run programs as you; chmod go-w " + folder;
  EXPECT_EQ(with_mode(0775), refused);
  EXPECT_EQ(with_mode(0757), refused);
  EXPECT_EQ(with_mode(01777), "");
  // Through a link from a folder that is fine.
  std::filesystem::create_directory(folder_ + "/links");
  std::filesystem::create_symlink(path, folder_ + "/links/config");
  environment_.rstap_config = folder_ + "/links/config";
  EXPECT_EQ(with_mode(0777), refused);
  EXPECT_EQ(with_mode(0755), "");
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a folder away";
  ASSERT_EQ(::chown(folder.c_str(), 65'534, 65'534), 0);
  EXPECT_THAT(with_mode(01777), HasSubstr("rstap: belongs to user 65534, not to you or root"));
}

TEST_F(DefaultsTest, WhatIsNoFileIsNotWaitedFor) {
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  environment_.rstap_config = fifo;
  EXPECT_EQ(parse({"s"}).error().what, fifo + ": no regular file");
}

TEST_F(DefaultsTest, AReplayTakesWhatSaysHowARunIsShown) {
  write_usual("[options]\nlabel = true\nfanout = 3\nremote = 'a'\nrecord = 'all.zst'\n");
  const Words words{"replay", "run.zst", "--quiet", "--config=" + folder_ + "/.config/rstap/config.toml"};
  const Result<Defaults> defaults = read_defaults(words, environment_);
  ASSERT_TRUE(defaults) << defaults.error().what;
  const auto replay = parse_replay_arguments(std::span(words).subspan(1), *defaults);
  ASSERT_TRUE(replay) << replay.error().what;
  EXPECT_EQ(replay->file, "run.zst");
  EXPECT_EQ(replay->output.labels, LabelMode::kName);
  EXPECT_TRUE(replay->output.quiet);
  EXPECT_FALSE(replay->output.record_file);
}

TEST_F(DefaultsTest, AFileThatWasNamedMustBeThere) {
  const auto missing = parse({"--config=" + folder_ + "/missing", "s"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, folder_ + "/missing: No such file or directory");
  EXPECT_EQ(missing.error().code, Errc::kUsage);
  environment_.rstap_config = folder_;
  EXPECT_EQ(parse({"s"}).error().what, folder_ + ": Is a directory");
}

}  // namespace
}  // namespace stapsh::client
