// SPDX-License-Identifier: Apache-2.0
// What a person may say on rstap's command line about the script: where its text comes from, how it is named, what is
// wrong with the words. Real bpftraces and stapbpfs run what comes of it.
#include <sys/stat.h>

#include <filesystem>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

class RstapCli : public RemoteTest {
 protected:
  RstapCli() { mounts_.tracing(); }

  /// Through an agent, and without one.
  static constexpr const char* kWays[] = {"stapsh:", "direct:"};

  std::vector<std::string> words(const std::string& remote, const std::vector<std::string>& more) const {
    std::vector<std::string> all{STAPSH_CLIENT, "--stapsh", agent_program(), "--remote", remote};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  static std::string program_that_says(const std::string& word) {
    return "BEGIN { printf(\"" + word + "\\n\"); exit(); }\n";
  }
};

TEST_F(RstapCli, ABpftraceProgramComesFromAnywhere) {
  const std::string other_name = scratch_.write("prog.txt", program_that_says("any name"));
  const std::string pipe = scratch_.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    Program text(client(words(way, {"--bpftrace", "-e", "BEGIN { printf(\"text %d\\n\", $1); exit(); }", "7"})));
    EXPECT_EQ(text.wait_exit(), 0) << text.captured();
    EXPECT_NE(text.out().find("text 7\n"), std::string::npos) << text.captured();

    for (const std::string name : {"-", "/dev/stdin"}) {
      ProgramOptions how = client(words(way, {"--runtime=bpftrace", name}));
      how.input = ProgramOptions::Input::kPipe;
      Program input(how);
      ASSERT_TRUE(input.write(program_that_says("standard input")));
      input.close_input();
      EXPECT_EQ(input.wait_exit(), 0) << input.captured();
      EXPECT_NE(input.out().find("standard input\n"), std::string::npos) << input.captured();
    }

    Program file(client(words(way, {other_name, "--bpftrace"})));
    EXPECT_EQ(file.wait_exit(), 0) << file.captured();
    EXPECT_NE(file.out().find("any name\n"), std::string::npos) << file.captured();

    Program fifo(client(words(way, {"--bpftrace", pipe})));
    Program writer(options({"/bin/sh", "-c", "cat \"$1\" > \"$2\"", "sh", other_name, pipe}));
    EXPECT_EQ(fifo.wait_exit(), 0) << fifo.captured();
    EXPECT_NE(fifo.out().find("any name\n"), std::string::npos) << fifo.captured();
    EXPECT_EQ(writer.wait_exit(), 0);
  }
}

TEST_F(RstapCli, AScriptThatWantsInputIsToldThatThereIsNone) {
  const std::string want = "rstap: input.char and input.line get nothing here: a runner has no standard input";
  for (const auto& [script, told] : {std::pair("probe input.char { print(char) } probe begin { exit() }", true),
                                     std::pair("probe begin { exit() }", false)}) {
    for (const std::string way : kWays) {
      SCOPED_TRACE(way + " " + script);
      Program rstap(client(words(way, {"--bpf", "-r", stap_.kernel_build(), "-e", script})));
      EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
      EXPECT_EQ(rstap.err().find(want) != std::string::npos, told) << rstap.captured();
    }
  }
}

TEST_F(RstapCli, TheRunnerGetsItsVariables) {
  // str() of bpftrace cuts at BPFTRACE_STRLEN.
  const std::string program = "BEGIN { printf(\"<%s>\\n\", str($1)); exit(); }";
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    Program rstap(client(words(way, {"--env=BPFTRACE_STRLEN=8", "--bpftrace", "-e", program, "abcdefghijklmn"})));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.out().find("<abcdefg"), std::string::npos) << rstap.captured();
    EXPECT_EQ(rstap.out().find("abcdefghi"), std::string::npos) << rstap.captured();
  }
  // systemtap's agent knows no such thing: it is asked, and sent nothing.
  Program old(client({STAPSH_CLIENT, "--remote", std::string("exec:") + kReleasedAgent, "--env=BPFTRACE_STRLEN=8",
                      "--bpftrace", "-e", program}));
  EXPECT_EQ(old.wait_exit(), 1);
  EXPECT_NE(old.err().find("its stapsh knows no --env; install this one there, or leave --env out"), std::string::npos)
      << old.captured();
  EXPECT_EQ(old.out(), "");
}

