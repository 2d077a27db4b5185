// Batches of the crypto core spread over threads by oneTBB. crypto itself stays pure: it starts no
// thread and knows of none. Results are those of the batches alone, item by item and in order.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "crypto/falcon/falcon.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"

namespace v100::parallel {

// Threads for batches. Serves any number of calls, from several threads at once. oneTBB starts its
// threads when they are first needed and shares them among pools; the caller works too.
class Pool {
 public:
  // Threads in all, the caller included; 0, or more than this process may run at once: that many.
  explicit Pool(unsigned threads);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();
  unsigned threads() const noexcept;

  // Calls work(context, first, count) for parts of `block` items (the last is shorter) until all
  // of `items` are done, on several threads at once; returns when all have returned. What is not
  // more than one block is done by the caller alone, with no thread woken.
  using Work = void (*)(void* context, std::size_t first, std::size_t count);
  void spread(std::size_t items, std::size_t block, Work work, void* context);

 private:
  struct Threads;
  std::unique_ptr<Threads> threads_;
};

// As the functions of the same name in crypto. Items may point to the same keys; `out` of items
// that are signed must not overlap. Each thread needs the stack that the batch alone needs.
template <class P>
void verify_batch(Pool& pool, std::span<const mldsa::VerifyItem<P>> items,
                  std::span<mldsa::Verdict> out);
template <class P>
void sign_batch(Pool& pool, std::span<const mldsa::SignItem<P>> items,
                std::span<mldsa::Verdict> out);
template <class P>
void keygen_batch(Pool& pool, std::span<const mldsa::Seed> seeds,
                  std::span<std::optional<mldsa::PrivateKey<P>>> out);
template <class P>
void verify_batch(Pool& pool, std::span<const falcon::VerifyItem<P>> items,
                  std::span<falcon::Verdict> out);
template <class P>
void decapsulate_batch(Pool& pool, std::span<mlkem::SharedSecret> outs,
                       std::span<const mlkem::Received<P>> received);
// Randomness is drawn by the calling thread, in one piece: a Random belongs to one thread.
template <class P>
void encapsulate_batch(Pool& pool, std::span<mlkem::Encapsulated<P>> outs,
                       std::span<const mlkem::Recipient<P>> to, Random& random);

}  // namespace v100::parallel
