# Compiler settings that hold for every module.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor)
# What the fuzz targets are built with warns of other things; clang-tidy is asked for those.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Werror)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
# Asio is compiled once (src/net/asio.cc); Boost.JSON comes as a library.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED)

find_program(CCACHE ccache)
if(CCACHE)
  # Without that sloppiness it does not cache what uses a precompiled header. CCACHE_DEPEND: compares
  # the contents of all headers. Preprocessed text has no comments: after a change of one the old
  # precompiled header would come back, whose `#pragma once` does not match the file any more.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=true
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Small blocks that one thread takes and another gives back are what a request is made of. The
# sanitizers bring allocators of their own.
option(COFFER_JEMALLOC "Link the program with jemalloc" OFF)
if(COFFER_JEMALLOC)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
endif()
function(coffer_link_program target)
  if(COFFER_JEMALLOC)
    target_link_libraries(${target} PRIVATE PkgConfig::jemalloc)
  endif()
endfunction()
