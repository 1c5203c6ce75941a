// SPDX-License-Identifier: Apache-2.0
// What is recorded is read again, however it was cut.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/recording/record_sink.h"
#include "client/recording/recording_reader.h"

namespace stapsh::client {
namespace {

class Recording : public testing::Test {
 protected:
  Recording() {
    std::string name = testing::TempDir() + "recording-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~Recording() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string put(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  std::unique_ptr<RecordSink> sink(const std::string& path) {
    Result<std::unique_ptr<RecordSink>> sink =
        RecordSink::create(io_, path, [this](const std::string& text) { said_ += text; });
    said_ += sink ? "" : sink.error().what;
    return sink ? *std::move(sink) : nullptr;
  }
  static void begin(EventSink& to) {
    to.on_event({WallTime(1), std::nullopt, event::RunStarted{"1", "x.stp", {}, {{"web01", "web01"}}}});
    to.on_pause();
  }
  static void say(EventSink& to, std::string_view bytes) {
    to.on_event({WallTime(2), 0, event::Output{Stream::kStdout, bytes, std::nullopt}});
    to.on_pause();
  }
  static void end(EventSink& to) {
    to.on_event({WallTime(3), 0, event::Ended{{Outcome::Kind::kEnded, 0}, 0, 0}});
    to.on_event({WallTime(4), std::nullopt, event::RunEnded{0}});
    to.on_pause();
  }
  /// A line for each event, "end" or the error.
  static std::string read(const std::string& path) {
    Result<RecordingReader> reader = RecordingReader::open(path);
    if (!reader) return reader.error().what;
    std::string text;
    while (true) {
      const Result<std::optional<Event>> event = reader->next();
      if (!event) return text + event.error().what;
      if (!*event) return text + (reader->events().run_ended() ? "end" : "cut");
      const auto* output = std::get_if<event::Output>(&(*event)->what);
      text += output ? std::string(output->bytes) + "\n" : std::to_string((*event)->what.index()) + "\n";
    }
  }

