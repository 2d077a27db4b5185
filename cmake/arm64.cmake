# Cross build for AArch64 (preset arm64): clang with Debian's cross C++ library, tests under qemu. The
# libraries that the cryptography's tests need lie in build/arm64-root (scripts/setup.sh, arm64_root).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_ASM_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

get_filename_component(V100_ARM64_ROOT ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-root ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${V100_ARM64_ROOT}/usr ${V100_ARM64_ROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(v100_arm64_headers "-isystem ${V100_ARM64_ROOT}/usr/include -isystem ${V100_ARM64_ROOT}/usr/include/aarch64-linux-gnu")
set(CMAKE_C_FLAGS_INIT "${v100_arm64_headers}")
set(CMAKE_CXX_FLAGS_INIT "${v100_arm64_headers}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${V100_ARM64_ROOT}/usr/lib/aarch64-linux-gnu")

find_program(V100_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
set(CMAKE_CROSSCOMPILING_EMULATOR ${V100_QEMU} -L /usr/aarch64-linux-gnu
    -E LD_LIBRARY_PATH=${V100_ARM64_ROOT}/usr/lib/aarch64-linux-gnu)
