// SPDX-License-Identifier: Apache-2.0
// To an agent behind a broker: by the relay of its site, which all its targets share.
#include <optional>
#include <string>
#include <utility>

#include "client/transport/nats_relay.h"
#include "client/transport/transport_table.h"

namespace stapsh::client {
namespace {

class NatsTransport : public Transport {
 public:
  NatsTransport(NatsUri uri, NatsRelay& relay) : uri_(std::move(uri)), relay_(relay) {}

  Result<Connection> open(const ReachOptions& options, std::size_t targets) const override {
    if (number_) relay_.forget(*number_);
    number_.reset();
    NatsRelay::Opened opened = TRY(relay_.open(uri_.host, options.nats, targets));
    number_ = opened.number;
    return std::move(opened.connection);
  }

  [[nodiscard]] std::size_t descriptors() const override { return 1; }

  [[nodiscard]] bool connects_by_message() const override { return true; }
  [[nodiscard]] bool reaches_our_agent() const override { return true; }

  [[nodiscard]] std::string explain_end(const ConnectionEnd& end) const override {
    return number_ ? relay_.reason(*number_, end.lost) : std::string();
  }

  [[nodiscard]] std::string explain_silence(const Silence& silence) const override {
    if (!silence.open) return reason_of_end(silence);
    return "no answer within the connect timeout: the broker of site " + uri_.site + ", or stapsh-link on " +
           uri_.host + ", hangs or is slow; see whether another host of the site answers, or raise --connect-timeout";
  }

 private:
  NatsUri uri_;
  NatsRelay& relay_;
  mutable std::optional<std::uint32_t> number_;  // Of the session that is open, or was last: there is one at a time.
};

}  // namespace

std::unique_ptr<Transport> make_transport(const NatsUri& uri, NatsRelays& relays) {
  return std::make_unique<NatsTransport>(uri, relays.to(uri.site));
}

}  // namespace stapsh::client