  asio::io_context io_;
  std::string folder_, said_;
};

TEST_F(Recording, IsReadAsItWasWritten) {
  for (const char* name : {"run.json", "run.json.zst"}) {
    const std::unique_ptr<RecordSink> sink = this->sink(path(name));
    ASSERT_TRUE(sink);
    begin(*sink);
    for (int i = 0; i < 3; ++i) say(*sink, "some words");
    end(*sink);
    EXPECT_FALSE(sink->failed());
    EXPECT_EQ(read(path(name)), "0\nsome words\nsome words\nsome words\n7\n8\nend");
  }
  EXPECT_EQ(said_, "");
}

TEST_F(Recording, HasAllAfterASecondThoughNothingEnds) {
  for (const char* name : {"run.json", "run.json.zst"}) {
    const std::unique_ptr<RecordSink> sink = this->sink(path(name));
    begin(*sink);
    say(*sink, "some words");
    io_.restart();
    io_.run_one();  // The sink's timer.
    EXPECT_EQ(read(path(name)), "0\nsome words\ncut");
  }
}

TEST_F(Recording, CutAnywhereGivesABeginningOfTheEvents) {
  for (const char* name : {"run.json", "run.json.zst"}) {
    const std::unique_ptr<RecordSink> sink = this->sink(path(name));
    begin(*sink);
    for (int i = 0; i < 4; ++i) say(*sink, std::to_string(i * 7919));
    end(*sink);
    const std::string whole = read(path(name)), bytes = content(path(name));
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      const std::string text = read(put("cut", std::string_view(bytes).substr(0, size)));
      if (text.ends_with("end")) continue;  // Of zstd's own end something is missing.
      const std::size_t events = text.rfind('\n') + 1;
      ASSERT_EQ(text.substr(0, events), whole.substr(0, events)) << size;
      if (events == 0) continue;
      ASSERT_EQ(text.substr(events), "cut") << size;
    }
  }
}

// 64 MiB of zeros are 2 KiB: they are unpacked a piece at a time.
TEST_F(Recording, LittleThatBecomesVeryMuchIsTakenInPieces) {
  Compressor compressor;
  ByteBuffer packed;
  ASSERT_TRUE(compressor.compress(std::string(std::size_t{64} << 20, '\0'), Compressor::Until::kEnd, packed));
  Decompressor decompressor;
  std::string_view bytes = packed.view();
  std::size_t size = 0;
  for (Result<bool> more = true; more && *more;) {
    ByteBuffer text;
    more = decompressor.decompress(bytes, text, 1'000'000);
    ASSERT_TRUE(more);
    EXPECT_LE(text.size(), 1'200'000U);
    size += text.size();
  }
  EXPECT_EQ(size, std::size_t{64} << 20);
}

TEST_F(Recording, WhatIsNoneIsSaid) {
  const std::unique_ptr<RecordSink> sink = this->sink(path("run.json"));
  begin(*sink);
  end(*sink);
  const std::string run = content(path("run.json"));
  const struct {
    std::string_view name, bytes, want;
  } cases[] = {
      {"empty", "", "empty; nothing was recorded"},
      {"text", "hello\n", "line 1: no recording of rstap"},
      {"one word", "hello", "line 1: no recording of rstap"},
      {"gzip", "\x1f\x8b\x08\x00\n", "line 1: no recording of rstap"},
      {"broken zstd", "\x28\xb5\x2f\xfd\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "damaged: zstd:"},
      {"begun zstd", "\x28\xb5\x2f\xfd", "cut before its first event"},
      {"blank lines", "\n \n\t\n", "empty lines alone; nothing was recorded"},
      {"blanks", "\n  ", "empty lines alone; nothing was recorded"},
      {"text behind a blank line", "\nhello", "line 2: no recording of rstap"},
      {"utf-16", {"\xff\xfe{\0\"\0", 6}, "UTF-16"},
  };
  for (const auto& c : cases) {
    const std::string text = read(put("file", c.bytes));
    EXPECT_NE(text.find(c.want), std::string::npos) << c.name << ": " << text;
    EXPECT_TRUE(text.starts_with(path("file") + ": ")) << text;
  }
  EXPECT_EQ(read(put("file", run + run)).find("0\n7\n8\n" + path("file") + ": line 4: something follows"), 0U);
  EXPECT_EQ(read(put("file", run + "\n\n")), "0\n7\n8\nend");
  EXPECT_EQ(read(folder_), folder_ + ": a folder; give the recording's file");
  EXPECT_EQ(read(path("nothing")), path("nothing") + ": No such file or directory");
}

TEST_F(Recording, OverwritesARecordingAndNothingElse) {
  const std::string old = put("old.json", R"({"event":"run_started","time":1,"format":1})");
  { EXPECT_TRUE(sink(old)); }  // Nothing began: what is there stays.
  EXPECT_NE(content(old), "");
  { EXPECT_TRUE(sink(path("new.json"))); }
  EXPECT_FALSE(std::filesystem::exists(path("new.json")));
  const std::unique_ptr<RecordSink> one = sink(old);
  ASSERT_TRUE(one);
  begin(*one);
  EXPECT_FALSE(sink(old));
  EXPECT_NE(said_.find("another rstap uses it"), std::string::npos) << said_;
  end(*one);
  EXPECT_EQ(read(old), "0\n7\n8\nend");
  EXPECT_FALSE(sink(put("x.stp", "probe begin { exit() }")));
  EXPECT_NE(said_.find("x.stp: there, and no recording"), std::string::npos) << said_;
  // Much is compressed that is no recording; and a name may lead to something else.
  Compressor compressor;
  ByteBuffer archive;
  ASSERT_TRUE(compressor.compress("any archive", Compressor::Until::kEnd, archive));
  EXPECT_FALSE(sink(put("x.tar.zst", std::string(archive.view()))));
  EXPECT_NE(said_.find("x.tar.zst: there, and no recording"), std::string::npos) << said_;
  std::filesystem::create_symlink(old, path("link.json"));
  EXPECT_FALSE(sink(path("link.json")));
  EXPECT_FALSE(sink(folder_));
  EXPECT_FALSE(sink("/dev/null"));
  EXPECT_NE(said_.find("/dev/null: not a regular file"), std::string::npos) << said_;
  EXPECT_FALSE(sink(path("no/such/folder")));
}

}  // namespace
}  // namespace stapsh::client
