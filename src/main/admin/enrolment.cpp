#include "main/admin/enrolment.h"

#include "auth/key_id.h"
#include "base/text.h"
#include "crypto/keccak/keccak.h"
#include "keys/codec.h"

namespace v100::admin {
namespace {

constexpr std::string_view context = "V100 enrol v1";

Result<std::string> proof(const keys::PrivateKey& key, Bytes bound_to) {
  Buffer message = to_buffer(bound_to);
  append(message, auth::key_id_of(key.public_key()));
  const Buffer signature = TRY(keys::sign(key, message, as_bytes(context), nullptr));
  return "\"key\":" + keys::write_jwk(key.public_key()) + ",\"proof\":\"" +
         to_base64url(signature) + "\"";
}

}  // namespace

Result<std::string> proof_for_token(const keys::PrivateKey& key, const std::string& token) {
  const Buffer secret = TRY(from_base64url(token));
  ByteArray<32> hash;
  keccak::sha3_256(hash, {Bytes(secret)});
  return proof(key, hash);
}

Result<std::string> proof_for_rotation(const keys::PrivateKey& key, const std::string& old_id) {
  return proof(key, TRY(auth::parse_key_id(old_id)));
}

}  // namespace v100::admin
