// The encrypted match: 32 (at N = 8192: 64) inner products of 128 bytes in one product of a BFV
// ciphertext. Each user has a slot Z_t[X]/(X^128 - z_u) of the plaintext ring, in which a probe
// times a template has the inner product as its constant coefficient. These are the coefficients 0,
// 128, 256, … of the whole product, and nothing else of its first component is sent: no rotations.
//
// Packer encrypts, Matcher multiplies and masks, KeyHolder decrypts to accept bits. Each may live
// in its own process. Objects with scratch space serve one thread at a time; references outlive
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "he/bfv/bfv.h"
#include "svc/match/kernel.h"
#include "svc/match/vector.h"

namespace v100::match {

namespace bfv = he::bfv;

const char* kernel_name() noexcept;

// Rows to plaintext coefficients, n centred numbers. rows.size() is slots(); none is null.
class Packing {
 public:
  explicit Packing(const bfv::Params& params);  // t = 65537 (CHECK)
  std::size_t slots() const noexcept { return tables_.slots; }
  void encode_template(std::span<std::int32_t> out, std::span<const Row* const> rows) const;
  void encode_probe(std::span<std::int32_t> out, std::span<const Row* const> rows) const;
  // z_u, for scores: the constant coefficient of slot u.
  std::uint64_t slot_root(std::size_t u) const noexcept { return roots_[u]; }

 private:
  SlotTables tables_{};
  std::vector<std::uint64_t> roots_;
};

// Bits of uniform noise that a mask adds to each returned coefficient. The noise it hides is below
// 2^32 for plain templates and below 2^43 for encrypted ones (six sigma).
inline constexpr unsigned flood_bits_plain = 72;
inline constexpr unsigned flood_bits_encrypted = 75;

// A one-time encryption of zero that hides which templates a result came from: without it c1'/c1 is
// the template polynomial. Used once (Matcher::match takes it by rvalue).
struct Mask {
  bfv::RnsPoly add1;
  bfv::RnsPoly add2;  // for encrypted templates only
  he::Poly sums{0};   // limbs · slots
  bool fresh = false;
};

class MaskMaker {
 public:
  MaskMaker(const bfv::Params& params, const bfv::PublicKey& key, Random& random);
  ~MaskMaker();
  void make(Mask& out);            // for plain templates
  void make_encrypted(Mask& out);  // for encrypted ones

 private:
  struct Flood {
    unsigned bits;
    std::vector<he::Poly> matrices;  // per limb: from 2·slots + 1 numbers to slots block sums
  };
  Flood make_flood(unsigned bits) const;
  void zero_pair(bfv::RnsPoly& a, bfv::RnsPoly* b, he::Poly* sums);
  void flood(he::Poly& sums, const Flood& flood);
  const bfv::Params& params_;
  const bfv::PublicKey& key_;
  std::size_t slots_;
  bfv::Noise noise_;
  Flood plain_;
  Flood encrypted_;
  std::vector<std::int8_t> u_;
  std::vector<std::int8_t> e_;
  bfv::RnsPoly scratch_;
  he::Poly numbers_;
};

// What the matcher sends to the key holder.
struct Answer {
  bfv::RnsPoly c1;
  bfv::RnsPoly c2;   // no limbs with plain templates
  he::Poly sums{0};  // limbs · slots: c0's block sums in transform order
};

// Templates of one batch as a factor: transformed, times 2^52, loosely reduced.
struct TemplateBatch {
  bfv::RnsPoly t0;
  bfv::RnsPoly t1;  // no limbs when the templates are plain
};

class Matcher {
 public:
  explicit Matcher(const bfv::Params& params);
  std::size_t slots() const noexcept { return packing_.slots(); }
  // For any `slots` users: from their rows, on the fly. Null: an empty slot, whose score is 0.
  void assemble(TemplateBatch& out, std::span<const Row* const> rows);
  // probe has two parts. The mask must be fresh and of the templates' kind (CHECK), and is spent.
  void match(Answer& out, const bfv::Ciphertext& probe, const TemplateBatch& templates,
             Mask&& mask);

 private:
  const bfv::Params& params_;
  Packing packing_;
  std::vector<std::int32_t> plain_;
};

class KeyHolder {
 public:
  KeyHolder(const bfv::Params& params, const bfv::SecretKey& key);
  ~KeyHolder();
  std::size_t slots() const noexcept { return packing_.slots(); }
  // Bit u: score u is at least thresholds[u]. The scores themselves stay inside.
  std::uint64_t accept(const Answer& answer, std::span<const std::int32_t> thresholds);
  // Bit u: |score u| <= limit. For projections.
  std::uint64_t within(const Answer& answer, std::int32_t limit);
  // For tests and demonstrations; a key holder that runs this for others gives away hill climbing.
  void scores(std::span<std::int32_t> out, const Answer& answer);

 private:
  void decrypt(const Answer& answer);
  const bfv::Params& params_;
  const bfv::SecretKey& key_;
  Packing packing_;
  std::vector<he::Poly> to_coefficients_;  // per limb
  he::Poly to_slots_;                      // modulo t
  he::Modulus t_;
  he::Poly y_;
  he::Poly z_;
  std::vector<std::int32_t> scores_;
};

class Packer {
 public:
  Packer(const bfv::Params& params, Random& random);
  std::size_t slots() const noexcept { return packing_.slots(); }
  // Forbidden: a row is longer than norm_squared_max. Null: an empty slot.
  Result<void> encrypt(bfv::Ciphertext& out, std::span<const Row* const> rows,
                       const bfv::PublicKey& key);
  Result<void> encrypt(bfv::Ciphertext& out, std::span<const Row* const> rows,
                       const bfv::SecretKey& key);
  // With a zero from a pool, which is spent: most of the work was done before the probe came.
  struct Zero {
    bfv::Ciphertext c;
    bool fresh = false;
  };
  template <class Key>
  void prepare(Zero& out, const Key& key) {
    if (out.c.parts.empty()) {
      out.c = bfv::make_ciphertext(params_, 2);
    }
    encryptor_.zero(out.c, key);
    out.fresh = true;
  }
  Result<void> encrypt(bfv::Ciphertext& out, std::span<const Row* const> rows, Zero&& zero);
  // Without the check of norms: what a hostile packer would do. For the attack tests.
  void encrypt_unchecked(bfv::Ciphertext& out, bfv::Plain m, const bfv::PublicKey& key);
  // Templates as a ciphertext T + t·e under the public key (BGV's form): a TemplateBatch that the
  // matcher cannot read. Forbidden as above.
  Result<void> encrypt_templates(TemplateBatch& out, std::span<const Row* const> rows,
                                 const bfv::PublicKey& key);

 private:
  Result<void> encode(std::span<const Row* const> rows);
  const bfv::Params& params_;
  Packing packing_;
  bfv::Encryptor encryptor_;
  std::vector<std::int32_t> plain_;
};

}  // namespace v100::match
