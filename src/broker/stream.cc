// SPDX-License-Identifier: Apache-2.0
#include "broker/stream.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/assert.h"
#include "base/overloaded.h"

namespace stapsh::broker {
namespace {

// No offset is near: a sum of two can't wrap.
constexpr std::uint64_t kOffsetMax = std::numeric_limits<std::uint64_t>::max() / 4;

}  // namespace

Result<> Stream::expect_offset(std::uint64_t offset) const {
  if (received_end_) return fail(Errc::kPeer, "something came behind the end");
  if (offset > received_) return fail(Errc::kPeer, std::to_string(offset - received_) + " bytes were lost on the way");
  if (offset == received_) return {};
  // No broker says anything twice, but it hands what a client says to every link that has the host's name.
  return fail(Errc::kPeer, side_ == Side::kClient
                               ? "it was answered twice: two stapsh-links run as this host; give each host a name and "
                                 "a key of its own"
                               : "something came twice");
}

Result<Stream::Arrival> Stream::receive(const Message& message) {
  return std::visit(
      Overloaded{
          [&](const Data& data) -> Result<Arrival> {
            TRY(expect_offset(data.offset));
            if (data.bytes.size() > receive_until_ - received_data_) {
              return fail(Errc::kPeer, "more was sent than there was credit for");
            }
            received_ += data.bytes.size();
            received_data_ += data.bytes.size();
            return Arrival{data.bytes};
          },
          [&](const StoredFile& file) -> Result<Arrival> {
            if (side_ == Side::kClient) return fail(Errc::kPeer, "a host may not send a stored file");
            TRY(expect_offset(file.offset));
            if (file.size > kFileBytesMax || received_ > kOffsetMax) {
              return fail(Errc::kPeer, "a stored file of an impossible size");
            }
            received_ += file.size;
            return Arrival{{}, &file};
          },
          [&](const Credit& credit) -> Result<Arrival> {
            // An older one may be on its way while a newer one is said: credit is not taken back.
            if (credit.until > kOffsetMax) return fail(Errc::kPeer, "an impossible credit");
            send_until_ = std::max(send_until_, credit.until);
            return Arrival{};
          },
          [&](const End& end) -> Result<Arrival> {
            TRY(expect_offset(end.offset));
            received_end_ = true;
            return Arrival{{}, nullptr, true};
          },
          [](const WantPiece&) -> Result<Arrival> {
            return fail(Errc::kPeer, "pieces were asked for where no file was sent");
          },
          [](const Piece&) -> Result<Arrival> { return fail(Errc::kPeer, "a host may not send a piece of a file"); },
          [](const Open&) -> Result<Arrival> { return fail(Errc::kPeer, "it was opened twice"); },
          [](const Reset& reset) -> Result<Arrival> { return fail(Errc::kPeer, reset.reason); },
      },
      message);
}

void Stream::use(std::uint64_t bytes) {
  STAPSH_ASSERT(bytes <= unused());
  used_ += bytes;
}

std::optional<Credit> Stream::grant(std::uint64_t window) {
  const std::uint64_t until = used_ + window;
  if (received_end_ || until <= receive_until_) return std::nullopt;
  receive_until_ = until;
  return Credit{until};
}

std::size_t Stream::sendable() const {
  if (sent_end_) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(send_until_ - sent_data_, kDataBytesMax));
}

Data Stream::send(std::string_view bytes) {
  STAPSH_ASSERT(!bytes.empty() && bytes.size() <= sendable());
  const Data data{sent_, bytes};
  sent_ += bytes.size();
  sent_data_ += bytes.size();
  return data;
}

StoredFile Stream::send_file(std::string_view sha256, std::uint64_t size, std::uint32_t spread_ms) {
  STAPSH_ASSERT(side_ == Side::kClient && !sent_end_ && size > 0 && size <= kFileBytesMax);
  StoredFile file{sent_, size, spread_ms, std::string(sha256)};
  sent_ += size;
  return file;
}

End Stream::send_end() {
  STAPSH_ASSERT(!sent_end_);
  sent_end_ = true;
  return End{sent_};
}

}  // namespace stapsh::broker
