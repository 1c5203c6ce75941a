// SPDX-License-Identifier: Apache-2.0
// Bytes that are no UTF-8, through a reader of JSON and back: what runners print need not be text. Names of processes
// are cut within a character, and bpftrace 0.17 writes each byte from 0x80 on as "\uffffffc3".
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

/// `line` with the bytes themselves in the place of such escapes; false, and `to` is as it was, if it has none.
bool mend_escapes(std::string_view line, std::string& to);

/// Each byte as the character of its number (Latin-1), in UTF-8: what any reader of JSON takes.
std::string widen_bytes(std::string_view bytes);
/// And back.
std::string narrow_bytes(std::string_view text);

}  // namespace stapsh::client
