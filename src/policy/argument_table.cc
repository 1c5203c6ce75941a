// SPDX-License-Identifier: Apache-2.0
#include "policy/argument_table.h"

#include <array>

namespace stapsh::policy {
namespace {

using Value = ArgumentEntry::Value;

constexpr RunnerKind kSystemtap = RunnerKind::kStaprun;
constexpr RunnerKind kBpf = RunnerKind::kStapbpf;
constexpr RunnerKind kDyninst = RunnerKind::kStapdyn;
constexpr RunnerKind kBpftrace = RunnerKind::kBpftrace;

constexpr std::string_view kRunsCommand = "runs a command";
constexpr std::string_view kWritesFile = "writes a file";
constexpr std::string_view kReadsFile = "reads a file of its own choice";
constexpr std::string_view kIsCode = "is a program that was not sent as a file";
constexpr std::string_view kOutlives = "leaves a module loaded, or takes one that somebody else loaded";
constexpr std::string_view kOfOutput = "is for output to a file";
constexpr std::string_view kUndocumented = "is not documented";
constexpr std::string_view kDebug = "is for whoever debugs the runner";

constexpr std::array kTable{
    ArgumentEntry{kSystemtap, 'v', "", Value::kNone, ""},
    ArgumentEntry{kSystemtap, 'V', "", Value::kNone, ""},
    ArgumentEntry{kSystemtap, 'h', "", Value::kNone, ""},
    ArgumentEntry{kSystemtap, 'w', "", Value::kNone, ""},
    ArgumentEntry{kSystemtap, 'x', "", Value::kNumber, ""},
    ArgumentEntry{kSystemtap, 'N', "", Value::kNumber, ""},
    ArgumentEntry{kSystemtap, 'b', "", Value::kNumber, ""},
    ArgumentEntry{kSystemtap, 'T', "", Value::kNumber, ""},
    ArgumentEntry{kSystemtap, 'C', "", Value::kWord, ""},
    ArgumentEntry{kSystemtap, 'R', "", Value::kNone, ""},
    ArgumentEntry{kSystemtap, 'r', "", Value::kIndexAndUri, ""},
    ArgumentEntry{kSystemtap, 'c', "", Value::kAny, kRunsCommand, true},
    ArgumentEntry{kSystemtap, 'o', "", Value::kAny, kWritesFile},
    ArgumentEntry{kSystemtap, 'S', "", Value::kAny, kOfOutput},
    ArgumentEntry{kSystemtap, 'D', "", Value::kNone, "goes on in the background"},
    ArgumentEntry{kSystemtap, 'u', "", Value::kAny, "loads another module"},
    ArgumentEntry{kSystemtap, 'L', "", Value::kNone, kOutlives},
    ArgumentEntry{kSystemtap, 'A', "", Value::kNone, kOutlives},
    ArgumentEntry{kSystemtap, 'd', "", Value::kNone, "unloads modules of others"},
    ArgumentEntry{kSystemtap, 'F', "", Value::kAny, "names a descriptor"},
    ArgumentEntry{kSystemtap, 'M', "", Value::kAny, kUndocumented},
    ArgumentEntry{kSystemtap, 't', "", Value::kAny, kUndocumented},
    ArgumentEntry{kSystemtap, 'i', "", Value::kNone, kUndocumented},

    ArgumentEntry{kBpf, 'v', "verbose", Value::kNone, ""},
    ArgumentEntry{kBpf, 'V', "version", Value::kNone, ""},
    ArgumentEntry{kBpf, 'h', "help", Value::kNone, ""},
    ArgumentEntry{kBpf, 'w', "", Value::kNone, ""},
    ArgumentEntry{kBpf, 'x', "", Value::kNumber, ""},
    ArgumentEntry{kBpf, 'c', "", Value::kAny, kRunsCommand, true},
    ArgumentEntry{kBpf, 'o', "", Value::kAny, kWritesFile},

    // Of what getopt gets in stapdyn of systemtap 2 and later, "c:x:vwo:VC:", and of its usage. Hardly a distribution
    // has it now, so no test asks the program.
    ArgumentEntry{kDyninst, 'v', "", Value::kNone, ""},
    ArgumentEntry{kDyninst, 'V', "", Value::kNone, ""},
    ArgumentEntry{kDyninst, 'w', "", Value::kNone, ""},
    ArgumentEntry{kDyninst, 'x', "", Value::kNumber, ""},
    ArgumentEntry{kDyninst, 'C', "", Value::kWord, ""},
    ArgumentEntry{kDyninst, 'c', "", Value::kAny, kRunsCommand, true},
    ArgumentEntry{kDyninst, 'o', "", Value::kAny, kWritesFile},

    ArgumentEntry{kBpftrace, 'v', "", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 'V', "version", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 'h', "help", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 'q', "", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 'k', "", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 'B', "", Value::kWord, ""},
    ArgumentEntry{kBpftrace, 'f', "", Value::kWord, ""},
    ArgumentEntry{kBpftrace, 'p', "", Value::kNumber, ""},
    ArgumentEntry{kBpftrace, 0, "no-warnings", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 0, "info", Value::kNone, ""},
    ArgumentEntry{kBpftrace, 'c', "", Value::kAny, kRunsCommand, true},
    ArgumentEntry{kBpftrace, 'o', "", Value::kAny, kWritesFile},
    ArgumentEntry{kBpftrace, 'e', "", Value::kAny, kIsCode},
    ArgumentEntry{kBpftrace, 'I', "", Value::kAny, kReadsFile},
    ArgumentEntry{kBpftrace, 0, "include", Value::kAny, kReadsFile},
    ArgumentEntry{kBpftrace, 'l', "", Value::kNone, "lists what it is asked for, of any file"},
    ArgumentEntry{kBpftrace, 0, "unsafe", Value::kNone, "lets a program run commands"},
    ArgumentEntry{kBpftrace, 0, "usdt-file-activation", Value::kNone, "writes into processes of others"},
    ArgumentEntry{kBpftrace, 'd', "", Value::kNone, kDebug},
    ArgumentEntry{kBpftrace, 0, "emit-elf", Value::kAny, kWritesFile},
    ArgumentEntry{kBpftrace, 0, "emit-llvm", Value::kAny, kWritesFile},
};

const ArgumentEntry* find_if(RunnerKind runner, const auto& is_it) {
  for (const ArgumentEntry& entry : kTable) {
    if (entry.runner == runner && is_it(entry)) return &entry;
  }
  return nullptr;
}

}  // namespace

std::span<const ArgumentEntry> argument_table() { return kTable; }

const ArgumentEntry* find_argument(RunnerKind runner, char letter) {
  if (letter == 0) return nullptr;
  return find_if(runner, [letter](const ArgumentEntry& entry) { return entry.letter == letter; });
}

const ArgumentEntry* find_argument(RunnerKind runner, std::string_view name) {
  if (name.empty()) return nullptr;
  return find_if(runner, [name](const ArgumentEntry& entry) { return entry.name == name; });
}

}  // namespace stapsh::policy
