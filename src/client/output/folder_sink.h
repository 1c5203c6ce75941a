// SPDX-License-Identifier: Apache-2.0
// --outdir and --errdir: what each target says, in a file of its own, byte for byte. It is written whenever a run
// pauses, so a file holds all but the last moment if we are killed. A disk that fills harms the files alone: it is said
// once, what is there stays, and the run goes on.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/events/event.h"
#include "client/output/used_files.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class FolderSink : public EventSink {
 public:
  struct Options {
    std::string option;               ///< As messages name it: "--outdir".
    std::string folder;               ///< Made, with those above it, if it is not there.
    std::array<bool, 2> streams{};    ///< Which of them, by Stream; both go to one file.
    std::size_t open_files_max = 64;  ///< At once; others are opened again when something comes.
  };
  /// A line of rstap's own, for a person.
  using Say = std::function<void(std::string_view line)>;

  /// kUsage if nothing can be written there.
  static Result<std::unique_ptr<FolderSink>> create(Options options, Say say);

  /// kUsage if a target's file is one of `used`, to which it is added: two names may be links to one file.
  [[nodiscard]] Result<> check(const std::vector<event::RunStarted::Target>& targets, UsedFiles& used) const;

  void on_event(const Event& event) override;
  void on_pause() override;

  /// Whether the folder holds all that it should.
  [[nodiscard]] bool complete() const { return !failed_; }
  /// Whether `folder` is this one; then its stream belongs in here as well.
  [[nodiscard]] bool is_folder(const std::string& folder) const;
  void add_stream(Stream stream) { options_.streams[static_cast<std::size_t>(stream)] = true; }

 private:
  struct File {
    std::string name;
    std::string pending;
    sys::UniqueFd fd;
    std::list<std::size_t>::iterator used;  // In open_, while fd is valid.
    bool failed = false;                    // It took no more: what would follow a gap is not written.
  };

  FolderSink(Options options, Say say, sys::UniqueFd folder)
      : options_(std::move(options)), say_(std::move(say)), folder_(std::move(folder)) {}
  void start(const std::vector<event::RunStarted::Target>& targets);
  void on_output(std::size_t target, std::string_view bytes);
  void write(std::size_t target, std::string_view bytes);
  void flush(std::size_t target);
  int open(std::size_t target, int flags);
  void close(std::size_t target);
  void fail_file(File& file, int error);

  Options options_;
  Say say_;
  sys::UniqueFd folder_;
  std::vector<File> files_;         // By target.
  std::list<std::size_t> open_;     // The one that was used last is first.
  std::vector<std::size_t> dirty_;  // Have something pending.
  bool failed_ = false;
};

}  // namespace stapsh::client
