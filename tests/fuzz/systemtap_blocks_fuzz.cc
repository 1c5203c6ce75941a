// SPDX-License-Identifier: Apache-2.0
// Any text may come from systemtap, in any split: the first byte says in which. The same histograms and prints of the
// tapset are found, what is neither passes unchanged and in order, and a text without them passes whole.
#include <algorithm>
#include <string>

#include "client/answers/systemtap_blocks.h"
#include "client/answers/tapset_line.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::client;

namespace {

class Taker : public SystemtapTaker {
 public:
  void on_text(std::string_view bytes) override {
    STAPSH_ASSERT(!bytes.empty());
    text.append(bytes);
  }
  void on_histogram(const std::string& name, const SystemtapHistogram& histogram) override {
    STAPSH_ASSERT(!name.empty());
    ++found;
    check(histogram.histogram);
    text.append("<").append(name).append(std::to_string(histogram.histogram.size())).append(">");
  }
  void on_tapset_print(const TapsetPrint& print) override {
    STAPSH_ASSERT(!print.name.empty());
    STAPSH_ASSERT(print.keyed || (print.rows.size() == 1 && print.rows.front().first.empty()));
    ++found;
    text.append("<").append(print.name);
    for (const auto& [key, value] : print.rows) {
      const auto* histogram = std::get_if<Histogram>(&value);
      STAPSH_ASSERT((histogram != nullptr) == is_histogram(print.kind));
      STAPSH_ASSERT(std::holds_alternative<Stats>(value) == (print.kind == MapKind::kStats));
      if (histogram != nullptr) check(*histogram);
      text.append(" ").append(key);
    }
    text.append(">");
  }
  void on_tapset_problem(const std::string& problem) override {
    ++found;
    text.append("<").append(problem).append(">");
  }
  std::string text;
  std::size_t found = 0;

 private:
  static void check(const Histogram& histogram) {
    for (std::size_t i = 1; i < histogram.size(); ++i) {
      STAPSH_ASSERT(is_below(histogram[i - 1], histogram[i]));
      STAPSH_ASSERT(!overlap(histogram[i - 1], histogram[i]));
    }
  }
};

void read(std::string_view bytes, std::size_t piece, Taker& taker) {
  SystemtapBlocks blocks;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    blocks.on_bytes(bytes.substr(0, piece), taker);
  blocks.on_end(taker);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::as_text(data + 1, size - 1);
  Taker whole, pieces;
  read(bytes, bytes.size() + 1, whole);
  read(bytes, std::size_t{1} + data[0] % 64, pieces);
  STAPSH_ASSERT(whole.text == pieces.text);
  if (whole.found == 0) STAPSH_ASSERT(whole.text == bytes);
  return 0;
}
