# One function for every folder of src/: a library, its unit tests as one binary, warnings, sanitizers, hardening.
#
#   stapsh_add_library(session                     # target stapsh::session, binary session_test
#     SOURCES agent_session.cc …
#     TESTS   agent_session_test.cc …
#     DEPENDS stapsh::protocol)
#
# stapsh_compile_options(TARGET) gives any other target of ours the same flags, stapsh_compile_as(test TARGET) those of a
# test.

# Much of what a compiler reads are the same headers. Where CMAKE_UNITY_BUILD is set it reads them once for eight files of
# a library, with STAPSH_UNITY_TESTS for those of a test. So a name in an anonymous namespace must not mean two
# things in one library. dev and ci-clang see that each file includes what it needs, ci-gcc that each of a library does.

# A test runs once: optimised as what it tests, the tests would take longer to compile than all else. A sanitizer makes
# optimising twice as dear.
set(STAPSH_TEST_OPTIMIZATION $<$<CONFIG:RelWithDebInfo>:-O1> $<$<BOOL:${STAPSH_SANITIZE}>:-O0>)

include(StapshHarden)

function(stapsh_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor)
  # -Wpedantic refuses the statement expression that TRY is made of, even behind __extension__, in clang only.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE -Wpedantic -Wno-gnu-statement-expression)
    # Standard coroutines, which Asio 1.22 does not detect under clang 14 with libstdc++.
    target_compile_definitions(${target} PRIVATE ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1)
  else()
    target_compile_options(${target} PRIVATE -Wpedantic)
  endif()
  if(STAPSH_SANITIZE)
    # vptr looks at memory by way of a pipe: where tests take all descriptors away, it complains of sound objects.
    # The folder is in no text, so that ccache knows in a second clone what it compiled in the first.
    set(flags -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer
      -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      list(APPEND flags -fno-sanitize=function)  # Asio calls handlers through erased types.
    else()
      # g++ 12 mistakes what the sanitizers add to std::optional for reads of what was never written.
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    target_compile_options(${target} PRIVATE ${flags})
    target_link_options(${target} PRIVATE ${flags})
  endif()
  stapsh_harden(${target})
endfunction()

# `kind`: library or test.
function(stapsh_compile_as kind target)
  stapsh_compile_options(${target})
  if(kind STREQUAL "test")
    target_compile_options(${target} PRIVATE ${STAPSH_TEST_OPTIMIZATION})
  elseif(STAPSH_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(kind STREQUAL "test" AND STAPSH_UNITY_TESTS)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
    target_compile_options(${target} PRIVATE -Wno-shadow)  # g++ also warns of a name of another of the files.
  endif()
endfunction()

# Of a test that computes, where others wait: not optimised, it takes five times as long and more.
function(stapsh_optimize_test target)
  if(TARGET ${target} AND STAPSH_SANITIZE)
    target_compile_options(${target} PRIVATE "SHELL:-O1")  # Behind -O0, also where there is an -O1 before it.
  endif()
endfunction()

function(stapsh_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;TESTS;DEPENDS;TEST_DEPENDS" ${ARGN})
  set(target stapsh_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${arg_DEPENDS})
    stapsh_compile_as(library ${target})
    set(link ${target})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} INTERFACE ${arg_DEPENDS})
    set(link ${target})
  endif()
  add_library(stapsh::${name} ALIAS ${target})

  if(arg_TESTS AND STAPSH_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE ${link} ${arg_TEST_DEPENDS} GTest::gmock GTest::gtest_main)
    stapsh_compile_as(test ${name}_test)
    gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()
