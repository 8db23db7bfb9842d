# coffer_packed_files(<target> <assembler source> <files>…): compresses each file with gzip and gives
# <target> the assembler source, whose `.incbin "<name>.gz"` finds them.
function(coffer_packed_files target source)
  find_program(GZIP gzip REQUIRED)
  set(folder ${CMAKE_BINARY_DIR}/generated/packed/${target})
  file(MAKE_DIRECTORY ${folder})
  set(packed "")
  foreach(file ${ARGN})
    cmake_path(GET file FILENAME name)
    # -n: neither name nor time, so that the same file gives the same bytes.
    add_custom_command(OUTPUT ${folder}/${name}.gz COMMAND ${GZIP} -9nc ${file} > ${folder}/${name}.gz
      DEPENDS ${file} VERBATIM)
    list(APPEND packed ${folder}/${name}.gz)
  endforeach()
  target_sources(${target} PRIVATE ${source})
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${packed}" INCLUDE_DIRECTORIES ${folder})
endfunction()
