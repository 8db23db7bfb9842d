# coffer_module(<folder below src> [PROGRAM <name>] [LINKS <targets>] [TEST_LINKS <targets>])
#
# A module is a folder of src/: its *.cc files make the library coffer_<folder>, its *_test.cc
# files the test program <folder>_test. Folders inside are modules of their own. With PROGRAM,
# main.cc makes the program and the rest the library. A folder without sources is skipped.
# What <folder>/precompiled.h includes is compiled once for the library of the module; all test
# programs share the precompiled headers of GoogleTest.
function(coffer_module folder)
  cmake_parse_arguments(MODULE "" "PROGRAM" "LINKS;TEST_LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|benchmark)\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")

  set(library coffer_${name})
  if(sources)
    add_library(${library} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${library} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${library} ${scope} ${MODULE_LINKS})
  if(sources AND EXISTS ${dir}/precompiled.h)
    target_precompile_headers(${library} PRIVATE ${dir}/precompiled.h)
  endif()

  if(MODULE_PROGRAM AND EXISTS ${dir}/main.cc)
    add_executable(${MODULE_PROGRAM} ${dir}/main.cc)
    target_link_libraries(${MODULE_PROGRAM} PRIVATE ${library})
    set_target_properties(${MODULE_PROGRAM} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
    coffer_link_program(${MODULE_PROGRAM})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${library} ${MODULE_TEST_LINKS} GTest::gmock GTest::gtest_main)
    target_precompile_headers(${name}_test REUSE_FROM coffer_gtest)
    gtest_discover_tests(${name}_test TEST_PREFIX ${folder}. DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()

# The precompiled headers of the test programs.
function(coffer_precompiled_gtest)
  set(source ${CMAKE_BINARY_DIR}/generated/coffer_gtest.cc)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "")
  endif()
  add_library(coffer_gtest STATIC EXCLUDE_FROM_ALL ${source})
  target_link_libraries(coffer_gtest PRIVATE fmt::fmt GTest::gmock)
  target_precompile_headers(coffer_gtest PRIVATE
    <gmock/gmock.h> <gtest/gtest.h> <algorithm> <chrono> <expected> <filesystem> <functional> <optional>
    <string> <vector> <fmt/format.h>)
endfunction()
