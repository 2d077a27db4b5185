// X25519 (RFC 7748) by libcrypto. Native builds only; browsers have it in WebCrypto.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace v100::x25519 {

// X25519(scalar, base point). The scalar is clamped inside; any 32 bytes do.
void public_key(FixedMutBytes<32> out, FixedBytes<32> scalar) noexcept;

// X25519(scalar, point). Forbidden when the result is all zeros, which a point of small order
// forces (RFC 7748 §6.1); `out` is then all zeros.
[[nodiscard]] Result<void> shared(FixedMutBytes<32> out, FixedBytes<32> scalar,
                                  FixedBytes<32> point) noexcept;

}  // namespace v100::x25519
