# v100_wasm(NAME SOURCES files...): NAME.wasm in the build folder, compiled by clang-19 for
# wasm32-wasi whatever compiler builds the rest. One command a file, with a dependency file, so an
# edit rebuilds what it must and no more.

find_program(V100_WASM_CXX clang++-19)
find_program(V100_WASM_LD wasm-ld-19)

set(V100_WASM_FLAGS --target=wasm32-wasi -std=c++23 -O3 -msimd128 -fno-exceptions -fno-rtti
    -DNDEBUG -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
    -I${CMAKE_SOURCE_DIR}/src -I${CMAKE_SOURCE_DIR}
    -Wall -Wextra -Wconversion -Wshadow -Wimplicit-fallthrough -Werror
    -Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion)

function(v100_wasm name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  if(NOT V100_WASM_CXX OR NOT V100_WASM_LD OR NOT EXISTS /usr/lib/wasm32-wasi/libc++.a)
    message(STATUS "${name}.wasm is not built: clang-19, lld-19, wasi-libc and libc++-19-dev-wasm32 are needed")
    return()
  endif()
  set(launcher ${CMAKE_CXX_COMPILER_LAUNCHER})
  set(objects)
  foreach(source ${ARG_SOURCES})
    string(REPLACE "/" "_" object ${source})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir/${object}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${launcher} ${V100_WASM_CXX} ${V100_WASM_FLAGS} -MD -MF ${object}.d -MT ${object}
              -c ${CMAKE_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${CMAKE_SOURCE_DIR}/${source} ${CMAKE_SOURCE_DIR}/cmake/wasm.cmake
      DEPFILE ${object}.d
      COMMENT "WASM ${source}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir)
  set(module ${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm)
  # The stack must hold prepared keys: 1 MiB, where the default is 64 KiB. Stack first, so that an
  # overflow traps instead of overwriting data.
  add_custom_command(OUTPUT ${module}
    COMMAND ${V100_WASM_CXX} --target=wasm32-wasi -mexec-model=reactor
            -Wl,-z,stack-size=1048576 -Wl,--stack-first -Wl,--strip-all -Wl,--gc-sections
            -Wl,--max-memory=268435456
            ${objects} -o ${module}
    DEPENDS ${objects}
    COMMENT "WASM ${name}.wasm" VERBATIM)
  # Sanitizers do not reach into it: those presets build it only for what needs it.
  if(V100_ASAN OR V100_TSAN OR V100_FUZZ OR V100_CT_CHECK)
    add_custom_target(${name}_wasm DEPENDS ${module})
  else()
    add_custom_target(${name}_wasm ALL DEPENDS ${module})
  endif()
  set_property(TARGET ${name}_wasm PROPERTY WASM_MODULE ${module})
endfunction()
