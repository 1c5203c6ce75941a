// SPDX-License-Identifier: Apache-2.0
#include "nats_server.h"

#include <signal.h>

#include "real_test.h"

namespace stapsh::real {
namespace {

void run(const Scratch& scratch, const std::vector<std::string>& argv) {
  Program program({.argv = argv, .env = scratch.environment()});
  if (program.wait_exit() != 0) throw HarnessError(program.captured());
}

std::string store_accounts(const std::string& users) {
  std::string exports, imports;
  const auto add = [&](const std::string& subject, const std::string& here) {
    exports += "{ service: \"" + subject + "\" }\n";
    imports += "{ service: { account: STORE, subject: \"" + subject + "\" }, to: \"rstap.here." + here + "\" }\n";
  };
  add("rstap.here.file.*.*", "file.*.*");
  add("$JS.API.DIRECT.GET.RSTAP_FILES.rstap.here.file.*.*", "store.get.*.*");
  add("$JS.API.STREAM.MSG.GET.RSTAP_FILES", "store.find");
  add("$JS.API.STREAM.CREATE.RSTAP_FILES", "store.create");
  const std::string all = users.empty() ? "[ { user: all, password: all } ]" : users;
  return "accounts {\nSTORE { jetstream: enabled, exports: [\n" + exports + "] }\nSITE { imports: [\n" + imports +
         "], users: " + all + " }\n}\n" + (users.empty() ? "no_auth_user: all\n" : "");
}

// {"nats":["nats://127.0.0.1:PORT"]}
int port_in(const std::string& text) {
  const std::size_t at = text.find("127.0.0.1:");
  return at == std::string::npos ? -1 : std::stoi(text.substr(at + 10));
}

}  // namespace

Certificates Certificates::make(const Scratch& scratch, const std::string& name, const std::string& host) {
  const std::string folder = scratch.make_folder(name) + "/";
  Certificates made{folder + "ca.pem", folder + "server.pem", folder + "server.key"};
  const std::string ca_key = folder + "ca.key", request = folder + "server.csr";
  scratch.write(name + "/extensions", "subjectAltName=DNS:" + host + "\n");
  run(scratch, {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj", "/CN=test authority " + name, "-keyout", ca_key, "-out", made.ca});
  run(scratch, {"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=" + host, "-keyout", made.key, "-out", request});
  run(scratch, {"openssl", "x509", "-req", "-in", request, "-CA", made.ca, "-CAkey", ca_key, "-CAcreateserial", "-days",
                "2", "-extfile", folder + "extensions", "-out", made.certificate});
  return made;
}

std::string Certificates::server_line() const {
  return "tls { cert_file: \"" + certificate + "\", key_file: \"" + key + "\" }";
}

std::string Certificates::verifying_server_line() const {
  return "tls { cert_file: \"" + certificate + "\", key_file: \"" + key + "\", ca_file: \"" + ca + "\", verify: true }";
}

NatsServer::NatsServer(const Scratch& scratch, NatsServerOptions options)
    : scratch_(scratch), options_(std::move(options)), folder_(scratch.make_folder("nats")) {
  start();
}

void NatsServer::write_config() const {
  std::string config = "listen: \"127.0.0.1:" + std::to_string(port_) + "\"\nports_file_dir: \"" + folder_ +
                       "\"\nwrite_deadline: \"10s\"\n";
  if (options_.jetstream) {
    if (!options_.silent_store) {
      config += "jetstream { store_dir: \"" + folder_ + "/store\", max_mem: 256MB, max_file: 1GB }\n";
    }
    config += store_accounts(options_.users);
  }
  for (const std::string& line : options_.lines) config += line + "\n";
  scratch_.write("nats/server.conf", config);
}

void NatsServer::start() {
  write_config();
  server_ = std::make_unique<Program>(
      ProgramOptions{.argv = {"nats-server", "-c", folder_ + "/server.conf"}, .env = scratch_.environment()});
  if (!server_->wait_for_err("Server is ready")) throw HarnessError(server_->captured());
  if (port_ > 0) return;
  const std::string ports = folder_ + "/nats-server_" + std::to_string(pid()) + ".ports";
  if (!becomes_true([&] { return port_in(read_file(ports)) > 0; })) throw HarnessError("nats-server names no port");
  port_ = port_in(read_file(ports));
}

void NatsServer::kill() {
  server_->send_signal(SIGKILL);
  (void)server_->wait_ended();
}

void NatsServer::start_again(std::vector<std::string> lines) {
  if (!lines.empty()) options_.lines = std::move(lines);
  start();
}

void NatsServer::change(std::vector<std::string> lines) {
  options_.lines = std::move(lines);
  write_config();
  constexpr std::string_view kReloaded = "Reloaded server configuration";
  const std::size_t seen = log().size();
  server_->send_signal(SIGHUP);
  if (!becomes_true([&] { return log().find(kReloaded, seen) != std::string::npos; })) {
    throw HarnessError(server_->captured());
  }
}

}  // namespace stapsh::real
