// SPDX-License-Identifier: Apache-2.0
#include "client/answers/tapset_prints.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/parse_int.h"
#include "client/answers/tapset_line.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kOpenMax = 16;                           // Of a host, at once.
constexpr std::size_t kPrintBytesMax = std::size_t{64} << 20;  // As a line of bpftrace, which is a whole map.

std::size_t bytes_of(const std::string& key, const Value& value) {
  const auto* histogram = std::get_if<Histogram>(&value);
  return sizeof(std::pair<std::string, Value>) + key.size() +
         (histogram == nullptr ? 0 : histogram->size() * sizeof(Bucket));
}

}  // namespace

void TapsetPrints::on_line(std::string_view line, TapsetTaker& taker) {
  on_text(taker);
  const std::optional<TapsetLine> parsed = parse_tapset_line(line);
  const auto refuse = [&] { taker.on_tapset_problem("a line of the tapset could not be read: " + std::string(line)); };
  if (!parsed) return refuse();
  std::string_view rest = parsed->rest;
  switch (parsed->what) {
    case TapsetLine::What::kBegin:
      return begin(parsed->name, parsed->kind, taker);
    case TapsetLine::What::kRow:
      return take_row(parsed->name, rest, taker);
    case TapsetLine::What::kEnd: {
      Open* open = find(parsed->name);
      const Result<std::uint64_t> rows = parse_int<std::uint64_t>(rest, 0, UINT64_MAX);
      if (open == nullptr) return refuse_unbegun(parsed->name, taker);
      return close(static_cast<std::size_t>(open - open_.data()), rows ? std::optional(*rows) : std::nullopt, taker);
    }
    case TapsetLine::What::kValue:
      if (is_histogram(parsed->kind)) {
        awaited_ = Awaited{std::string(parsed->name), {}, parsed->kind, false};
        return;
      }
      std::optional<Value> value = take_tapset_value(parsed->kind, rest);
      if (!value || !rest.empty()) return refuse();
      return taker.on_tapset_print({std::string(parsed->name), parsed->kind, false, {{{}, *std::move(value)}}});
  }
}

TapsetPrints::Open* TapsetPrints::find(std::string_view name) {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Open& one) { return one.print.name == name; });
  return found == open_.end() ? nullptr : &*found;
}

void TapsetPrints::begin(std::string_view name, MapKind kind, TapsetTaker& taker) {
  if (const Open* open = find(name)) {
    close_without_end(static_cast<std::size_t>(open - open_.data()), taker);
  } else if (open_.size() >= kOpenMax) {
    close_without_end(0, taker);
  }
  open_.push_back({{std::string(name), kind, true, {}}});
}

// Nobody knows of what kind it is.
void TapsetPrints::refuse_unbegun(std::string_view name, TapsetTaker& taker) {
  taker.on_tapset_problem(std::string(name) + ": its beginning was lost, this print is left out");
}

void TapsetPrints::take_row(std::string_view name, std::string_view rest, TapsetTaker& taker) {
  Open* open = find(name);
  if (open == nullptr) return refuse_unbegun(name, taker);
  const MapKind kind = open->print.kind;
  if (is_histogram(kind)) {
    awaited_ = Awaited{std::string(name), tapset_key(rest), kind, true};
    return;
  }
  std::string_view key = rest;
  std::optional<Value> value = take_tapset_value(kind, key);
  if (!value) {
    ++open->lost;
    return taker.on_tapset_problem("a row of " + std::string(name) + " could not be read: " + std::string(rest));
  }
  add(*open, tapset_key(key), *std::move(value));
}

void TapsetPrints::add(Open& open, std::string key, Value value) {
  const std::size_t bytes = bytes_of(key, value);
  if (open.bytes + bytes > kPrintBytesMax) {
    ++open.lost;
    return;
  }
  open.bytes += bytes;
  open.print.rows.emplace_back(std::move(key), std::move(value));
}

std::optional<MapKind> TapsetPrints::awaited() const { return awaited_ ? std::optional(awaited_->kind) : std::nullopt; }

void TapsetPrints::on_histogram(Histogram histogram, TapsetTaker& taker) {
  const std::optional<Awaited> of = std::exchange(awaited_, std::nullopt);
  if (!of) return;
  if (!of->keyed) return taker.on_tapset_print({of->name, of->kind, false, {{{}, std::move(histogram)}}});
  if (Open* open = find(of->name)) add(*open, of->key, std::move(histogram));
}

void TapsetPrints::on_text(TapsetTaker& taker) {
  const std::optional<Awaited> of = std::exchange(awaited_, std::nullopt);
  if (!of) return;
  if (of->keyed) {
    if (Open* open = find(of->name)) ++open->lost;
  }
  taker.on_tapset_problem(of->name + ": no histogram that can be read stands behind " +
                          (of->keyed ? "the key " + of->key : "its line"));
}

void TapsetPrints::on_end(TapsetTaker& taker) {
  on_text(taker);
  while (!open_.empty()) close_without_end(0, taker);
}

void TapsetPrints::close(std::size_t index, std::optional<std::uint64_t> rows, TapsetTaker& taker) {
  const Open open = std::move(open_[index]);
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
  const std::uint64_t kept = open.print.rows.size();
  const std::uint64_t printed = rows ? std::max(*rows, kept) : kept + open.lost;
  if (printed > kept) {
    taker.on_tapset_problem(open.print.name + ": lost " + std::to_string(printed - kept) + " of " +
                            std::to_string(printed) + " keys");
  }
  taker.on_tapset_print(open.print);
}

void TapsetPrints::close_without_end(std::size_t index, TapsetTaker& taker) {
  taker.on_tapset_problem(open_[index].print.name + ": a print has no end, some of its keys may be lost");
  close(index, std::nullopt, taker);
}

}  // namespace stapsh::client
