# coffer_module(<folder below src> [PROGRAM <name>] [LINKS <targets>] [TEST_LINKS <targets>]
#               [PRECOMPILED <module>] [FILE_BY_FILE])
#
# A module is a folder of src/: its *.cc files make the library coffer_<folder>, its *_test.cc
# files the test program <folder>_test. Folders inside are modules of their own. With PROGRAM,
# main.cc makes the program and the rest the library. A folder without sources is skipped.
# What <folder>/precompiled.h includes is compiled once for the library of the module, or for the
# library of the module that PRECOMPILED names. Test programs share the precompiled headers of
# GoogleTest and of the harness they link.
# With COFFER_UNITY, eight files of a library are compiled as one: what they have in their unnamed
# namespaces has names of its own within the module, unless the module is FILE_BY_FILE.
option(COFFER_UNITY "Compile several files at once: a faster full build, slower small ones" OFF)

function(coffer_module folder)
  cmake_parse_arguments(MODULE "FILE_BY_FILE" "PROGRAM;PRECOMPILED" "LINKS;TEST_LINKS" ${ARGN})
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
  elseif(sources AND MODULE_PRECOMPILED)
    target_precompile_headers(${library} REUSE_FROM coffer_${MODULE_PRECOMPILED})
  endif()
  if(sources AND COFFER_UNITY AND NOT MODULE_FILE_BY_FILE)
    set_target_properties(${library} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # It takes every file but the first of a unit for a header.
    target_compile_options(${library} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
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
    set(precompiled coffer_gtest)
    foreach(harness vault server)
      if(coffer_${harness}_test IN_LIST MODULE_TEST_LINKS)
        set(precompiled coffer_${harness}_gtest)
      endif()
    endforeach()
    coffer_test_options(${name}_test)
    target_precompile_headers(${name}_test REUSE_FROM ${precompiled})
    gtest_discover_tests(${name}_test TEST_PREFIX ${folder}. DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()

# coffer_precompiled_tests(<name> LINKS <targets> HEADERS <headers>)
#
# The precompiled headers of test programs: GoogleTest, and those of the harness they link.
function(coffer_precompiled_tests name)
  cmake_parse_arguments(TESTS "" "" "LINKS;HEADERS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/generated/${name}.cc)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "")
  endif()
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE ${TESTS_LINKS} GTest::gmock)
  coffer_test_options(${name})
  target_precompile_headers(${name} PRIVATE
    <gmock/gmock.h> <gtest/gtest.h> <algorithm> <chrono> <expected> <filesystem> <functional> <optional>
    <string> <vector> ${TESTS_HEADERS})
endfunction()

# Tests are compiled more often than they run.
function(coffer_test_options target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()
