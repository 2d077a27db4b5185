// What arrives from outside: an encapsulation, a public key and a ciphertext of any suite. Nothing
// of it may crash, and nothing that was not sealed may open.
#include <cstdlib>

#include "crypto/hpke/hpke.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  if (size < 3) {
    return 0;
  }
  constexpr std::uint16_t kems[] = {0x10, 0x11, 0x12, 0x20, 0x21, 0x40, 0x41, 0x42, 0x50, 0x647a};
  constexpr std::uint16_t kdfs[] = {1, 2, 3, 0x10, 0x11};
  constexpr std::uint16_t aeads[] = {1, 2, 3, 0xffff};
  const auto suite =
      hpke::Suite::from_ids(kems[data[0] % 10], kdfs[data[1] % 5], aeads[data[1] / 5 % 4]);
  const Bytes input(data + 3, size - 3);
  Buffer ikm(64, data[2]);
  const auto pair = hpke::derive_key_pair(suite->kem, Bytes(ikm).first(64));
  if (!pair || pair->private_key.size() > 64) {
    return 0;  // P-521 wants 66 bytes
  }
  if (auto receiver =
          hpke::setup_receiver(*suite, input, pair->private_key.expose(), {.info = {}})) {
    if (receiver->open({}, input).has_value()) {
      std::abort();
    }
  }
  const Buffer randomness(64, 9);
  for (const std::size_t bytes : {32u, 48u, 56u, 64u}) {
    if (auto sender =
            hpke::setup_sender_internal(*suite, input, {}, Bytes(randomness).first(bytes))) {
      (void)sender->context.seal({}, input);
    }
  }
  return 0;
}
