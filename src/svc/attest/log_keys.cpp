#include "svc/attest/log_keys.h"

namespace v100::attest {
namespace {

using merkle::SignatureType;
using merkle::Vkey;

constexpr Error spoiled{Errc::unavailable, "attest: a signature came out wrong twice"};

template <class P>
Result<Buffer> sign_checked(const mldsa::PreparedSigner<P>& signer,
                            const mldsa::PreparedVerifier<P>& check, Bytes message,
                            Random& random) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto signature = TRY(signer.sign(message, {}, mldsa::Hedge::fresh(random)));
    if (check.verify(message, {}, signature)) {
      return to_buffer(signature.bytes());
    }
  }
  return std::unexpected(spoiled);
}

}  // namespace

LogKeys::LogKeys(const mldsa::PrivateKey<mldsa::Mldsa65>& batch,
                 const mldsa::PrivateKey<mldsa::Mldsa44>& cosigner, slhdsa::PrivateKey<Daily> daily,
                 std::vector<Vkey> vkeys)
    : batch_(batch),
      batch_check_(batch.public_key()),
      cosigner_(cosigner),
      cosigner_check_(cosigner.public_key()),
      daily_(std::move(daily)),
      vkeys_(std::move(vkeys)) {}

Result<std::unique_ptr<LogKeys>> LogKeys::make(std::string_view name, const Secrets& secrets) {
  const auto bytes = secrets.expose();
  const auto batch =
      mldsa::PrivateKey<mldsa::Mldsa65>::from_seed(mldsa::Seed(bytes.subspan<0, 32>()));
  const auto cosigner =
      mldsa::PrivateKey<mldsa::Mldsa44>::from_seed(mldsa::Seed(bytes.subspan<32, 32>()));
  auto daily = slhdsa::PrivateKey<Daily>::from_seeds(
      slhdsa::PrivateKey<Daily>::Seeds(bytes.subspan<64, 48>()));
  std::vector<Vkey> vkeys;
  vkeys.push_back(TRY(Vkey::make(name, SignatureType::mldsa65_batch, batch.public_key().bytes())));
  vkeys.push_back(
      TRY(Vkey::make(name, SignatureType::mldsa44_cosignature, cosigner.public_key().bytes())));
  vkeys.push_back(TRY(Vkey::make(name, SignatureType::slhdsa_daily, daily.public_key().bytes())));
  return std::unique_ptr<LogKeys>(new LogKeys(batch, cosigner, std::move(daily), std::move(vkeys)));
}

std::string LogKeys::text() const {
  std::string out;
  for (const Vkey& key : vkeys_) {
    out.append(key.text()).append("\n");
  }
  return out;
}

Result<Buffer> LogKeys::sign_batch(Bytes message, Random& random) const {
  return sign_checked(batch_, batch_check_, message, random);
}

Result<Buffer> LogKeys::cosign(Bytes message, Random& random) const {
  return sign_checked(cosigner_, cosigner_check_, message, random);
}

Result<Buffer> LogKeys::sign_daily(Bytes message, Random& random) const {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto signature = TRY(daily_.sign(message, {}, slhdsa::Hedge::fresh(random)));
    if (daily_.public_key().verify(message, {}, signature)) {
      return to_buffer(signature.bytes());
    }
  }
  return std::unexpected(spoiled);
}

Result<void> LogKeys::verify_batch(Bytes message, Bytes signature) const {
  return batch_check_.verify(message, {}, TRY(mldsa::Signature<mldsa::Mldsa65>::parse(signature)));
}

}  // namespace v100::attest
