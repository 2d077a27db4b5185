// Names, object identifiers, security levels and TLS code points of the algorithms.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "ossl_provider/tables.h"

namespace v100::ossl {
namespace {

struct Row {
  const char* names;
  const char* short_name;
  const char* oid;
};

// Names as OpenSSL 3.5 has them, so that its users' configurations fit.
constexpr Row rows[] = {
    {"ML-DSA-44:MLDSA44:id-ml-dsa-44:2.16.840.1.101.3.4.3.17", "id-ml-dsa-44",
     "2.16.840.1.101.3.4.3.17"},
    {"ML-DSA-65:MLDSA65:id-ml-dsa-65:2.16.840.1.101.3.4.3.18", "id-ml-dsa-65",
     "2.16.840.1.101.3.4.3.18"},
    {"ML-DSA-87:MLDSA87:id-ml-dsa-87:2.16.840.1.101.3.4.3.19", "id-ml-dsa-87",
     "2.16.840.1.101.3.4.3.19"},
    {"ML-KEM-512:MLKEM512:id-alg-ml-kem-512:2.16.840.1.101.3.4.4.1", "id-alg-ml-kem-512",
     "2.16.840.1.101.3.4.4.1"},
    {"ML-KEM-768:MLKEM768:id-alg-ml-kem-768:2.16.840.1.101.3.4.4.2", "id-alg-ml-kem-768",
     "2.16.840.1.101.3.4.4.2"},
    {"ML-KEM-1024:MLKEM1024:id-alg-ml-kem-1024:2.16.840.1.101.3.4.4.3", "id-alg-ml-kem-1024",
     "2.16.840.1.101.3.4.4.3"},
    {"SLH-DSA-SHA2-128s:id-slh-dsa-sha2-128s:2.16.840.1.101.3.4.3.20", "id-slh-dsa-sha2-128s",
     "2.16.840.1.101.3.4.3.20"},
    {"SLH-DSA-SHA2-128f:id-slh-dsa-sha2-128f:2.16.840.1.101.3.4.3.21", "id-slh-dsa-sha2-128f",
     "2.16.840.1.101.3.4.3.21"},
    {"SLH-DSA-SHA2-192s:id-slh-dsa-sha2-192s:2.16.840.1.101.3.4.3.22", "id-slh-dsa-sha2-192s",
     "2.16.840.1.101.3.4.3.22"},
    {"SLH-DSA-SHA2-192f:id-slh-dsa-sha2-192f:2.16.840.1.101.3.4.3.23", "id-slh-dsa-sha2-192f",
     "2.16.840.1.101.3.4.3.23"},
    {"SLH-DSA-SHA2-256s:id-slh-dsa-sha2-256s:2.16.840.1.101.3.4.3.24", "id-slh-dsa-sha2-256s",
     "2.16.840.1.101.3.4.3.24"},
    {"SLH-DSA-SHA2-256f:id-slh-dsa-sha2-256f:2.16.840.1.101.3.4.3.25", "id-slh-dsa-sha2-256f",
     "2.16.840.1.101.3.4.3.25"},
    {"SLH-DSA-SHAKE-128s:id-slh-dsa-shake-128s:2.16.840.1.101.3.4.3.26", "id-slh-dsa-shake-128s",
     "2.16.840.1.101.3.4.3.26"},
    {"SLH-DSA-SHAKE-128f:id-slh-dsa-shake-128f:2.16.840.1.101.3.4.3.27", "id-slh-dsa-shake-128f",
     "2.16.840.1.101.3.4.3.27"},
    {"SLH-DSA-SHAKE-192s:id-slh-dsa-shake-192s:2.16.840.1.101.3.4.3.28", "id-slh-dsa-shake-192s",
     "2.16.840.1.101.3.4.3.28"},
    {"SLH-DSA-SHAKE-192f:id-slh-dsa-shake-192f:2.16.840.1.101.3.4.3.29", "id-slh-dsa-shake-192f",
     "2.16.840.1.101.3.4.3.29"},
    {"SLH-DSA-SHAKE-256s:id-slh-dsa-shake-256s:2.16.840.1.101.3.4.3.30", "id-slh-dsa-shake-256s",
     "2.16.840.1.101.3.4.3.30"},
    {"SLH-DSA-SHAKE-256f:id-slh-dsa-shake-256f:2.16.840.1.101.3.4.3.31", "id-slh-dsa-shake-256f",
     "2.16.840.1.101.3.4.3.31"},
};
static_assert(std::size(rows) == algorithm_count);

const Row& row_of(keys::Algorithm algorithm) { return rows[static_cast<std::size_t>(algorithm)]; }

constexpr unsigned openssl_3_5 = 0x305;

int announce_group(keys::Algorithm algorithm, const char* group, unsigned id,
                   OSSL_CALLBACK* callback, void* arg) noexcept {
  unsigned bits = static_cast<unsigned>(security_bits(keys::info(algorithm)));
  unsigned is_kem = 1;
  int tls_min = 0x0304, tls_max = 0, dtls = -1;
  char* name = const_cast<char*>(group);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME, name, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, name, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_CAPABILITY_TLS_GROUP_ALG, name, 0),
      OSSL_PARAM_construct_uint(OSSL_CAPABILITY_TLS_GROUP_ID, &id),
      OSSL_PARAM_construct_uint(OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, &bits),
      OSSL_PARAM_construct_uint(OSSL_CAPABILITY_TLS_GROUP_IS_KEM, &is_kem),
      OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, &tls_min),
      OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, &tls_max),
      OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, &dtls),
      OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, &dtls),
      OSSL_PARAM_construct_end()};
  return callback(params, arg);
}

