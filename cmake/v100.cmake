# The five functions by which every folder describes itself: v100_module, v100_kernels, v100_test,
# v100_fuzz, v100_bench. File lists are explicit; nothing is globbed.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(V100_ASAN "address and undefined-behaviour sanitizers" OFF)
option(V100_TSAN "thread sanitizer" OFF)
option(V100_FUZZ "build libFuzzer harnesses (clang)" OFF)
option(V100_CT_CHECK "mark secrets for valgrind memcheck" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to this tree, so that a second checkout finds what the first one compiled.
  set(CMAKE_C_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
else()
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
endif()

set(V100_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND V100_WARNINGS -Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion)
  add_link_options(-fuse-ld=lld)
else()
  # g++ 12 warns falsely inside its own headers at -O3.
  list(APPEND V100_WARNINGS -Wno-maybe-uninitialized -Wno-uninitialized -Wno-array-bounds -Wno-stringop-overflow
       -Wno-stringop-overread -Wno-restrict -Wno-dangling-pointer)
endif()
if(V100_ASAN)
  # vptr asks for RTTI, which the modules do not have
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(V100_TSAN)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
if(V100_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(V100_CT_CHECK)
  add_compile_definitions(V100_CT_CHECK=1)
endif()

# The standard headers that most files include, parsed once: they were a third of a clean build. Only
# with clang; g++ compiles without, and so shows an include that is missing. Modules, the main
# folder and tests differ in exceptions, position and GoogleTest, hence three. ccache is told by a
# .sum file what is in one: its bytes hold this tree's path, and another checkout could not share
# what it compiled.
function(v100_precompile name header)
  add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
  target_compile_options(${name} PRIVATE ${V100_WARNINGS} ${ARGN})
  target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header})
  set_target_properties(${name} PROPERTIES CXX_COMPILER_LAUNCHER "")
  file(SHA256 ${CMAKE_SOURCE_DIR}/cmake/${header} content)
  file(SHA256 ${CMAKE_SOURCE_DIR}/cmake/precompiled.h standard)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum
    CONTENT "${content} ${standard} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${CMAKE_CXX_FLAGS} ${ARGN}")