TEST_F(RstapCli, WhatIsAlwaysTheSameStandsInAConfiguration) {
  const std::string file =
      scratch_.write("config.toml", "[options]\nlabel = true\nremote = 'direct:'\nstapsh = '" + agent_program() +
                                        "'\n[aliases]\nhello = \"--bpftrace -e 'BEGIN { printf(\\\"hello\\\\n\\\"); "
                                        "exit(); }'\"\n");
  ProgramOptions how = client({STAPSH_CLIENT, "hello"});
  how.env.push_back("RSTAP_CONFIG=" + file);
  Program usual(how);
  EXPECT_EQ(usual.wait_exit(), 0) << usual.captured();
  EXPECT_NE(usual.out().find("direct: hello\n"), std::string::npos) << usual.captured();

  how.argv.insert(how.argv.end(), {"--remote=stapsh:", "--no-label"});
  how.env.push_back("RSTAP_OPTIONS=--quiet");
  Program nearer(how);
  EXPECT_EQ(nearer.wait_exit(), 0) << nearer.captured();
  EXPECT_NE(nearer.out().find("\nhello\n"), std::string::npos) << nearer.captured();
  EXPECT_EQ(nearer.err(), "");

  how.argv.back() = "--remote-prefix";
  Program numbered(how);
  EXPECT_EQ(numbered.wait_exit(), 0) << numbered.captured();
  EXPECT_NE(numbered.out().find("0: hello\n"), std::string::npos) << numbered.captured();

  scratch_.write("config.toml", "[options]\nfanout = 'many'\n");
  Program wrong(how);
  EXPECT_EQ(wrong.wait_exit(), 2);
  EXPECT_EQ(wrong.err(), "rstap: " + file + ":2: fanout: 'many' is not a whole number from 1 to 100000\n");
}

TEST_F(RstapCli, AConfigurationIsAFileInAFolderThatIsNotEverybodys) {
  const std::string fifo = scratch_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ProgramOptions how = client({STAPSH_CLIENT, "--list-hosts", "--remote=a", "--config=" + fifo});
  Program from_fifo(how);
  EXPECT_EQ(from_fifo.wait_exit(), 2);
  EXPECT_EQ(from_fifo.err(), "rstap: " + fifo + ": no regular file\n");

  const std::string folder = scratch_.make_folder("shared");
  how.argv.back() = "--config=" + scratch_.write("shared/config.toml", "");
  ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
  Program from_shared(how);
  EXPECT_EQ(from_shared.wait_exit(), 2);
  EXPECT_EQ(from_shared.err(),
            "rstap: " + folder + ": others may write it, and could run programs as you; chmod go-w " + folder + "\n");
}

TEST_F(RstapCli, AScriptMayHaveAnyName) {
  for (const std::string name : {"my script.bt", "naïve.bt", "-x.bt", "'q\"u`o$te.bt", "\xff.bt"}) {
    scratch_.write(name, program_that_says("named"));
    for (const std::string way : kWays) {
      SCOPED_TRACE(way + " " + name);
      Program rstap(client(words(way, {"./" + name})));
      EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
      EXPECT_NE(rstap.out().find("named\n"), std::string::npos) << rstap.captured();
    }
  }
  const std::string built = stap_.build(stap_.one(), "plain");
  const std::string renamed = scratch_.path("a b.bo");
  std::filesystem::copy_file(built, renamed);
  Program rstap(client(words("stapsh:", {renamed})));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_NE(rstap.out().find("bye\n"), std::string::npos) << rstap.captured();
}

