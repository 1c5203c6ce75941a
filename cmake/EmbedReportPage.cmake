# cmake -DMODULES=… -DFOLDER=page -DD3=d3.min.js -DOUTPUT=page_template.cc -P EmbedReportPage.cmake
# Puts the report's page together, as a C++ file. Modules stand one behind the other in one <script>, so their imports
# go and their exports lose the word: names are the page's own, and two that are the same are an error that its tests
# see. d3 has a <script> of its own, behind its licence.
cmake_minimum_required(VERSION 3.25)

file(READ ${FOLDER}/page.html page)
file(READ ${FOLDER}/page.css style)
file(READ ${FOLDER}/d3_license.txt license)
file(READ ${D3} d3)
set(script "\n\"use strict\";\n")
foreach(module ${MODULES})
  file(READ ${FOLDER}/${module} text)
  string(REGEX REPLACE "(^|\n)import [^\n]*" "\\1" text "${text}")
  string(REGEX REPLACE "(^|\n)export " "\\1" text "${text}")
  string(REGEX REPLACE "(^|\n)// SPDX[^\n]*\n" "\\1" text "${text}")
  string(APPEND script "${text}")
endforeach()
set(style "\n${style}")
set(d3 "\n/*\n${license}*/\n${d3}")
string(SHA256 style_digest "${style}")
string(SHA256 script_digest "${script}")
string(SHA256 d3_digest "${d3}")

# Not by configuring: "@" and "${" stand in scripts as well.
foreach(part style d3 script)
  string(FIND "${page}" "@${part}@" at)
  string(LENGTH "@${part}@" mark_bytes)
  math(EXPR behind "${at} + ${mark_bytes}")
  string(SUBSTRING "${page}" 0 ${at} head)
  string(SUBSTRING "${page}" ${behind} -1 tail)
  set(page "${head}${${part}}${tail}")
endforeach()

# A compiler need not take longer literals than 65,536 characters.
set(code "// Made by cmake/EmbedReportPage.cmake.\n#include \"client/report/page_template.h\"\n
namespace stapsh::client::report {\nnamespace {\nusing namespace std::string_view_literals;\n// With their lengths: a compiler that counts them takes too many steps for one constant.\nconstexpr std::string_view kPieces[] = {\n")
string(LENGTH "${page}" bytes)
set(at 0)
while(at LESS bytes)
  string(SUBSTRING "${page}" ${at} 16000 piece)
  # Behind a newline, or in d3, which has next to none, behind a comma: never within a character.
  string(FIND "${piece}" "\n" end REVERSE)
  if(end EQUAL -1)
    string(FIND "${piece}" "," end REVERSE)
  endif()
  if(end EQUAL -1)
    message(FATAL_ERROR "the report's page has neither a newline nor a comma in: ${piece}")
  endif()
  math(EXPR end "${end} + 1")
  string(SUBSTRING "${piece}" 0 ${end} piece)
  string(APPEND code "R\"page~(${piece})page~\"sv,\n")
  math(EXPR at "${at} + ${end}")
endwhile()
string(APPEND code "};\nconstexpr std::string_view kScriptDigests[] = {\"${d3_digest}\", \"${script_digest}\"};
}  // namespace\n
std::span<const std::string_view> page_template() { return kPieces; }
std::span<const std::string_view> page_script_digests() { return kScriptDigests; }
std::string_view page_style_digest() { return \"${style_digest}\"; }
}  // namespace stapsh::client::report\n")
file(WRITE ${OUTPUT} "${code}")