endfunction()
set(V100_PRECOMPILE OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT V100_FUZZ)
  set(V100_PRECOMPILE ON)
  # CMake would also name the header, by a full path that ccache takes for a difference.
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
  v100_precompile(v100_precompiled precompiled.h -fno-exceptions -fno-rtti)
  v100_precompile(v100_precompiled_throws precompiled.h)
  find_package(GTest QUIET)
  if(GTest_FOUND)
    v100_precompile(v100_precompiled_test precompiled_test.h -fPIE)
    target_link_libraries(v100_precompiled_test PRIVATE GTest::gtest)
    set_target_properties(v100_precompiled_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  endif()
endif()

function(v100_target_defaults target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(${target} PRIVATE ${V100_WARNINGS})
endfunction()

# v100_module(NAME [THROWS] SOURCES a.cpp ... [DEPS other-modules-or-libraries ...])
# A static library v100_NAME. Code in src/ has neither exceptions nor RTTI; THROWS is for the adapters
# around libraries that throw (main, store, bus).
function(v100_module name)
  cmake_parse_arguments(ARG "THROWS" "" "SOURCES;DEPS" ${ARGN})
  add_library(v100_${name} STATIC ${ARG_SOURCES})
  v100_target_defaults(v100_${name})
  if(NOT ARG_THROWS)
    target_compile_options(v100_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
  endif()
  if(V100_PRECOMPILE AND ARG_THROWS)
    target_precompile_headers(v100_${name} REUSE_FROM v100_precompiled_throws)
  elseif(V100_PRECOMPILE)
    target_precompile_headers(v100_${name} REUSE_FROM v100_precompiled)
  endif()
  v100_link(v100_${name} PUBLIC ${ARG_DEPS})
endfunction()

# Names of our modules or of libraries, in one list.
function(v100_link target scope)
  foreach(dep ${ARGN})
    if(TARGET ${dep} OR dep MATCHES "::" OR dep MATCHES "^-l")
      target_link_libraries(${target} ${scope} ${dep})
    else()
      target_link_libraries(${target} ${scope} v100_${dep})
    endif()
  endforeach()
endfunction()

# The kernels of this architecture, by V100_KERNEL's names: tests with PER_KERNEL run once for each.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(V100_KERNELS portable neon neon-sha3)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(V100_KERNELS portable avx2 avx512)
else()
  set(V100_KERNELS portable)
endif()

# v100_kernels(MODULE PORTABLE kernel_portable.cpp AVX2 kernel_avx2.cpp AVX512 kernel_avx512.cpp
#              NEON kernel_neon.cpp NEON_SHA3 kernel_neon_sha3.cpp)
# Kernel files get their ISA's flags, and a test that each exports exactly one symbol; those of other
# architectures are left out.
function(v100_kernels module)
  cmake_parse_arguments(ARG "" "" "PORTABLE;AVX2;AVX512;NEON;NEON_SHA3" ${ARGN})
  set(files ${ARG_PORTABLE})
  if("avx2" IN_LIST V100_KERNELS)
    set(avx2_flags -mavx2 -mbmi -mbmi2)
    set(avx512_flags ${avx2_flags} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi
        -mavx512vbmi2 -mavx512ifma -mprefer-vector-width=512)
    set_property(SOURCE ${ARG_AVX2} APPEND PROPERTY COMPILE_OPTIONS ${avx2_flags})
    set_property(SOURCE ${ARG_AVX512} APPEND PROPERTY COMPILE_OPTIONS ${avx512_flags})
    list(APPEND files ${ARG_AVX2} ${ARG_AVX512})
  elseif("neon" IN_LIST V100_KERNELS)  # NEON itself is part of AArch64
    set_property(SOURCE ${ARG_NEON_SHA3} APPEND PROPERTY COMPILE_OPTIONS -march=armv8.2-a+sha3)
    list(APPEND files ${ARG_NEON} ${ARG_NEON_SHA3})
  endif()
  set_property(SOURCE ${files} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  target_sources(v100_${module} PRIVATE ${files})
  if(NOT V100_ASAN AND NOT V100_TSAN AND NOT V100_FUZZ)
    foreach(file ${files})
      add_test(NAME one_symbol.${module}.${file}
        COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/one_symbol.sh $<TARGET_FILE:v100_${module}> ${file})
    endforeach()
  endif()
endfunction()

# v100_test(NAME SOURCES x_test.cpp ... [DEPS ...] [PER_KERNEL] [TIMEOUT seconds])
# A GoogleTest program NAME. PER_KERNEL registers it once per kernel with V100_KERNEL set
# (skipped where the machine lacks the ISA: exit code 77).
function(v100_test name)
  cmake_parse_arguments(ARG "PER_KERNEL" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  v100_target_defaults(${name})
  target_compile_definitions(${name} PRIVATE V100_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(V100_PRECOMPILE)
    target_precompile_headers(${name} REUSE_FROM v100_precompiled_test)
  endif()
  v100_link(${name} PRIVATE ${ARG_DEPS} GTest::gtest)
  target_link_libraries(${name} PRIVATE v100_test_main)
  if(ARG_PER_KERNEL)
    foreach(kernel ${V100_KERNELS})
      add_test(NAME ${name}.${kernel} COMMAND ${name})
      set_tests_properties(${name}.${kernel} PROPERTIES TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
        ENVIRONMENT "V100_KERNEL=${kernel}")
    endforeach()
  else()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  endif()
endfunction()

# v100_fuzz(NAME SOURCES x_fuzz.cpp [DEPS ...] [CORPUS folder ...])
# With V100_FUZZ a libFuzzer program; else a test that replays tests/fuzz_corpus/NAME and, where
# V100_VECTORS is set, its folders named by CORPUS (relative to it).
function(v100_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;CORPUS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  v100_target_defaults(${name})
  v100_link(${name} PRIVATE ${ARG_DEPS})
  if(V100_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz_replay.cpp)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz_corpus/${name} ${ARG_CORPUS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
  endif()
endfunction()

# v100_bench(NAME SOURCES x_bench.cpp [DEPS ...]): a Google Benchmark program, built but not a test.
function(v100_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  find_package(benchmark QUIET)
  if(benchmark_FOUND AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    add_executable(${name} EXCLUDE_FROM_ALL ${ARG_SOURCES})
    v100_target_defaults(${name})
    v100_link(${name} PRIVATE ${ARG_DEPS} benchmark::benchmark)
  endif()
endfunction()