TEST_F(RstapCli, MessagesNameTheScriptAsItWasGiven) {
  scratch_.write("my script.bt", program_that_says("x"));
  Program rstap(client(words("stapsh:", {"./my script.bt", "-s", "4"})));
  EXPECT_NE(rstap.wait_exit(), 0);
  EXPECT_NE(rstap.err().find("./my script.bt: bpftrace can't do -s"), std::string::npos) << rstap.captured();
}

TEST_F(RstapCli, AScriptThatCanBeReadOnceIsBuiltAsOftenAsNeeded) {
  const std::string shell = "\"$@\" <(cat \"$SCRIPT\")";
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    std::vector<std::string> all{"/bin/bash", "-c", shell, "bash"};
    for (const std::string& word : words(way, {"--remote", "stapsh:", "--bpf"})) all.push_back(word);
    ProgramOptions how = client(all);
    how.env.push_back("SCRIPT=" + stap_.one());
    Program rstap(how);
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_TRUE(rstap.wait_for_out_times("bye\n", 2)) << rstap.captured();
  }
  ProgramOptions how = client(words("stapsh:", {"--bpf", "/dev/stdin"}));
  how.input = ProgramOptions::Input::kPipe;
  Program rstap(how);
  ASSERT_TRUE(rstap.write(read_file(stap_.one())));
  rstap.close_input();
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_NE(rstap.out().find("bye\n"), std::string::npos) << rstap.captured();
}

TEST_F(RstapCli, BpftracesOptionsReachItAndItsHeadersAreSent) {
  scratch_.make_folder("headers");
  scratch_.write("headers/one.h", "#include \"two.h\"\n#define ONE 11\n");
  scratch_.write("headers/two.h", "#define TWO 22\n");
  const std::string three = scratch_.write("odd three.h", "#define THREE 33\n");
  const std::string program = scratch_.write(
      "sum.bt",
      "#include <one.h>\nBEGIN { printf(\"%d %d %d\\n\", ONE, TWO, THREE); system(\"echo system\"); exit(); }\n");
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    const std::vector<std::string> more{"-I",   scratch_.path("headers"), "--include", three,  "--unsafe", "-B",
                                        "none", "--no-warnings",          "-k",        program};
    Program text(client(words(way, more)));
    EXPECT_EQ(text.wait_exit(), 0) << text.captured();
    EXPECT_TRUE(text.out().starts_with("Attaching 1 probe...\n11 22 33\n")) << text.captured();
    EXPECT_NE(text.out().find("system\n"), std::string::npos) << text.captured();

    std::vector<std::string> json = more;
    json.insert(json.begin(), {"-q", "-f", "json"});
    Program quiet(client(words(way, json)));
    EXPECT_EQ(quiet.wait_exit(), 0) << quiet.captured();
    EXPECT_TRUE(quiet.out().starts_with("{\"type\": \"printf\", \"data\": \"11 22 33\\n\"}\n")) << quiet.captured();

    Program pid(client(words(way, {"-p", "1", "--bpftrace", "-q", "-e", program_that_says("of one")})));
    EXPECT_EQ(pid.wait_exit(), 0) << pid.captured();
    Program nobody(client(words(way, {"-p", "2147483647", "--bpftrace", "-e", program_that_says("x")})));
    EXPECT_NE(nobody.wait_exit(), 0) << nobody.captured();
    EXPECT_NE(nobody.err().find("2147483647"), std::string::npos) << nobody.captured();
  }
}

