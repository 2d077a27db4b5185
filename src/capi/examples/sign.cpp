// The same from C++: handles in unique_ptr, and a root of trust that signs with SLH-DSA and is read
// back from its PEM file. Exit code 0: all well.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <v100pq.h>
#include <vector>

namespace {

struct Free {
  void operator()(v100pq_private* key) const { v100pq_private_free(key); }
  void operator()(v100pq_public* key) const { v100pq_public_free(key); }
};
using Private = std::unique_ptr<v100pq_private, Free>;
using Public = std::unique_ptr<v100pq_public, Free>;
using Bytes = std::vector<std::uint8_t>;

void must(v100pq_status status) {
  if (status != V100PQ_OK) {
    std::fprintf(stderr, "%s\n", v100pq_message(status));
    std::exit(1);
  }
}

Private generate(const std::string& algorithm) {
  v100pq_private* key = nullptr;
  must(v100pq_keygen(algorithm.c_str(), &key));
  return Private(key);
}

Public public_of(const Private& key) {
  v100pq_public* out = nullptr;
  must(v100pq_public_of(key.get(), &out));
  return Public(out);
}

Bytes sign(const Private& key, const std::string& message, std::size_t size) {
  Bytes signature(size);
  must(v100pq_sign(key.get(), reinterpret_cast<const std::uint8_t*>(message.data()), message.size(),
                   nullptr, 0, signature.data(), &size));
  return signature;
}

v100pq_status verify(const Public& key, const std::string& message, const Bytes& signature) {
  return v100pq_verify(key.get(), reinterpret_cast<const std::uint8_t*>(message.data()),
                       message.size(), nullptr, 0, signature.data(), signature.size());
}

}  // namespace

int main() {
  const std::string algorithm = "SLH-DSA-SHAKE-128f";
  std::size_t public_bytes = 0, signature_bytes = 0;
  must(v100pq_sizes(algorithm.c_str(), &public_bytes, &signature_bytes));
  const Private key = generate(algorithm);

  std::size_t size = 0;
  v100pq_private_write(key.get(), "pem", nullptr, &size);
  Bytes pem(size);
  must(v100pq_private_write(key.get(), "pem", pem.data(), &size));
  v100pq_private* again = nullptr;
  must(v100pq_private_read(pem.data(), pem.size(), &again));
  const Private read(again);

  const Bytes signature = sign(read, "root", signature_bytes);
  const Public pub = public_of(key);
  must(verify(pub, "root", signature));
  if (verify(pub, "rot", signature) != V100PQ_INVALID ||
      v100pq_keygen("RSA", &again) != V100PQ_UNSUPPORTED) {
    return 1;
  }
  std::printf("%s, %zu bytes: all well\n", v100pq_public_algorithm(pub.get()), signature.size());
  return 0;
}
