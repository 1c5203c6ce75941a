// SPDX-License-Identifier: Apache-2.0
// The page without its data, as cmake/EmbedReportPage.cmake makes it of page/ and d3.
#pragma once

#include <span>
#include <string_view>

namespace stapsh::client::report {

/// Pieces of one text, in which @csp@, @title@ and @data@ each stand once.
std::span<const std::string_view> page_template();

/// SHA-256 of the page's scripts and styles, each 64 hexadecimal digits.
std::span<const std::string_view> page_script_digests();
std::string_view page_style_digest();

}  // namespace stapsh::client::report
