/* Makes a key, signs, verifies alone and in a batch, and agrees on a secret. Exit code 0: all well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <v100pq.h>

static void must(v100pq_status status, const char* what) {
  if (status != V100PQ_OK) {
    fprintf(stderr, "%s: %s\n", what, v100pq_message(status));
    exit(1);
  }
}

static void sign_and_verify(void) {
  const uint8_t context[] = "example";
  const uint8_t* messages[] = {(const uint8_t*)"one", (const uint8_t*)"two", (const uint8_t*)"six"};
  v100pq_private* key = NULL;
  v100pq_public* public_key = NULL;
  must(v100pq_keygen("ML-DSA-65", &key), "keygen");
  must(v100pq_public_of(key, &public_key), "public key");
  must(v100pq_prepare(public_key), "prepare");

  static uint8_t signatures[3][3309];
  v100pq_item items[3];
  for (int i = 0; i < 3; ++i) {
    size_t size = sizeof signatures[i];
    must(v100pq_sign(key, messages[i], 3, context, sizeof context - 1, signatures[i], &size),
         "sign");
    items[i] = (v100pq_item){public_key,  messages[i],   3,   context, sizeof context - 1,
                             signatures[i], size};
  }
  must(v100pq_verify(public_key, messages[0], 3, context, sizeof context - 1, signatures[0], 3309),
       "verify");
  signatures[1][100] ^= 1; /* one bad item changes only its own answer */
  v100pq_status results[3];
  must(v100pq_verify_batch(items, 3, results), "batch");
  if (results[0] != V100PQ_OK || results[1] != V100PQ_INVALID || results[2] != V100PQ_OK) {
    fprintf(stderr, "the batch's answers are wrong\n");
    exit(1);
  }

  size_t size = 0;
  if (v100pq_public_write(public_key, "pem", NULL, &size) != V100PQ_TOO_SMALL) {
    exit(1);
  }
  uint8_t* pem = malloc(size);
  must(v100pq_public_write(public_key, "pem", pem, &size), "write");
  fwrite(pem, 1, size, stdout);
  free(pem);
  v100pq_public_free(public_key);
  v100pq_private_free(key);
}

static void agree(void) {
  v100pq_private* key = NULL;
  v100pq_public* public_key = NULL;
  must(v100pq_keygen("ML-KEM-768", &key), "keygen");
  must(v100pq_public_of(key, &public_key), "public key");
  uint8_t ciphertext[1088], sent[32], received[32];
  size_t size = sizeof ciphertext;
  must(v100pq_encapsulate(public_key, ciphertext, &size, sent), "encapsulate");
  must(v100pq_decapsulate(key, ciphertext, size, received), "decapsulate");
  if (memcmp(sent, received, sizeof sent) != 0) {
    fprintf(stderr, "the secrets differ\n");
    exit(1);
  }
  v100pq_public_free(public_key);
  v100pq_private_free(key);
}

int main(void) {
  sign_and_verify();
  agree();
  printf("v100pq %s: all well\n", v100pq_version());
  return 0;
}
