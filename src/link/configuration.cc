// SPDX-License-Identifier: Apache-2.0
// toml++ is used here alone in this folder, and told to throw nothing.
#include "link/configuration.h"

#include <fcntl.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>

#include "broker/subjects.h"
#include "sys/open_inside.h"
#include "sys/unique_fd.h"

namespace stapsh::link {
namespace {

constexpr std::size_t kFileBytesMax = 65'536;
constexpr std::int64_t kSessionsMax = 65'536;
constexpr std::size_t kLabelsMax = 64;

class Reader {
  // First: what it returns is deduced.
  [[nodiscard]] auto refuse(const toml::key& key, std::string_view why) const {
    return fail(Errc::kUsage, path_ + ":" + std::to_string(key.source().begin.line) + ": " + std::string(key.str()) +
                                  ": " + std::string(why));
  }

 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<Configuration> read(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text, path_);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      return fail(Errc::kUsage,
                  path_ + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
    }
    for (const auto& [key, node] : parsed.table()) {
      const toml::table* const table = node.as_table();
      if (key.str() == "labels" || key.str() == "limits") {
        if (table == nullptr) return refuse(key, "is a table: [" + std::string(key.str()) + "]");
        for (const auto& [name, value] : *table) TRY(key.str() == "labels" ? label(name, value) : limit(name, value));
      } else {
        TRY(top_level(key, node));
      }
    }
    TRY(check_whole());
    return std::move(found_);
  }

 private:
  struct TextKey {
    std::string_view name;
    std::string Configuration::*value;
    bool is_path;
  };
  static constexpr std::array kTexts{
      TextKey{"site", &Configuration::site, false},
      TextKey{"host", &Configuration::host, false},
      TextKey{"ca", &Configuration::ca, true},
      TextKey{"certificate", &Configuration::certificate, true},
      TextKey{"key", &Configuration::key, true},
      TextKey{"nkey", &Configuration::nkey, true},
      TextKey{"credentials", &Configuration::credentials, true},
      TextKey{"stapsh", &Configuration::stapsh, true},
  };

  Result<> top_level(const toml::key& key, const toml::node& node) {
    if (key.str() == "servers") return servers(key, node);
    if (key.str() == "tls") {
      const auto* const on = node.as_boolean();
      if (on == nullptr) return refuse(key, "true or false is needed");
      found_.tls = on->get();
      return {};
    }
    const auto* const entry = std::ranges::find(kTexts, key.str(), &TextKey::name);
    if (entry == kTexts.end()) return refuse(key, "no such key; stapsh-link(8) has them all");
    const auto* const text = node.as_string();
    if (text == nullptr || text->get().empty()) return refuse(key, "a string is needed");
    const std::string& value = text->get();
    if (entry->is_path && !value.starts_with('/')) return refuse(key, "a path is needed that begins with /");
    if (key.str() == "site" && !broker::is_name(value)) {
      return refuse(key, "a site's name has 1 to 64 letters, digits, '-' and '_'");
    }
    if (key.str() == "host" && !broker::is_host(value)) {
      return refuse(key, "a host's name has letters, digits, '-', '_' and dots");
    }
    found_.*entry->value = value;
    return {};
  }

  Result<> servers(const toml::key& key, const toml::node& node) {
    const toml::array* const array = node.as_array();
    const std::string wanted = "a list of URLs is needed, like [\"tls://nats.example.com:4222\"]";
    if (array == nullptr || array->empty()) return refuse(key, wanted);
    for (const toml::node& each : *array) {
      const auto* const text = each.as_string();
      if (text == nullptr || !(text->get().starts_with("nats://") || text->get().starts_with("tls://"))) {
        return refuse(key, wanted);
      }
      // It would stand in what is logged.
      if (text->get().find('@') != std::string::npos) {
        return refuse(key, "a server's address holds no user or password here; name a file by nkey or credentials");
      }
      found_.servers.push_back(text->get());
    }
    return {};
  }

  Result<> label(const toml::key& key, const toml::node& node) {
    const auto* const value = node.as_string();
    if (value == nullptr) return refuse(key, "a string is needed");
    Result<std::pair<std::string, std::string>> label =
        broker::parse_label(std::string(key.str()) + "=" + value->get());
    if (!label) return refuse(key, label.error().what);
    if (found_.labels.size() == kLabelsMax) return refuse(key, "a host has at most 64 labels");
    found_.labels.push_back(*std::move(label));
    return {};
  }

  Result<> limit(const toml::key& key, const toml::node& node) {
    const bool in_all = key.str() == "sessions";
    if (!in_all && key.str() != "sessions-per-client") {
      return refuse(key, "no such limit; there are sessions and sessions-per-client");
    }
    const auto* const number = node.as_integer();
    if (number == nullptr || number->get() < 1 || number->get() > kSessionsMax) {
      return refuse(key, "a number from 1 to 65536 is needed");
    }
    (in_all ? found_.sessions_max : found_.sessions_per_client_max) = static_cast<std::uint64_t>(number->get());
    return {};
  }

  [[nodiscard]] Result<> check_whole() const {
    const auto missing = [&](const std::string& what) { return fail(Errc::kUsage, path_ + ": " + what); };
    if (found_.site.empty()) return missing("site is missing: the name of the fleet's place, like site = \"fra\"");
    if (found_.servers.empty()) {
      return missing("servers is missing: the broker, like servers = [\"tls://nats.example.com:4222\"]");
    }
    if (found_.certificate.empty() != found_.key.empty()) return missing("certificate and key need each other");
    if (!found_.nkey.empty() && !found_.credentials.empty()) {
      return missing("nkey and credentials: the broker is told one of them; remove the other");
    }
    const auto is_tls = [](const std::string& server) { return server.starts_with("tls://"); };
    if (!found_.tls && std::ranges::any_of(found_.servers, is_tls)) {
      return missing("tls = false, and a server is tls://…; say nats://, or remove tls = false");
    }
    return {};
  }

  const std::string& path_;
  Configuration found_;
};

}  // namespace

Result<Configuration> parse_configuration(std::string_view text, const std::string& path) {
  return Reader(path).read(text);
}

Result<Configuration> read_configuration(const std::string& path) {
  const Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, path, O_RDONLY);
  if (!file) return fail_named(path, file.error().sys_errno);
  const Result<std::string> text = sys::read_whole(file->get(), kFileBytesMax);
  if (!text) return add_context(path, text.error());
  return parse_configuration(*text, path);
}

}  // namespace stapsh::link
