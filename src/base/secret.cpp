#include "base/secret.h"

namespace v100 {

void wipe(MutBytes bytes) noexcept {
  if (bytes.empty()) {
    return;
  }
  std::memset(bytes.data(), 0, bytes.size());
  __asm__ volatile("" : : "r"(bytes.data()) : "memory");
}

}  // namespace v100
