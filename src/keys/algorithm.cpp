// The table of algorithms: names, object identifiers (RFC 9881, 9935, 9909), sizes.
#include "keys/dispatch.h"

namespace v100::keys {
namespace {

constexpr Info table[] = {
    {Algorithm::mldsa44, "ML-DSA-44", Kind::mldsa, {3, 17}, 1312, 32, 2560, 2420, -48},
    {Algorithm::mldsa65, "ML-DSA-65", Kind::mldsa, {3, 18}, 1952, 32, 4032, 3309, -49},
    {Algorithm::mldsa87, "ML-DSA-87", Kind::mldsa, {3, 19}, 2592, 32, 4896, 4627, -50},
    {Algorithm::mlkem512, "ML-KEM-512", Kind::mlkem, {4, 1}, 800, 64, 1632, 768, 0},
    {Algorithm::mlkem768, "ML-KEM-768", Kind::mlkem, {4, 2}, 1184, 64, 2400, 1088, 0},
    {Algorithm::mlkem1024, "ML-KEM-1024", Kind::mlkem, {4, 3}, 1568, 64, 3168, 1568, 0},
    {Algorithm::slhdsa_sha2_128s, "SLH-DSA-SHA2-128s", Kind::slhdsa, {3, 20}, 32, 0, 64, 7856, 0},
    {Algorithm::slhdsa_sha2_128f, "SLH-DSA-SHA2-128f", Kind::slhdsa, {3, 21}, 32, 0, 64, 17088, 0},
    {Algorithm::slhdsa_sha2_192s, "SLH-DSA-SHA2-192s", Kind::slhdsa, {3, 22}, 48, 0, 96, 16224, 0},
    {Algorithm::slhdsa_sha2_192f, "SLH-DSA-SHA2-192f", Kind::slhdsa, {3, 23}, 48, 0, 96, 35664, 0},
    {Algorithm::slhdsa_sha2_256s, "SLH-DSA-SHA2-256s", Kind::slhdsa, {3, 24}, 64, 0, 128, 29792, 0},
    {Algorithm::slhdsa_sha2_256f, "SLH-DSA-SHA2-256f", Kind::slhdsa, {3, 25}, 64, 0, 128, 49856, 0},
    {Algorithm::slhdsa_shake_128s, "SLH-DSA-SHAKE-128s", Kind::slhdsa, {3, 26}, 32, 0, 64, 7856, 0},
    {Algorithm::slhdsa_shake_128f,
     "SLH-DSA-SHAKE-128f",
     Kind::slhdsa,
     {3, 27},
     32,
     0,
     64,
     17088,
     0},
    {Algorithm::slhdsa_shake_192s,
     "SLH-DSA-SHAKE-192s",
     Kind::slhdsa,
     {3, 28},
     48,
     0,
     96,
     16224,
     0},
    {Algorithm::slhdsa_shake_192f,
     "SLH-DSA-SHAKE-192f",
     Kind::slhdsa,
     {3, 29},
     48,
     0,
     96,
     35664,
     0},
    {Algorithm::slhdsa_shake_256s,
     "SLH-DSA-SHAKE-256s",
     Kind::slhdsa,
     {3, 30},
     64,
     0,
     128,
     29792,
     0},
    {Algorithm::slhdsa_shake_256f,
     "SLH-DSA-SHAKE-256f",
     Kind::slhdsa,
     {3, 31},
     64,
     0,
     128,
     49856,
     0},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if (table[i].algorithm != static_cast<Algorithm>(i)) {
      return false;
    }
  }
  return true;
}
static_assert(in_order());
static_assert(table[1].public_bytes == mldsa::Mldsa65::public_key_bytes);
static_assert(table[4].output_bytes == mlkem::Mlkem768::ct_bytes);
static_assert(table[17].output_bytes == slhdsa::Shake256f::params.signature_bytes());

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

const Info& info(Algorithm algorithm) noexcept {
  return table[static_cast<std::size_t>(algorithm)];
}

std::span<const Info> algorithms() noexcept { return table; }

Result<Algorithm> algorithm_by_name(std::string_view name) noexcept {
  for (const Info& row : table) {
    const std::string_view known = row.name;
    bool alike = known.size() == name.size();
    for (std::size_t i = 0; alike && i < name.size(); ++i) {
      alike = lower(known[i]) == lower(name[i]);
    }
    if (alike) {
      return row.algorithm;
    }
  }
  return fail(Errc::unsupported, "key: an algorithm that this build does not have");
}

}  // namespace v100::keys
