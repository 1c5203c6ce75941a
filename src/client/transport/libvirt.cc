// SPDX-License-Identifier: Apache-2.0
// To an agent in a libvirt domain: through a port of its own, by a relay in a process of its own
// (docs/adr/0007-libvirt-in-a-child.md).
#include <string>
#include <utility>

#include "client/transport/child_connection.h"
#include "client/transport/transport_table.h"
#include "libvirt/relay.h"

namespace stapsh::client {
namespace {

class LibvirtTransport : public Transport {
 public:
  explicit LibvirtTransport(LibvirtUri uri) : uri_(std::move(uri)) {}

  Result<Connection> open(const ReachOptions&, std::size_t targets) const override {
    return open_self(libvirt::relay_words(uri_.domain, uri_.connection), targets);
  }

  [[nodiscard]] std::string explain_end(const ConnectionEnd& end) const override {
    // A relay that was killed had no last words: what stands there is how it began.
    ConnectionEnd shown = end;
    if (end.exit_code > 128) shown.last_words = {};
    return Transport::explain_end(shown);
  }

  // Libvirt opens a port whether somebody listens in the guest or not.
  [[nodiscard]] std::string explain_silence(const Silence& silence) const override {
    if (!silence.open) return reason_of_end(silence);  // The relay ended, and said why.
    if (silence.last_words.empty()) return "libvirt did not answer within the connect timeout; is its daemon healthy?";
    return "no agent answered in the guest at " + std::string(silence.last_words) +
           "; stapsh must listen there (its package sees to that), or raise --connect-timeout";
  }

  [[nodiscard]] std::string may_leave(std::optional<int> exit_code) const override {
    if (exit_code && *exit_code <= 128 && *exit_code != libvirt::kExitPortLeft) return {};
    return "a port that was added to the domain may be left; the next run removes it";
  }

  Result<Connection> open_tidier() const override {
    return open_self(libvirt::tidy_words(uri_.domain, uri_.connection), 1);
  }

 private:
  LibvirtUri uri_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(const LibvirtUri& uri) { return std::make_unique<LibvirtTransport>(uri); }

}  // namespace stapsh::client
