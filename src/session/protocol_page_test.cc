// SPDX-License-Identifier: Apache-2.0
// Reads docs/protocol.md and holds both sessions, and the limits, to it. A table there stands below a
// line `<!-- table: NAME -->`. When one does not match, the table as the code would have it is printed:
// decide which of the two is wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "protocol/runner_environment.h"
#include "session/agent_driver.h"
#include "session/client_driver.h"

namespace stapsh {
namespace {

using Row = std::vector<std::string>;

std::string trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" `");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" `") + 1 - begin));
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    if (std::string part = trim(text.substr(0, end)); !part.empty()) parts.push_back(std::move(part));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

// The rows of a table of the page, without its head. Cells lose their backquotes at the ends.
std::vector<Row> read_table(const std::string& name) {
  std::ifstream page(STAPSH_PROTOCOL_PAGE);
  EXPECT_TRUE(page) << STAPSH_PROTOCOL_PAGE;
  std::vector<Row> rows;
  bool here = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "<!-- table: " + name + " -->") {
      here = true;
    } else if (here && line.starts_with("| ")) {
      rows.push_back(split(line, "|"));
    } else if (here && !rows.empty()) {
      break;
    }
  }
  EXPECT_GT(rows.size(), 2U) << "no table " << name;
  if (rows.size() > 2) rows.erase(rows.begin(), rows.begin() + 2);  // Its head, and the line below it.
  return rows;
}

// What `text` quotes of the line that was fed is "it": every line is DATA there.
std::string with_line_as_it(std::string text, const std::string& step) {
  if (!step.starts_with("say ")) return text;
  const std::string line = step.substr(4) + "\\n";
  const std::size_t at = text.find(line);
  if (at != std::string::npos && (text.starts_with("write ") || text.starts_with("stdout "))) {
    text.replace(at, line.size(), "it");
  }
  return text;
}

struct AgentMachine {
  using Driver = AgentDriver;
  static Driver make() {
    AgentSettings settings;
    settings.identity = {"5.6", "x86_64", "6.1"};
    return Driver(settings);
  }
  static std::string trait(const Driver& d) {
    return std::string(d.session.ended() ? "ended " : "") + (d.session.runner_lives() ? "runner " : "") +
           (d.session.wants_input() ? "reads " : "") + (d.session.next_timer() ? "timer" : "");
  }
  static constexpr std::string_view kProbes[] = {"say signal 10", "eof", "drained"};
};

struct ClientMachine {
  using Driver = ClientDriver;
  static Driver make() { return Driver({}); }
  static std::string trait(const Driver& d) {
    if (d.session.ended()) return "ended";
    return std::to_string(static_cast<int>(d.session.phase())) + (d.session.stopping() ? " stopping " : " ") +
           (d.session.next_timer() ? "timer" : "");
  }
  static constexpr std::string_view kProbes[] = {"say exit 3", "say OK", "stop"};
};

// A page's states and events, and the machine that must have them.
template <typename Machine>
class Page {
 public:
  explicit Page(const std::string& name) : name_(name) {
    for (const Row& row : read_table(name + " states")) states_.emplace_back(row.at(0), row.at(1));
    for (const Row& row : read_table(name + " events")) events_.emplace_back(row.at(0), row.at(1));
  }

  void check() const {
    std::map<std::pair<std::string, std::string>, std::pair<std::string, std::string>> said;
    for (const Row& row : read_table(name_)) {
      ASSERT_EQ(row.size(), 4U) << row.front();
      for (const std::string& state : split(row[1], ",")) {
        EXPECT_TRUE(said.insert({{row[0], state}, {row[2], row[3]}}).second) << "twice: " << row[0] << ", " << state;
      }
    }
    std::size_t wrong = said.size() == states_.size() * events_.size() ? 0 : 1;
    for (const auto& [event, step] : events_) {
      for (const auto& [state, steps] : states_) {
        const auto cell = said.find({event, state});
        const auto [does, then] = real(steps, step);
        if (cell == said.end()) {
          ADD_FAILURE() << "no row for '" << event << "' in state '" << state << "'";
          ++wrong;
        } else if (does != cell->second.first || !is_named(cell->second.second, state, then)) {
          ADD_FAILURE() << "'" << event << "' in state '" << state << "'\n  page: " << cell->second.first << " | "
                        << cell->second.second << "\n  code: " << does << " | " << names(then);
          ++wrong;
        }
      }
    }
    if (wrong > 0) print();
  }

