// SPDX-License-Identifier: Apache-2.0
// A list of operations on one end of a session's streams, one on each line; the first line says of which side, and how
// much may be sent and received from the beginning. A line that is none is a message of the other end, as unescape()
// has it. Beside the Stream goes a plain count of it: no more is held than there was credit for, offsets never go back,
// and what is wrong ends it and moves nothing.
#include <algorithm>
#include <array>
#include <limits>

#include "base/parse_int.h"
#include "broker/stream.h"
#include "fuzz_target.h"
#include "session/effect_text.h"

using namespace stapsh;

namespace {

constexpr std::uint64_t kNumberMax = std::numeric_limits<std::uint64_t>::max();
const std::string kDigest(64, 'a');

// The numbers behind a line's first word; 0 where there is none.
std::array<std::uint64_t, 2> numbers(std::string_view line) {
  std::array<std::uint64_t, 2> found{};
  for (std::uint64_t& number : found) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) break;
    line.remove_prefix(blank + 1);
    number = parse_int<std::uint64_t>(line.substr(0, line.find(' ')), 0, kNumberMax).value_or(0);
  }
  return found;
}

class Checked {
 public:
  Checked(broker::Stream::Side side, std::uint64_t send_until, std::uint64_t receive_until)
      : side_(side), stream_(side, send_until, receive_until), send_until_(send_until), granted_(receive_until) {}

  /// False: the session is over.
  bool perform(std::string_view line) {
    const std::string_view word = line.substr(0, line.find(' '));
    const auto [first, second] = numbers(line);
    const std::string bytes(broker::kDataBytesMax, 'x');
    const std::string_view some = std::string_view(bytes).substr(0, std::max<std::uint64_t>(first, 1));
    bool goes_on = true;
    if (word == "use") {
      use(std::min(first, stream_.unused()));
    } else if (word == "grant") {
      grant(first % (std::uint64_t{1} << 40U));
    } else if (word == "send") {
      send(some.substr(0, stream_.sendable()));
    } else if (word == "send-file") {
      if (side_ == broker::Stream::Side::kClient && !ended_)
        send_file(std::clamp<std::uint64_t>(first, 1, broker::kFileBytesMax));
    } else if (word == "send-end") {
      if (!ended_) STAPSH_ASSERT(stream_.send_end().offset == sent_);
      ended_ = true;
    } else if (word == "data") {  // COUNT, and how far from the right offset.
      goes_on = receive(broker::Data{received_ + second, some});
    } else if (word == "file") {
      goes_on = receive(broker::StoredFile{received_ + second, first, 0, kDigest});
    } else if (word == "credit") {
      goes_on = receive(broker::Credit{first});
    } else if (word == "end") {
      goes_on = receive(broker::End{received_ + first});
    } else if (const std::string raw = unescape(line); const Result<broker::Message> message = broker::decode(raw)) {
      goes_on = receive(*message);
    }
    check();
    return goes_on;
  }

 private:
  void use(std::uint64_t bytes) {
    stream_.use(bytes);
    used_ += bytes;
  }

  void grant(std::uint64_t window) {
    const std::optional<broker::Credit> credit = stream_.grant(window);
    if (!credit) return;
    STAPSH_ASSERT(!received_end_);
    STAPSH_ASSERT(credit->until > granted_);
    STAPSH_ASSERT(credit->until == used_ + window);
    granted_ = credit->until;
  }

  void send(std::string_view bytes) {
    if (bytes.empty()) return;
    const broker::Data data = stream_.send(bytes);
    STAPSH_ASSERT(!ended_);
    STAPSH_ASSERT(data.offset == sent_ && data.bytes == bytes);
    sent_ += bytes.size();
    sent_data_ += bytes.size();
    STAPSH_ASSERT(sent_data_ <= send_until_);
  }

  void send_file(std::uint64_t size) {
    if (sent_ > kNumberMax / 2) return;  // Nobody sends as much.
    STAPSH_ASSERT(stream_.send_file(kDigest, size, 0).offset == sent_);
    sent_ += size;
  }

  bool receive(const broker::Message& message) {
    const Result<broker::Stream::Arrival> arrival = stream_.receive(message);
    if (!arrival) {
      STAPSH_ASSERT(arrival.error().code == Errc::kPeer);
      const Result<broker::Stream::Arrival> again = stream_.receive(message);
      STAPSH_ASSERT(!again && again.error().what == arrival.error().what);
      return false;
    }
    if (const auto* data = std::get_if<broker::Data>(&message)) {
      STAPSH_ASSERT(data->offset == received_ && !received_end_);
      STAPSH_ASSERT(arrival->bytes == data->bytes && !arrival->ended);
      received_ += data->bytes.size();
      received_data_ += data->bytes.size();
    } else if (const auto* file = std::get_if<broker::StoredFile>(&message)) {
      STAPSH_ASSERT(side_ == broker::Stream::Side::kHost && file->offset == received_ && !received_end_);
      STAPSH_ASSERT(arrival->file == file);
      received_ += file->size;
    } else if (const auto* credit = std::get_if<broker::Credit>(&message)) {
      send_until_ = std::max(send_until_, credit->until);
    } else {
      STAPSH_ASSERT(std::get_if<broker::End>(&message)->offset == received_ && !received_end_);
      STAPSH_ASSERT(arrival->ended);
      received_end_ = true;
    }
    return true;
  }

  void check() const {
    STAPSH_ASSERT(received_data_ <= granted_);
    STAPSH_ASSERT(stream_.unused() == received_data_ - used_);
    STAPSH_ASSERT(stream_.outstanding() == granted_ - used_);
    STAPSH_ASSERT(stream_.unused() <= stream_.outstanding());
    STAPSH_ASSERT(stream_.credit_left() == granted_ - received_data_);
    STAPSH_ASSERT(stream_.sendable() ==
                  (ended_ ? 0 : std::min<std::uint64_t>(send_until_ - sent_data_, broker::kDataBytesMax)));
    STAPSH_ASSERT(stream_.has_sent_end() == ended_ && stream_.has_received_end() == received_end_);
  }

  broker::Stream::Side side_;
  broker::Stream stream_;
  std::uint64_t sent_ = 0, received_ = 0;
  std::uint64_t sent_data_ = 0, send_until_;
  std::uint64_t received_data_ = 0, granted_, used_ = 0;
  bool ended_ = false, received_end_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  const std::string_view head = fuzz::take_line(text);
  const auto [send_until, receive_until] = numbers(head);
  // What the other end opens with is any number, what we grant is not.
  Checked stream(head.starts_with("client") ? broker::Stream::Side::kClient : broker::Stream::Side::kHost, send_until,
                 receive_until % (std::uint64_t{1} << 40U));
  while (!text.empty() && stream.perform(fuzz::take_line(text))) {
  }
  return 0;
}
