// SPDX-License-Identifier: Apache-2.0
// For tests: a ClientSession driven by steps of text. Module and start come when a step says so.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/parse_int.h"
#include "session/client_session.h"
#include "session/effect_text.h"

namespace stapsh {

class ClientDriver {
 public:
  explicit ClientDriver(ClientSettings settings) : session(std::move(settings)) {}

  /// What a step may say:
  ///   connect            the transport is up                say LINE, bytes TEXT   the agent sends it
  ///   long line          it sends one byte more than a line may have
  ///   end [CODE], lost   the transport ended; with a reason module, start          what the session waits for
  ///   module PROGRAM     the same, for that runner
  ///   no module          there will be none                 stop, abandon          the person
  ///   progress           bytes of ours went out             wait MS                the clock goes on
  void step(std::string_view text) {
    const std::size_t blank = text.find(' ');
    const std::string_view verb = text.substr(0, blank);
    const std::string_view rest = blank == std::string_view::npos ? "" : text.substr(blank + 1);
    if (verb == "say") return feed(std::string(rest) + "\n");
    if (verb == "bytes") return feed(unescape(rest));
    if (text == "long line") return feed(std::string(Limits{}.line_bytes_max + 1, 'x'));
    if (text == "connect") {
      session.on_start_of_transport(now);
    } else if (text == "end") {
      session.on_transport_end({std::nullopt, {}});
    } else if (verb == "end") {
      session.on_transport_end({number(rest), {}});
    } else if (text == "lost") {
      session.on_transport_end({std::nullopt, "connection reset"});
    } else if (verb == "module") {
      for (const RunnerEntry& runner : kRunnerTable) {
        if (runner.program == rest) upload.runner = runner.kind;
      }
      session.on_module_ready(upload, now);
    } else if (text == "no module") {
      session.on_module_failed("the script does not build");
    } else if (text == "start") {
      session.on_start(now);
    } else if (text == "stop") {
      session.on_stop(now);
    } else if (verb == "signal") {
      session.on_signal_wanted(number(rest));
    } else if (text == "abandon") {
      session.on_abandon("given up");
    } else if (text == "progress") {
      session.on_send_progress(now);
    } else if (verb == "wait") {
      now += std::chrono::milliseconds(number(rest));
      session.on_timer(now);
    } else {
      STAPSH_ASSERT(text == "a step that exists");
    }
    drain();
  }

  std::string run(std::initializer_list<std::string_view> steps) {
    for (const std::string_view text : steps) step(text);
    return take_text();
  }

  void feed(std::string_view bytes) {
    // A copy of its own, freed at once: a view that outlives the call is a bug that the sanitizer sees.
    const std::string packet(bytes);
    session.on_bytes(packet, now);
    drain();
  }

  /// What was done since the last call.
  std::string take_text() {
    last_stream_.reset();
    return std::exchange(text_, {});
  }

  ClientSession session;
  Upload upload{{{"a.bo", 3}}, {"./a.bo"}};
  std::vector<std::string> contents;  ///< Of the upload's files, if `sent` shall have them.
  TimePoint now{};
  std::string sent;                             ///< All bytes; a file without content as `<file N>`.
  std::string standard_output, standard_error;  ///< Of the runner.
  bool connected = false, ready = false;        ///< What was said once, until somebody clears it.
  std::optional<Outcome> outcome;

 private:
  static int number(std::string_view text) { return *parse_int(text, 0, 1'000'000); }

  void drain() {
    while (std::optional<ClientEffect> effect = session.next_effect()) {
      STAPSH_ASSERT(!outcome);  // Finished is the last effect.
      if (const auto* bytes = std::get_if<SendBytes>(&*effect)) {
        STAPSH_ASSERT(!closed_);
        sent += bytes->bytes;
      }
      if (const auto* file = std::get_if<SendFile>(&*effect)) {
        STAPSH_ASSERT(!closed_);
        sent += file->index < contents.size() ? contents[file->index] : "<file " + std::to_string(file->index) + ">";
      }
      if (std::holds_alternative<CloseInput>(*effect)) closed_ = true;
      if (std::holds_alternative<Connected>(*effect)) connected = true;
      if (std::holds_alternative<Ready>(*effect)) ready = true;
      if (const auto* end = std::get_if<Finished>(&*effect)) outcome = end->outcome;
      note(*effect);
    }
  }

  // Outputs of one stream that follow each other are one, so that the text does not depend on the split.
  void note(const ClientEffect& effect) {
    const auto* output = std::get_if<Output>(&effect);
    if (!output) {
      last_stream_.reset();
      return append_text(text_, effect_text(effect));
    }
    (output->stream == Stream::kStdout ? standard_output : standard_error) += output->bytes;
    if (last_stream_ == output->stream && last_time_ == output->time) {
      text_.resize(text_before_output_);
    } else {
      collected_.clear();
    }
    collected_ += output->bytes;
    last_stream_ = output->stream;
    last_time_ = output->time;
    text_before_output_ = text_.size();
    append_text(text_, effect_text(ClientEffect{Output{output->stream, collected_, output->time}}));
  }

  std::string text_;
  std::string collected_;
  std::size_t text_before_output_ = 0;
  std::optional<Stream> last_stream_;
  std::optional<WallTime> last_time_;
  bool closed_ = false;
};

}  // namespace stapsh
