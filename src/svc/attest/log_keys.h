// A log's signing keys, prepared: ML-DSA-65 for batches, ML-DSA-44 for checkpoints as other tools
// read them, SLH-DSA for the daily root.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/world.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/slhdsa/slhdsa.h"
#include "merkle/checkpoint.h"

namespace v100::attest {

// 170 KiB; on the heap. Stays where it is.
class LogKeys {
 public:
  using Daily = slhdsa::Shake128f;
  static constexpr std::size_t secret_bytes = 32 + 32 + 48;
  using Secrets = Secret<secret_bytes, struct LogSecretsTag>;  // seeds: ML-DSA-65, -44, SLH-DSA

  // `name` is the log's origin. malformed: a name that cannot stand in a note.
  static Result<std::unique_ptr<LogKeys>> make(std::string_view name, const Secrets& secrets);

  const std::string& name() const noexcept { return batch_key().name(); }
  std::span<const merkle::Vkey> vkeys() const noexcept { return vkeys_; }
  const merkle::Vkey& batch_key() const noexcept { return vkeys_[0]; }
  const merkle::Vkey& cosigner_key() const noexcept { return vkeys_[1]; }
  const merkle::Vkey& daily_key() const noexcept { return vkeys_[2]; }
  std::string text() const;  // a vkey a line

  // Signed, then verified with the public key: a signature that a fault spoiled never leaves
  // (and cannot leak the key). unavailable: two in a row were spoiled.
  Result<Buffer> sign_batch(Bytes message, Random& random) const;
  Result<Buffer> cosign(Bytes message, Random& random) const;
  Result<Buffer> sign_daily(Bytes message, Random& random) const;
  Result<void> verify_batch(Bytes message, Bytes signature) const;

 private:
  LogKeys(const mldsa::PrivateKey<mldsa::Mldsa65>& batch,
          const mldsa::PrivateKey<mldsa::Mldsa44>& cosigner, slhdsa::PrivateKey<Daily> daily,
          std::vector<merkle::Vkey> vkeys);
  mldsa::PreparedSigner<mldsa::Mldsa65> batch_;
  mldsa::PreparedVerifier<mldsa::Mldsa65> batch_check_;
  mldsa::PreparedSigner<mldsa::Mldsa44> cosigner_;
  mldsa::PreparedVerifier<mldsa::Mldsa44> cosigner_check_;
  slhdsa::PrivateKey<Daily> daily_;
  std::vector<merkle::Vkey> vkeys_;
};

}  // namespace v100::attest
