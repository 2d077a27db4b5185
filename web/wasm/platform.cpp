// What the core needs from a platform, where there is none: no imports, so a failed CHECK, a failed
// allocation or a library assertion ends in a trap, which JavaScript sees as a RuntimeError.
#include <cstdlib>
#include <new>

#include "base/check.h"
#include "base/cpu.h"
#include "base/secret.h"
#include "web/wasm/abi.h"

namespace v100 {

void check_failed(const char*, const char*, int) noexcept { __builtin_trap(); }

// Unused: the kernels of a WASM build are chosen at compile time.
Isa cpu_isa() noexcept { return Isa::portable; }
const char* name(Isa) noexcept { return "portable"; }

}  // namespace v100

void* operator new(std::size_t size) {
  void* p = std::malloc(size == 0 ? 1 : size);
  if (p == nullptr) {
    __builtin_trap();
  }
  return p;
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

// libc++'s own would print, and so pull in stdio and its imports.
_LIBCPP_BEGIN_NAMESPACE_STD
void __libcpp_verbose_abort(const char*, ...) { __builtin_trap(); }
_LIBCPP_END_NAMESPACE_STD

// 16-byte aligned memory for arguments; 0 when there is none left.
V100_EXPORT(v100_alloc)(std::size_t size)->void* { return std::malloc(size == 0 ? 1 : size); }

// Wipes, then frees.
V100_EXPORT(v100_free)(std::uint8_t* p, std::size_t size)->void {
  if (p != nullptr) {
    v100::wipe(v100::wasm::out(p, size));
    std::free(p);
  }
}

// Overwrites the dead part of the stack, where earlier calls had their locals. Objects that hold
// secrets wipe themselves; this is for what the compiler spilled beside them.
V100_EXPORT(v100_scrub)()->void {
  std::uint8_t dead[256 * 1024];
  v100::wipe(dead);
}