 private:
  using Named = std::vector<std::pair<std::string, std::string>>;
  using Driver = typename Machine::Driver;

  Driver reach(const std::string& steps) const {
    Driver driver = Machine::make();
    for (const std::string& step : split(steps, ";")) {
      // A state may begin where another one is.
      const auto base = std::find_if(states_.begin(), states_.end(), [&](const auto& s) { return s.first == step; });
      base != states_.end() ? void(driver = reach(base->second)) : driver.step(step);
    }
    driver.take_text();
    return driver;
  }

  // What tells states apart: what can be asked, and what it does when it is poked.
  static std::string signature(const Driver& driver) {
    std::string text = Machine::trait(driver);
    for (const std::string_view probe : Machine::kProbes) {
      Driver poked = driver;
      poked.take_text();
      poked.step(probe);
      text += " / " + poked.take_text();
    }
    // How much of the DATA is still to come makes no state of its own.
    return std::regex_replace(text, std::regex("[0-9]+ bytes"), "N bytes");
  }

  /// What the machine does, and the states that it may be in then.
  std::pair<std::string, std::set<std::string>> real(const std::string& steps, const std::string& step) const {
    Driver driver = reach(steps);
    driver.step(step);
    std::string does = with_line_as_it(driver.take_text(), step);
    if (does.empty()) does = "-";
    std::set<std::string> then;
    for (const auto& [name, to_it] : states_) {
      if (signature(reach(to_it)) == signature(driver)) then.insert(name);
    }
    return {does, then};
  }

  // `=`: it stays. `*`: in a state that has no name here.
  static bool is_named(const std::string& name, const std::string& state, const std::set<std::string>& then) {
    if (name == "*") return then.empty();
    return then.contains(name == "=" ? state : name);
  }

  static std::string names(const std::set<std::string>& states) {
    std::string text = states.empty() ? "*" : "";
    for (const std::string& state : states) text += (text.empty() ? "" : " or ") + state;
    return text;
  }

  // States that do the same share a row.
  void print() const {
    std::printf("<!-- table: %s -->\n| event | in state | does | then |\n| --- | --- | --- | --- |\n", name_.c_str());
    for (const auto& [event, step] : events_) {
      std::vector<std::pair<std::pair<std::string, std::string>, std::string>> rows;
      for (const auto& [state, steps] : states_) {
        const auto [does, then] = real(steps, step);
        const std::pair<std::string, std::string> key{does, then.contains(state) ? "=" : names(then)};
        const auto same = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first == key; });
        same == rows.end() ? void(rows.emplace_back(key, state)) : void(same->second += ", " + state);
      }
      for (const auto& [key, states] : rows) {
        const std::string does = key.first == "-" ? "-" : "`" + key.first + "`";
        std::printf("| %s | %s | %s | %s |\n", event.c_str(), states.c_str(), does.c_str(), key.second.c_str());
      }
    }
  }

  std::string name_;
  Named states_, events_;
};

TEST(ProtocolPage, TheAgentIsAsItsTableSays) { Page<AgentMachine>("agent").check(); }

TEST(ProtocolPage, TheClientIsAsItsTableSays) { Page<ClientMachine>("client").check(); }

TEST(ProtocolPage, TheLimitsAreAsTheirTableSays) {
  std::vector<Row> want;
  want.reserve(kLimitTable.size());
  for (const LimitEntry& limit : kLimitTable) {
    want.push_back({std::string(limit.name), std::to_string(Limits{}.*limit.value), std::string(limit.meaning)});
  }
  EXPECT_EQ(read_table("limits"), want);
}

TEST(ProtocolPage, TheVariablesAreAsTheirTableSays) {
  std::vector<Row> want;
  for (const RunnerEntry& runner : kRunnerTable) {
    for (const std::string_view name : runner_variables(runner.kind)) {
      want.push_back({std::string(name), std::string(runner.program)});
    }
  }
  EXPECT_EQ(read_table("environment"), want);
}

TEST(ProtocolPage, TheRunnersAreAsTheirTableSays) {
  std::vector<Row> want;
  want.reserve(kRunnerTable.size());
  for (const RunnerEntry& runner : kRunnerTable) {
    want.push_back({std::string(runner.extension), std::string(runner.program),
                    runner.option.empty() ? "-" : std::string(runner.option), std::to_string(runner.stop_signal)});
  }
  EXPECT_EQ(read_table("runners"), want);
}

}  // namespace
}  // namespace stapsh
