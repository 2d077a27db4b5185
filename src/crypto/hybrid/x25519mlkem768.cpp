#include "crypto/hybrid/x25519mlkem768.h"

#include <utility>

#include "base/world.h"
#include "crypto/hybrid/x25519.h"

namespace v100::x25519mlkem768 {

Client::Client(Random& random) noexcept : Client(random, mlkem::KeyPair<Mlkem>::generate(random)) {}

Client::Client(Random& random, mlkem::KeyPair<Mlkem> pair) noexcept : dk_(std::move(pair.dk)) {
  random.fill(scalar_.fill());
  const MutBytes share(share_);
  copy(share.first(Mlkem::ek_bytes), pair.ek.bytes());
  x25519::public_key(share.last<32>(), scalar_.expose());
}

Result<SharedSecret> Client::finish(Bytes server_share) const noexcept {
  if (server_share.size() != server_share_bytes) {
    return fail(Errc::malformed, "x25519mlkem768: server share has the wrong length");
  }
  SharedSecret secret;
  TRY(x25519::shared(secret.fill().last<32>(), scalar_.expose(), server_share.last<32>()));
  const mlkem::Ciphertext<Mlkem> ciphertext(server_share.first<Mlkem::ct_bytes>());
  copy(secret.fill().first<32>(), mlkem::decapsulate(dk_, ciphertext).expose());
  return secret;
}

Result<Answer> answer(Bytes client_share, Random& random) noexcept {
  if (client_share.size() != client_share_bytes) {
    return fail(Errc::malformed, "x25519mlkem768: client share has the wrong length");
  }
  const auto ek = TRY(mlkem::EncapsulationKey<Mlkem>::parse(client_share.first(Mlkem::ek_bytes)));
  xwing::X25519Scalar scalar;
  random.fill(scalar.fill());
  Answer result;
  const MutBytes share(result.share);
  TRY(x25519::shared(result.secret.fill().last<32>(), scalar.expose(), client_share.last<32>()));
  x25519::public_key(share.last<32>(), scalar.expose());
  const mlkem::Encapsulated<Mlkem> inner = mlkem::encapsulate(ek, random);
  copy(share.first(Mlkem::ct_bytes), inner.ciphertext.bytes());
  copy(result.secret.fill().first<32>(), inner.secret.expose());
  return result;
}

}  // namespace v100::x25519mlkem768
