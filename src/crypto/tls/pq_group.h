// The TLS 1.3 group X25519MLKEM768 (0x11EC, draft-ietf-tls-ecdhe-mlkem) as an OpenSSL provider that
// is linked in. For OpenSSL 3.0 to 3.4; newer ones have the group themselves.
#pragma once

#include <openssl/core.h>
#include <openssl/types.h>

namespace v100::crypto {

inline constexpr int pq_group_id = 0x11ec;  // IANA TLS Supported Groups

// Adds and loads the provider "v100" in this library context, beside "default". Null: OpenSSL
// refused. The caller unloads it (OSSL_PROVIDER_unload) before it frees the context.
OSSL_PROVIDER* load_pq_group(OSSL_LIB_CTX* library) noexcept;

// For a provider that offers the group among other things: its tables of key management and key
// encapsulation, and what it tells of the group. The tables' functions take a ProviderContext, or
// something that begins with one, as their provider's context.
struct ProviderContext {
  OSSL_LIB_CTX* library = nullptr;  // where libcrypto's X25519 and randomness are; null: default
};
struct HybridTables {
  const OSSL_DISPATCH* keymgmt;
  const OSSL_DISPATCH* kem;
};
HybridTables hybrid_tables() noexcept;
int announce_hybrid_group(OSSL_CALLBACK* callback, void* arg) noexcept;

}  // namespace v100::crypto
