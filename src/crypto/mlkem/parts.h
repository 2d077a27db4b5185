// What the operations share: where the parts of a private key lie, and how secrets in working
// memory are marked and wiped. Internal to mlkem.
#pragma once

#include "base/bytes.h"
#include "base/ct.h"
#include "base/secret.h"

namespace v100::mlkem {

// Working memory that held secrets: wiped when it goes out of scope.
template <class T>
struct Wiped : T {
  Wiped() noexcept = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe_object(static_cast<T&>(*this)); }
};

// Marks secret bytes for the constant-time checker while a function works with them.
class Poisoned {
 public:
  explicit Poisoned(Bytes secret) noexcept : secret_(secret) { ct::poison(secret_); }
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;
  ~Poisoned() { ct::unpoison(secret_); }

 private:
  Bytes secret_;
};

// An expanded private key: s || ek || H(ek) || z.
template <class P>
struct DkParts {
  explicit DkParts(FixedBytes<P::dk_bytes> dk) noexcept
      : s(dk.template first<384 * P::k>()),
        ek(dk.template subspan<384 * P::k, P::ek_bytes>()),
        h(dk.template subspan<768 * P::k + 32, 32>()),
        z(dk.template last<32>()) {}
  FixedBytes<384 * P::k> s;
  FixedBytes<P::ek_bytes> ek;
  FixedBytes<32> h;
  FixedBytes<32> z;
};

}  // namespace v100::mlkem
