# cmake -DSTAGE=bootstrap_stage.sh -DOUTPUT=bootstrap_stage.cc -P EmbedStage.cmake
# The first stage of --bootstrap as a C++ string of one line: without comments, indentation and ends of lines.
cmake_minimum_required(VERSION 3.25)

file(READ ${STAGE} stage)
# A list would be split at each semicolon.
string(REGEX REPLACE "(^|\n)[ ]*#[^\n]*" "\\1" stage "${stage}")
string(REGEX REPLACE "[ ]*\n[ \n]*" " " stage "${stage}")
string(STRIP "${stage}" stage)
file(WRITE ${OUTPUT} "// Made by cmake/EmbedStage.cmake.\n#include \"client/transport/bootstrap_stage.h\"\n
namespace stapsh::client {\n\nstd::string_view stage_text() { return R\"sh(${stage})sh\"; }\n\n}  // namespace stapsh::client\n")
