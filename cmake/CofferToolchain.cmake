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
  # Without these the cache refuses whatever uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Object files hold machine code beside what the link-time optimiser reads, so that tests, which
# do without it, need no second compilation.
option(COFFER_LTO "Optimise the program when it is linked, and give it a faster allocator" OFF)
if(COFFER_LTO)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
  add_compile_options(-flto=auto -ffat-lto-objects)
endif()
function(coffer_link_program target)
  if(COFFER_LTO)
    # GCC numbers the fields of coroutine frames in each source anew, and then takes the frames
    # of one coroutine for different types.
    target_link_options(${target} PRIVATE -flto=auto -O2 -Wno-odr)
    # Small blocks that one thread takes and another gives back are what a request is made of.
    target_link_libraries(${target} PRIVATE PkgConfig::jemalloc)
  endif()
endfunction()
function(coffer_link_test target)
  if(COFFER_LTO)
    target_link_options(${target} PRIVATE -fno-lto)
  endif()
endfunction()
