# How programs are hardened and made reproducible: all flags for it, in one place.
#
#   stapsh_harden(TARGET)            the flags to compile with; stapsh_compile_options does it for all that is ours
#   stapsh_link_program(TARGET)      links a program that users get, so that it can be loaded anywhere in memory
#   stapsh_link_program(TARGET STATIC)    the same, and no library is needed to run it; as small as can be
#
# packaging/check_programs reads what came out. Debug builds are left as a debugger likes them, and sanitizers bring
# checks of their own.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
check_cxx_compiler_flag(-fcf-protection=full STAPSH_HAS_CF_PROTECTION)
check_cxx_compiler_flag(-mbranch-protection=standard STAPSH_HAS_BRANCH_PROTECTION)
check_cxx_compiler_flag(-fstack-clash-protection STAPSH_HAS_STACK_CLASH_PROTECTION)

# Debian's libc for some machines has not what the start of a static program takes that can be loaded anywhere (rcrt1.o):
# there its addresses are fixed.
set(CMAKE_REQUIRED_FLAGS -fPIE)
set(CMAKE_REQUIRED_LINK_OPTIONS -static-pie)
check_cxx_source_compiles("int main() { return 0; }" STAPSH_HAS_STATIC_PIE)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)

if(STAPSH_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(STAPSH_HARDENED OFF)
else()
  set(STAPSH_HARDENED ON)
endif()

function(stapsh_harden target)
  target_compile_options(${target} PRIVATE -fPIE)
  if(NOT STAPSH_HARDENED)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -fstack-protector-strong
    $<$<BOOL:${STAPSH_HAS_STACK_CLASH_PROTECTION}>:-fstack-clash-protection>
    # Calls and returns that go where none was meant to go. A program is marked for it only where libc is as well.
    $<$<BOOL:${STAPSH_HAS_CF_PROTECTION}>:-fcf-protection=full>
    $<$<BOOL:${STAPSH_HAS_BRANCH_PROTECTION}>:-mbranch-protection=standard>
    # The folder that it is built in is nobody's business, and two of them make the same bytes.
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
  target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
  # libc checks buffers whose size the optimizer knows. Older compilers know level 2; a distribution may set its own.
  set(level 2)
  if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
      OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 9))
    set(level 3)
  endif()
  if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
    target_compile_options(${target} PRIVATE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${level})
  endif()
endfunction()

function(stapsh_link_program target)
  cmake_parse_arguments(arg "STATIC" "" "" ${ARGN})
  set(kind -pie)
  if(arg_STATIC)
    # It is sent to machines and digested there, so it has neither what nobody calls nor, as users get it, names.
    set(kind $<IF:$<BOOL:${STAPSH_HAS_STATIC_PIE}>,-static-pie,-static> LINKER:--gc-sections $<$<CONFIG:Release>:LINKER:-s>)
  endif()
  target_link_options(${target} PRIVATE ${kind} LINKER:-z,relro,-z,now LINKER:-z,noexecstack)
endfunction()