// Names of OpenSSL 3.2's provider-base(7), which 3.0's headers lack.
int announce_signature(keys::Algorithm algorithm, const char* iana, unsigned id,
                       OSSL_CALLBACK* callback, void* arg) noexcept {
  unsigned bits = static_cast<unsigned>(security_bits(keys::info(algorithm)));
  int tls_min = 0x0304, tls_max = 0;
  char* name = const_cast<char*>(iana);
  char* internal = const_cast<char*>(keys::info(algorithm).name);
  char* oid = const_cast<char*>(row_of(algorithm).oid);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("tls-sigalg-iana-name", name, 0),
                               OSSL_PARAM_construct_utf8_string("tls-sigalg-name", internal, 0),
                               OSSL_PARAM_construct_utf8_string("tls-sigalg-oid", oid, 0),
                               OSSL_PARAM_construct_uint("tls-sigalg-code-point", &id),
                               OSSL_PARAM_construct_uint("tls-sigalg-sec-bits", &bits),
                               OSSL_PARAM_construct_int("tls-min-tls", &tls_min),
                               OSSL_PARAM_construct_int("tls-max-tls", &tls_max),
                               OSSL_PARAM_construct_end()};
  return callback(params, arg);
}

}  // namespace

const char* algorithm_names(keys::Algorithm algorithm) noexcept { return row_of(algorithm).names; }

ObjectNames object_names(keys::Algorithm algorithm) noexcept {
  return {row_of(algorithm).oid, row_of(algorithm).short_name};
}

int security_bits(const keys::Info& info) noexcept {
  switch (info.algorithm) {
    case keys::Algorithm::mldsa44:
    case keys::Algorithm::mlkem512:
      return 128;
    case keys::Algorithm::mldsa65:
    case keys::Algorithm::mlkem768:
      return 192;
    case keys::Algorithm::mldsa87:
    case keys::Algorithm::mlkem1024:
      return 256;
    default:
      return static_cast<int>(info.public_bytes / 2 * 8);  // 8n
  }
}

bool serves(Structure structure, int selection) noexcept {
  if (selection == 0 || structure == Structure::text) {
    return true;
  }
  const bool wants_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
  const bool wants_public = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
  return structure == Structure::spki ? !wants_private && wants_public : wants_private;
}

// OpenSSL 3.5 has all of these itself; a second announcement would only shadow its own.
int announce_groups(const Provider& provider, OSSL_CALLBACK* callback, void* arg) noexcept {
  if (provider.version >= openssl_3_5) {
    return 1;
  }
  using keys::Algorithm;
  return crypto::announce_hybrid_group(callback, arg) == 1 &&
                 announce_group(Algorithm::mlkem512, "MLKEM512", 0x0200, callback, arg) == 1 &&
                 announce_group(Algorithm::mlkem768, "MLKEM768", 0x0201, callback, arg) == 1 &&
                 announce_group(Algorithm::mlkem1024, "MLKEM1024", 0x0202, callback, arg) == 1
             ? 1
             : 0;
}

int announce_signatures(const Provider& provider, OSSL_CALLBACK* callback, void* arg) noexcept {
  if (provider.version >= openssl_3_5) {
    return 1;
  }
  using keys::Algorithm;
  return announce_signature(Algorithm::mldsa44, "mldsa44", 0x0904, callback, arg) == 1 &&
                 announce_signature(Algorithm::mldsa65, "mldsa65", 0x0905, callback, arg) == 1 &&
                 announce_signature(Algorithm::mldsa87, "mldsa87", 0x0906, callback, arg) == 1
             ? 1
             : 0;
}

}  // namespace v100::ossl
