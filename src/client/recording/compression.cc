// SPDX-License-Identifier: Apache-2.0
#include "client/recording/compression.h"

#include <zstd.h>

#include <new>
#include <string>

namespace stapsh::client {
namespace {

// Some 500 MB/s of text, in a seventh of its size; the next levels take twice the time for a tenth less.
constexpr int kLevel = 1;

ZSTD_CCtx* compressor(void* context) { return static_cast<ZSTD_CCtx*>(context); }
ZSTD_DCtx* decompressor(void* context) { return static_cast<ZSTD_DCtx*>(context); }

}  // namespace

void Compressor::Free::operator()(void* context) const { (void)ZSTD_freeCCtx(compressor(context)); }
void Decompressor::Free::operator()(void* context) const { (void)ZSTD_freeDCtx(decompressor(context)); }

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  if (!context_) throw std::bad_alloc();
  (void)ZSTD_CCtx_setParameter(compressor(context_.get()), ZSTD_c_compressionLevel, kLevel);
  // A frame that was cut has none and is read anyway; in a whole one it finds what a disk has spoilt.
  (void)ZSTD_CCtx_setParameter(compressor(context_.get()), ZSTD_c_checksumFlag, 1);
}

Result<> Compressor::compress(std::string_view bytes, Until until, ByteBuffer& to) {
  const ZSTD_EndDirective directive = until == Until::kLater ? ZSTD_e_continue
                                      : until == Until::kNow ? ZSTD_e_flush
                                                             : ZSTD_e_end;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    const std::size_t room = ZSTD_CStreamOutSize();
    ZSTD_outBuffer out{to.reserve(room), room, 0};
    const std::size_t left = ZSTD_compressStream2(compressor(context_.get()), &out, &in, directive);
    to.commit(out.pos);
    if (ZSTD_isError(left) != 0) return fail(Errc::kSystem, std::string("zstd: ") + ZSTD_getErrorName(left));
    const bool done = until == Until::kLater ? in.pos == in.size : left == 0;
    if (done) return {};
  }
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) {
  if (!context_) throw std::bad_alloc();
}

Result<bool> Decompressor::decompress(std::string_view& bytes, ByteBuffer& to, std::size_t most) {
  const std::size_t room = ZSTD_DStreamOutSize();
  for (std::size_t made = 0; made < most;) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{to.reserve(room), room, 0};
    const std::size_t left = ZSTD_decompressStream(decompressor(context_.get()), &out, &in);
    to.commit(out.pos);
    made += out.pos;
    bytes.remove_prefix(in.pos);
    if (ZSTD_isError(left) != 0) return fail(Errc::kUsage, std::string("zstd: ") + ZSTD_getErrorName(left));
    if (bytes.empty() && out.pos < room) return false;
  }
  return true;
}

}  // namespace stapsh::client
