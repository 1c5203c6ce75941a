// SPDX-License-Identifier: Apache-2.0
// A site as `rstap fleet` makes it, its nats-server with exactly that configuration, and those who connect to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/subjects.h"
#include "harness/nats_server.h"
#include "harness/real_test.h"
#include "harness/talker.h"
#include "nats/connection.h"

namespace stapsh::real {

class FleetSite : public RealTest {
 protected:
  void TearDown() override {
    server_.reset();
    RealTest::TearDown();
  }

  std::string folder() const { return scratch_.path("site"); }
  std::string file(const std::string& name) const { return folder() + "/" + name; }

  /// `rstap fleet WORDS` in the site's folder: what it printed, or said.
  std::string fleet(std::vector<std::string> words, int code = 0) const {
    words.insert(words.begin(), {STAPSH_CLIENT, "fleet", "--folder", folder()});
    Program rstap(options(std::move(words)));
    EXPECT_EQ(rstap.wait_exit(), code) << rstap.captured();
    return code == 0 ? rstap.out() : rstap.err();
  }

  void start_server() {
    const std::string ports = scratch_.make_folder("ports");
    server_ =
        std::make_unique<Program>(options({"nats-server", "-c", file("nats-server.conf"), "--ports_file_dir", ports}));
    ASSERT_TRUE(server_->wait_for_err("Server is ready"));
    const std::string path = ports + "/nats-server_" + std::to_string(server_->pid()) + ".ports";
    ASSERT_TRUE(becomes_true([&] { return read_file(path).find("127.0.0.1:") != std::string::npos; }));
    const std::string text = read_file(path);
    port_ = text.substr(text.find("127.0.0.1:") + 10);
    port_.resize(port_.find_first_not_of("0123456789"));
  }
  /// As the command's output says; returns when it has happened.
  void reload() {
    Program signal(options({"nats-server", "--signal", "reload=" + std::to_string(server_->pid())}));
    ASSERT_EQ(signal.wait_exit(), 0) << signal.captured();
    const std::size_t times = ++reloads_;
    ASSERT_TRUE(becomes_true([&] {
      const std::string log = server_->err();
      std::size_t found = 0;
      for (std::size_t at = 0; (at = log.find("Reloaded server configuration", at)) != std::string::npos; ++at) ++found;
      return found >= times;
    })) << server_->captured();
  }

  /// What link and relay are told of a connection; `seed`: a file, or empty.
  nats::Settings settings(const std::string& seed, const std::string& inbox = "nobody",
                          std::vector<std::string> subscriptions = {}) const {
    return {.servers = {"nats://localhost:" + port_},
            .tls = false,
            .nkey_file = seed,
            .inbox_prefix = "_INBOX." + inbox,
            .subscriptions = std::move(subscriptions),
            .retry_min = Bound(1),
            .retry_max = Bound(50)};
  }
  nats::Settings host(const std::string& name) const {
    const broker::Subjects subjects("demo");
    return settings(file("hosts/" + name + "/link.seed"), broker::host_token(name),
                    {subjects.all_who(), subjects.all_down(name)});
  }
  nats::Settings client(const std::string& name) const {
    return settings(file("clients/" + name + "/client.seed"), name,
                    {"rstap.demo.up." + name + ".>", "rstap.demo.here." + name + ".>"});
  }
  /// Connected, or a failure.
  static std::unique_ptr<Talker> talk(const nats::Settings& settings) {
    auto talker = std::make_unique<Talker>(settings);
    EXPECT_EQ(talker->next(), "connected");
    return talker;
  }

  std::unique_ptr<Program> server_;
  std::string port_;

 private:
  std::size_t reloads_ = 0;
};

}  // namespace stapsh::real
