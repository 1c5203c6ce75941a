// SPDX-License-Identifier: Apache-2.0
#include "nats_wire.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/parse_int.h"

namespace stapsh::fleet {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kPayloadMax = std::size_t{1} << 23U;

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(line.size(), end + 1));
  return word;
}

Result<std::size_t> parse_size(std::string_view word) { return parse_int<std::size_t>(word, 0, kPayloadMax); }

// MSG SUBJECT SUBSCRIPTION [REPLY] SIZE, and HMSG with the size of its headers before that of all. Returns how many
// bytes of `all` the message takes; 0: it is not whole.
Result<std::size_t> read_message(std::string_view all, std::string_view line, bool has_headers,
                                 const NatsReader::Take& take) {
  std::array<std::string_view, 5> words;
  std::size_t count = 0;
  const std::size_t begin = static_cast<std::size_t>(line.data() - all.data()) + line.size() + kLineEnd.size();
  while (!line.empty() && count < words.size()) words[count++] = take_word(line);
  const std::size_t sizes = has_headers ? 2 : 1;
  if (count < 2 + sizes || count > 3 + sizes) return fail(Errc::kPeer, "a message of another form");
  const std::size_t size = TRY(parse_size(words[count - 1]));
  const std::size_t headers = has_headers ? TRY(parse_size(words[count - 2])) : 0;
  if (headers > size) return fail(Errc::kPeer, "headers larger than their message");
  const std::size_t end = begin + size + kLineEnd.size();
  if (all.size() < end) return std::size_t{0};
  Delivery delivery{words[0], count == 3 + sizes ? words[2] : std::string_view(), 0,
                    all.substr(begin + headers, size - headers), false};
  delivery.subscription = TRY(parse_int<unsigned>(words[1], 0, 1'000'000));
  delivery.no_responders = all.substr(begin, headers).starts_with("NATS/1.0 503");
  take(delivery);
  return end;
}

// How many bytes the first event takes; 0: it is not whole.
Result<std::size_t> read_event(std::string_view bytes, const NatsReader::Take& take) {
  const std::size_t end = bytes.find(kLineEnd);
  if (end == std::string_view::npos) {
    return bytes.size() <= kPayloadMax ? Result<std::size_t>(0) : fail(Errc::kPeer, "a line without an end");
  }
  std::string_view line = bytes.substr(0, end);
  const std::string_view whole = line;
  const std::string_view verb = take_word(line);
  if (verb == "MSG" || verb == "HMSG") return read_message(bytes, line, verb == "HMSG", take);
  if (verb == "PING") {
    take(BrokerPing{});
  } else if (verb == "PONG") {
    take(BrokerPong{});
  } else if (verb == "INFO") {
    take(BrokerInfo{});
  } else if (verb == "-ERR") {
    take(BrokerError{line});
  } else if (verb != "+OK") {
    return fail(Errc::kPeer, "no word of a broker's: " + std::string(whole.substr(0, 80)));
  }
  return end + kLineEnd.size();
}

}  // namespace

Result<> NatsReader::feed(std::string_view bytes, const Take& take) {
  const bool has_rest = !rest_.empty();
  if (has_rest) rest_ += bytes;
  std::string_view all = has_rest ? std::string_view(rest_) : bytes;
  while (!all.empty()) {
    const std::size_t taken = TRY(read_event(all, take));
    if (taken == 0) break;
    all.remove_prefix(taken);
  }
  // A new one: of ten thousand readers few have a rest.
  rest_ = std::string(all);
  if (rest_.empty()) rest_.shrink_to_fit();
  return {};
}

std::string connect_line(std::string_view name) {
  return R"(CONNECT {"verbose":false,"pedantic":false,"tls_required":false,"lang":"c++","version":"1","protocol":1,)"
         R"("echo":false,"headers":true,"no_responders":true,"name":")" +
         std::string(name) + "\"}\r\n";
}

std::string subscribe_line(std::string_view subject, unsigned subscription) {
  return "SUB " + std::string(subject) + " " + std::to_string(subscription) + "\r\n";
}

void add_publish(std::string& to, std::string_view subject, std::string_view reply, std::string_view payload) {
  to.append("PUB ").append(subject) += ' ';
  if (!reply.empty()) to.append(reply) += ' ';
  to.append(std::to_string(payload.size())).append(kLineEnd).append(payload).append(kLineEnd);
}

}  // namespace stapsh::fleet
