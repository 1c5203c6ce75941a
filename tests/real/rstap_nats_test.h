// SPDX-License-Identifier: Apache-2.0
// The fixture of the tests of nats://SITE/HOST: a broker, real links with real runners, and rstap.
#pragma once

#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/link_host.h"
#include "harness/nats_server.h"
#include "harness/remote_test.h"

namespace stapsh::real {

/// Prints a line, then waits; its END says another.
inline const std::string kWaits = "BEGIN { printf(\"begun\\n\"); } interval:s:100 { } END { printf(\"over\\n\"); }";

class RstapNatsTest : public RemoteTest {
 protected:
  explicit RstapNatsTest(const NatsServerOptions& options = {})
      : server_(std::make_unique<NatsServer>(scratch_, options)) {
    oracle_.allow_helper(server_->pid());
  }

  void TearDown() override {
    hosts_.clear();
    server_.reset();
    RemoteTest::TearDown();
  }

  /// A host whose link is connected.
  Program& add_host(LinkHostOptions options, const std::function<void(MountNamespace&)>& change_view = {}) {
    views_.push_back(std::make_unique<MountNamespace>(new_mounts()));
    views_.back()->tracing().lift_memlock_limit();
    if (change_view) change_view(*views_.back());
    hosts_.push_back(std::make_unique<LinkHost>(scratch_, *views_.back(), std::move(options)));
    Program& link = hosts_.back()->start_connected(*server_);
    oracle_.allow_helper(link.pid());
    return link;
  }
  void add_hosts(int count) {
    for (int i = 1; i <= count; ++i) add_host({.host = "web0" + std::to_string(i)});
  }

  /// `argv` where rstap is client ann, who knows the broker of the site `here`.
  ProgramOptions as_ann(std::vector<std::string> argv) const {
    return options(
        std::move(argv), &mounts_,
        {"RSTAP_OPTIONS=--nats=here.servers=" + server_->url() + " --nats=here.tls=false --nats=here.client=ann"});
  }
  ProgramOptions nats_client(std::vector<std::string> words) const {
    words.insert(words.begin(), STAPSH_CLIENT);
    return as_ann(std::move(words));
  }
  struct Said {
    int code = -1;
    std::string out, err;
  };
  Said rstap(std::vector<std::string> words) const {
    Program program(nats_client(std::move(words)));
    const int code = program.wait_exit();
    return {code, program.out(), program.err()};
  }
  std::string script(const std::string& text, const std::string& name = "script.bt") const {
    return scratch_.write(name, text);
  }

  std::unique_ptr<NatsServer> server_;
  std::vector<std::unique_ptr<MountNamespace>> views_;
  std::vector<std::unique_ptr<LinkHost>> hosts_;
};

}  // namespace stapsh::real
