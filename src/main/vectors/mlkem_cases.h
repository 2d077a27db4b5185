// ML-KEM as test files ask for it, for a parameter set known by name or by key size. Shared by the
// ACVP, KAT, Wycheproof and CCTV readers. Errors mean that the library refused an input.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::vectors {

struct MlkemKeys {
  Buffer ek;
  Buffer dk;
};
struct MlkemSent {
  Buffer c;
  Buffer k;
};

class MlkemSet {
 public:
  static std::optional<MlkemSet> by_name(std::string_view name);  // "ML-KEM-768"
  static std::optional<MlkemSet> by_ek_bytes(std::size_t bytes);
  static std::optional<MlkemSet> by_dk_bytes(std::size_t bytes);

  Result<MlkemKeys> keygen(Bytes seed) const;  // d || z
  Result<MlkemSent> encapsulate(Bytes ek, Bytes m) const;
  Result<Buffer> decapsulate(Bytes dk, Bytes c) const;
  Result<void> check_ek(Bytes ek) const;
  Result<void> check_dk(Bytes dk) const;

 private:
  explicit MlkemSet(int k) : k_(k) {}
  int k_;  // 2, 3, 4
};

}  // namespace v100::vectors