TEST_F(RstapCli, ABpftraceProgramIsKnownByItsFirstLine) {
  const std::string program = scratch_.write("tool", "#!/usr/bin/env bpftrace\n" + program_that_says("a tool"));
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    Program rstap(client(words(way, {program})));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.out().find("a tool\n"), std::string::npos) << rstap.captured();
  }
  ProgramOptions how = client(words("stapsh:", {"-"}));
  how.input = ProgramOptions::Input::kPipe;
  Program input(how);
  ASSERT_TRUE(input.write(read_file(program)));
  input.close_input();
  EXPECT_EQ(input.wait_exit(), 2) << input.captured();
  EXPECT_NE(input.err().find("rstap: - is a bpftrace program, by its #! line"), std::string::npos) << input.captured();

  Program taken(client(words("stapsh:", {"--bpf", "-e", program_that_says("x")})));
  EXPECT_EQ(taken.wait_exit(), 1) << taken.captured();
  EXPECT_NE(taken.err().find("it looks like a bpftrace program: say --bpftrace"), std::string::npos)
      << taken.captured();
}

TEST_F(RstapCli, WhatCantWorkIsRefusedBeforeAnythingConnects) {
  const std::string program = scratch_.write("x.bt", program_that_says("x"));
  const std::string connected = scratch_.path("connected");
  const std::vector<std::string> cases[] = {{"-G", "a=1", program},
                                            {"-s", "4", program},
                                            {"-r", "/k", program},
                                            {"-R", "/r", program},
                                            {"--stap-arg=-u", program},
                                            {"-D", "A=1", program},
                                            {"-I", "/nowhere/dir", program},
                                            {"--include=/nowhere.h", program},
                                            {"-f", "xml", program},
                                            {"-p", "4", stap_.one()},
                                            {"-s", "4", "--bpf", stap_.one()},
                                            {"--unsafe", stap_.one()},
                                            {"-o/f", "-S4", program},
                                            {"-f", "json", "--sum", program}};
  for (const std::vector<std::string>& each : cases) {
    SCOPED_TRACE(each.front());
    Program rstap(client(words("exec:: > " + connected, each)));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_FALSE(std::filesystem::exists(connected)) << rstap.captured();
  }
}

TEST_F(RstapCli, WhatIsNotThereIsAWrongCommandLine) {
  const std::string folder = scratch_.make_folder("folder");
  const std::string empty = scratch_.write("empty.bt", "");
  const std::string module = scratch_.write("no name.ko", "no module at all");
  struct Case {
    std::vector<std::string> words;
    std::string said;
  };
  const Case cases[] = {
      {{"missing.stp"}, "rstap: script missing.stp: No such file or directory\n"},
      {{"missing.bt"}, "rstap: missing.bt: No such file or directory\n"},
      {{"missing.ko"}, "rstap: missing.ko: No such file or directory\n"},
      {{"--bpftrace", "missing"}, "rstap: missing: No such file or directory\n"},
      {{"missing/x.stp"}, "rstap: script missing/x.stp: No such file or directory\n"},
      {{folder}, "rstap: script " + folder + ": Is a directory\n"},
      {{"--bpftrace", folder}, "rstap: " + folder + ": Is a directory\n"},
      {{empty}, "rstap: " + empty + ": empty\n"},
      {{"--bpftrace", "-e", ""}, "rstap: -e: empty\n"},
      {{module}, "rstap: " + module + ": does not say its module's name; give the file that name, with .ko\n"},
      {{"--remote", "@missing.list", empty}, "rstap: target list missing.list: No such file or directory\n"},
      {{"--remote", "@" + folder, empty}, "rstap: target list " + folder + ": Is a directory\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.said);
    Program rstap(client(words("stapsh:", c.words)));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_EQ(rstap.err(), c.said);
  }
}

TEST_F(RstapCli, ARemovedFolderIsMissedOnlyWhereItIsNeeded) {
  const std::string script = scratch_.write("prog.bt", program_that_says("no folder"));
  for (const std::string way : kWays) {
    SCOPED_TRACE(way);
    const std::string gone = scratch_.make_folder("gone");
    std::vector<std::string> all{"/bin/sh", "-c", "cd \"$0\" && rmdir \"$0\" && exec \"$@\"", gone};
    for (const std::string& word : words(way, {script})) all.push_back(word);
    Program rstap(client(all));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.out().find("no folder\n"), std::string::npos) << rstap.captured();
  }
}

}  // namespace
}  // namespace stapsh::real
