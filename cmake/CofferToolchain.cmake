# Compiler settings that hold for every room.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror)
# Asio and Beast are compiled once (src/http/beast.cc); Boost.JSON comes as a library.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Object files hold machine code beside what the link-time optimiser reads, so that tests,
# which link without it, need no second compilation.
option(COFFER_LTO "Optimise the program when it is linked" OFF)
if(COFFER_LTO)
  add_compile_options(-flto=auto -ffat-lto-objects)
  add_link_options(-fno-lto)
endif()
function(coffer_optimise_program target)
  if(COFFER_LTO)
    target_link_options(${target} PRIVATE -flto=auto -O2)
  endif()
endfunction()
