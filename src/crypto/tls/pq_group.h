// The TLS 1.3 group X25519MLKEM768 (0x11EC, draft-ietf-tls-ecdhe-mlkem) as an OpenSSL provider that
// is linked in. For OpenSSL 3.0 to 3.4; newer ones have the group themselves.
#pragma once

#include <openssl/types.h>

namespace v100::crypto {

inline constexpr int pq_group_id = 0x11ec;  // IANA TLS Supported Groups

// Adds and loads the provider "v100" in this library context, beside "default". Null: OpenSSL
// refused. The caller unloads it (OSSL_PROVIDER_unload) before it frees the context.
OSSL_PROVIDER* load_pq_group(OSSL_LIB_CTX* library) noexcept;

}  // namespace v100::crypto
