/* libv100pq: post-quantum keys, signatures and key agreement from C. ML-DSA (FIPS 204), SLH-DSA
 * (FIPS 205) and ML-KEM (FIPS 203), by the names of the standards: "ML-DSA-65",
 * "SLH-DSA-SHAKE-128f", "ML-KEM-768".
 *
 * Handles are opaque. A handle that nobody changes may be used by several threads at once; making
 * and freeing one is for one thread. All functions that can fail return a v100pq_status; on failure
 * nothing is written to outputs, sizes apart. Randomness comes from the kernel.
 *
 * Versions are semantic: within one major number (V100PQ_MAJOR, the soname's number) programs built
 * against an older header go on working. Major number 0 makes no promise yet. */
#ifndef V100PQ_H
#define V100PQ_H

#include <stddef.h>
#include <stdint.h>

#define V100PQ_MAJOR 0
#define V100PQ_MINOR 1
#define V100PQ_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

typedef enum v100pq_status {
  V100PQ_OK = 0,
  V100PQ_INVALID = 1,     /* the signature does not verify */
  V100PQ_MALFORMED = 2,   /* input that breaks its format, or a null pointer */
  V100PQ_UNSUPPORTED = 3, /* an algorithm or format that this build or this key does not have */
  V100PQ_TOO_SMALL = 4,   /* the output's size: *size now says how much is needed */
  V100PQ_NO_SEED = 5      /* the format asks for a seed that is not known */
} v100pq_status;

typedef struct v100pq_private v100pq_private;
typedef struct v100pq_public v100pq_public;

/* "0.1.0" of the library that runs, which may be newer than this header. */
const char* v100pq_version(void);
/* A sentence for people; never null. */
const char* v100pq_message(v100pq_status status);

/* Sizes in bytes. `output` is a signature's size, or for ML-KEM a ciphertext's. */
v100pq_status v100pq_sizes(const char* algorithm, size_t* public_key, size_t* output);

/* Keys. Every handle is freed once; private ones are wiped then. Freeing null does nothing. */
v100pq_status v100pq_keygen(const char* algorithm, v100pq_private** key);
v100pq_status v100pq_public_of(const v100pq_private* key, v100pq_public** out);
void v100pq_private_free(v100pq_private* key);
void v100pq_public_free(v100pq_public* key);
/* A static string. */
const char* v100pq_public_algorithm(const v100pq_public* key);

/* Key files: PEM, DER (PKCS#8, SPKI), JWK, COSE_Key, told apart by their first bytes; at most
 * 64 KiB. A private key's parts are checked against each other. */
v100pq_status v100pq_private_read(const uint8_t* file, size_t size, v100pq_private** key);
v100pq_status v100pq_public_read(const uint8_t* file, size_t size, v100pq_public** key);
/* `format` is "pem", "der", "jwk" or "cose". *size is the room at `out` before and the size after;
 * `out` may be null with *size 0 to ask for it. Wipe what holds a private key. */
v100pq_status v100pq_private_write(const v100pq_private* key, const char* format, uint8_t* out,
                                   size_t* size);
v100pq_status v100pq_public_write(const v100pq_public* key, const char* format, uint8_t* out,
                                  size_t* size);

/* Signatures, ML-DSA and SLH-DSA, pure and hedged. The context says what the signature is for: at
 * most 255 bytes, may be empty. */
v100pq_status v100pq_sign(const v100pq_private* key, const uint8_t* message, size_t message_size,
                          const uint8_t* context, size_t context_size, uint8_t* signature,
                          size_t* signature_size);
v100pq_status v100pq_verify(const v100pq_public* key, const uint8_t* message, size_t message_size,
                            const uint8_t* context, size_t context_size, const uint8_t* signature,
                            size_t signature_size);

/* Expands an ML-DSA key once, so that each further verification takes a fifth of the time (36 KiB
 * for ML-DSA-65). Not while another thread uses the key. Other keys: nothing happens. */
v100pq_status v100pq_prepare(v100pq_public* key);

/* Many at once, of any mix of keys and message sizes: faster than one by one, above all with
 * prepared keys. results[i] is what v100pq_verify would have returned for items[i]. */
typedef struct v100pq_item {
  const v100pq_public* key;
  const uint8_t* message;
  size_t message_size;
  const uint8_t* context;
  size_t context_size;
  const uint8_t* signature;
  size_t signature_size;
} v100pq_item;
v100pq_status v100pq_verify_batch(const v100pq_item* items, size_t count, v100pq_status* results);

/* Key agreement, ML-KEM. A changed ciphertext gives another secret and no error. */
v100pq_status v100pq_encapsulate(const v100pq_public* key, uint8_t* ciphertext,
                                 size_t* ciphertext_size, uint8_t secret[32]);
v100pq_status v100pq_decapsulate(const v100pq_private* key, const uint8_t* ciphertext,
                                 size_t ciphertext_size, uint8_t secret[32]);

#ifdef __cplusplus
}
#endif

#endif
