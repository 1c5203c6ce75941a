// SPDX-License-Identifier: Apache-2.0
#include "client/report/report_page.h"

#include "base/assert.h"
#include "base/byte_buffer.h"
#include "base/parse_int.h"
#include "base/shown_text.h"
#include "client/events/json_text.h"
#include "client/report/page_template.h"
#include "client/report/report_data.h"

namespace stapsh::client::report {
namespace {

// 'sha256-…', as a Content-Security-Policy names what it allows.
std::string source_of(std::string_view digest) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digest.size(); at += 2) {
    const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
    bytes += static_cast<char>(value(digest[at]) * 16 + value(digest[at + 1]));
  }
  ByteBuffer base64;
  append_base64(base64, bytes);
  return " 'sha256-" + std::string(base64.view()) + '\'';
}

std::string policy() {
  std::string text = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src";
  text += source_of(page_style_digest()) + "; script-src";
  for (const std::string_view digest : page_script_digests()) text += source_of(digest);
  return text;
}

std::string html_of(std::string_view text) {
  std::string html;
  for (const char c : shown_text(text, 200)) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

}  // namespace

std::string report_page(const Report& report) {
  std::string page;
  for (const std::string_view piece : page_template()) page += piece;
  // From the end, so that what stands in the data is not searched.
  const auto fill = [&](std::string_view mark, std::string_view text) {
    const std::size_t at = page.rfind(mark);
    STAPSH_ASSERT(at != std::string::npos);
    page.replace(at, mark.size(), text);
  };
  std::size_t size = page.size();
  const std::string data = report_data(report);
  size += data.size() + 4096;
  page.reserve(size);
  const std::size_t data_at = page.find("@data@");
  STAPSH_ASSERT(data_at != std::string::npos);
  std::string behind = page.substr(data_at + std::string_view("@data@").size());
  page.resize(data_at);
  fill("@title@", html_of(report.script.empty() ? "a run" : report.script));
  fill("@csp@", policy());
  page += data;
  page += behind;
  return page;
}

}  // namespace stapsh::client::report
