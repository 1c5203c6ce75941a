// SPDX-License-Identifier: Apache-2.0
#include "harness/broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/measure.h"

namespace stapsh::bench {
namespace {

namespace fs = std::filesystem;

// A port of its own choice, which it writes into a file.
constexpr const char* kAnyPort = "-1";

// An authority, and a certificate of its for localhost; returns the authority's file.
std::string make_certificates(const Site& site) {
  const std::string folder = site.path("tls/");
  const std::string names = site.write("tls/names", "subjectAltName=DNS:localhost\n");
  const auto openssl = [](std::vector<std::string> words) {
    words.insert(words.begin(), "openssl");
    Process made({.argv = std::move(words), .wire = Wire::kNone});
    (void)made.wait_success();
  };
  const std::string ca = folder + "ca.pem", ca_key = folder + "ca.key", request = folder + "request";
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=authority",
           "-keyout", ca_key, "-out", ca});
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
           folder + "key.pem", "-out", request});
  openssl({"x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", names, "-out",
           folder + "certificate.pem"});
  return ca;
}

std::vector<std::string> words_of(const Site& site, const std::string& port, const std::string& monitor_port,
                                  const std::string& tls_line) {
  // Its defaults, said aloud.
  const std::string config =
      site.write("nats/nats.conf", "host: 127.0.0.1\nport: " + port + "\nhttp: 127.0.0.1:" + monitor_port +
                                       "\nports_file_dir: \"" + site.path("nats") +
                                       "\"\nmax_payload: 1MB\nmax_pending: 64MB\n"
                                       "write_deadline: \"10s\"\n" +
                                       tls_line);
  // As docs/fleet.md says for so many hosts.
  return {"/usr/bin/env", "GOMEMLIMIT=460MiB", kNatsServer, "-c", config, "-l", site.path("nats/log")};
}

// {"nats": ["nats://127.0.0.1:1"], "monitoring": ["http://127.0.0.1:2"]}
std::string ports_file(const std::string& folder) {
  for (int looks = 0; looks < 2'000; ++looks) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".ports") continue;
      std::stringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      if (text.str().find('}') != std::string::npos) return text.str();
    }
    (void)::poll(nullptr, 0, 10);  // It tells nobody that it is ready.
  }
  throw BenchError("nats-server does not say its ports");
}

std::string first_of(simdjson::dom::element ports, const char* key) {
  std::string_view url;
  if (ports[key].at(0).get(url) != simdjson::SUCCESS) throw BenchError(std::string("nats-server has no port: ") + key);
  return std::string(url);
}

std::string get(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
    char buffer[16'384];
    for (ssize_t size = 0; (size = ::read(fd, buffer, sizeof buffer)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(size));
  }
  (void)::close(fd);
  const std::size_t body = answer.find("\r\n\r\n");
  if (body == std::string::npos) throw BenchError("nats-server does not answer " + path);
  return answer.substr(body + 4);
}

}  // namespace

Broker::Broker(const Site& site, bool tls) : site_(site) {
  if (tls) {  // As `rstap fleet init` has it: all hosts may come at once.
    ca_file_ = make_certificates(site);
    tls_line_ = "tls { cert_file: \"" + site.path("tls/certificate.pem") + "\", key_file: \"" +
                site.path("tls/key.pem") + "\", timeout: 10 }\nauthorization { timeout: 10 }\n";
  }
  start(kAnyPort, kAnyPort);
}

void Broker::kill() {
  process_->send_signal(SIGKILL);
  (void)process_->wait();
}

void Broker::start_again() { start(url_.substr(url_.rfind(':') + 1), std::to_string(monitor_port_)); }

void Broker::start(const std::string& port, const std::string& monitor_port) {
  fs::remove_all(site_.path("nats"));  // One that was killed has left its ports there.
  process_ = std::make_unique<Process>(
      ProcessOptions{.argv = words_of(site_, port, monitor_port, tls_line_), .wire = Wire::kNone});
  simdjson::dom::parser parser;
  const simdjson::padded_string text(ports_file(site_.path("nats")));
  simdjson::dom::element ports;
  if (parser.parse(text).get(ports) != simdjson::SUCCESS) throw BenchError("nats-server's ports are no JSON");
  url_ = first_of(ports, "nats");
  // Its certificate has a name, not an address.
  if (!ca_file_.empty()) url_ = "tls://localhost" + url_.substr(url_.rfind(':'));
  const std::string monitor = first_of(ports, "monitoring");
  monitor_port_ = std::stoi(monitor.substr(monitor.rfind(':') + 1));
}

Broker::Counts Broker::counts() const {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(get(monitor_port_, "/varz"));
  simdjson::dom::element varz;
  Counts counts;
  if (parser.parse(text).get(varz) != simdjson::SUCCESS ||
      varz["in_msgs"].get(counts.messages_in) != simdjson::SUCCESS ||
      varz["out_msgs"].get(counts.messages_out) != simdjson::SUCCESS ||
      varz["slow_consumers"].get(counts.slow_consumers) != simdjson::SUCCESS) {
    throw BenchError("nats-server's /varz is another");
  }
  return counts;
}

}  // namespace stapsh::bench
