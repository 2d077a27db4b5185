#include "parallel/parallel.h"

#include <algorithm>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <vector>

#include "base/world.h"

namespace v100::parallel {
namespace {

// Whole groups of eight lanes, and so much work (50 µs and more) that waking a thread is worth it.
constexpr std::size_t verify_block = 32;
constexpr std::size_t sign_block = 16;  // its time varies with rejections: smaller parts even out
constexpr std::size_t keygen_block = 16;
constexpr std::size_t kem_block = 64;

// More than there are would only make oneTBB complain on standard error.
int threads_to_use(unsigned wanted) noexcept {
  const int all = tbb::info::default_concurrency();
  return wanted == 0 ? all : std::min(all, static_cast<int>(wanted));
}

// Hands `body`, a lambda over (first, count), through the pool's plain function pointer.
template <class Body>
void run(Pool& pool, std::size_t items, std::size_t block, Body body) {
  pool.spread(
      items, block,
      [](void* context, std::size_t first, std::size_t count) {
        (*static_cast<Body*>(context))(first, count);
      },
      &body);
}

}  // namespace

struct Pool::Threads {
  explicit Threads(int count) : arena(count) {}
  tbb::task_arena arena;
};

Pool::Pool(unsigned threads) : threads_(std::make_unique<Threads>(threads_to_use(threads))) {}
Pool::~Pool() = default;

unsigned Pool::threads() const noexcept {
  return static_cast<unsigned>(threads_->arena.max_concurrency());
}

void Pool::spread(std::size_t items, std::size_t block, Work work, void* context) {
  CHECK(block > 0);
  if (items <= block || threads() == 1) {
    if (items > 0) {
      work(context, 0, items);
    }
    return;
  }
  const std::size_t blocks = (items + block - 1) / block;
  threads_->arena.execute([&] {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, blocks),
                      [&](const tbb::blocked_range<std::size_t>& range) {
                        const std::size_t first = range.begin() * block;
                        work(context, first, std::min(range.end() * block, items) - first);
                      });
  });
}

template <class P>
void verify_batch(Pool& pool, std::span<const mldsa::VerifyItem<P>> items,
                  std::span<mldsa::Verdict> out) {
  CHECK(items.size() == out.size());
  run(pool, items.size(), verify_block, [&](std::size_t first, std::size_t count) {
    mldsa::verify_batch<P>(items.subspan(first, count), out.subspan(first, count));
  });
}

template <class P>
void sign_batch(Pool& pool, std::span<const mldsa::SignItem<P>> items,
                std::span<mldsa::Verdict> out) {
  CHECK(items.size() == out.size());
  run(pool, items.size(), sign_block, [&](std::size_t first, std::size_t count) {
    mldsa::sign_batch<P>(items.subspan(first, count), out.subspan(first, count));
  });
}

template <class P>
void keygen_batch(Pool& pool, std::span<const mldsa::Seed> seeds,
                  std::span<std::optional<mldsa::PrivateKey<P>>> out) {
  CHECK(seeds.size() == out.size());
  run(pool, seeds.size(), keygen_block, [&](std::size_t first, std::size_t count) {
    mldsa::keygen_batch<P>(seeds.subspan(first, count), out.subspan(first, count));
  });
}

template <class P>
void verify_batch(Pool& pool, std::span<const falcon::VerifyItem<P>> items,
                  std::span<falcon::Verdict> out) {
  CHECK(items.size() == out.size());
  run(pool, items.size(), verify_block, [&](std::size_t first, std::size_t count) {
    falcon::verify_batch<P>(items.subspan(first, count), out.subspan(first, count));
  });
}

template <class P>
void decapsulate_batch(Pool& pool, std::span<mlkem::SharedSecret> outs,
                       std::span<const mlkem::Received<P>> received) {
  CHECK(outs.size() == received.size());
  run(pool, outs.size(), kem_block, [&](std::size_t first, std::size_t count) {
    mlkem::decapsulate_batch<P>(outs.subspan(first, count), received.subspan(first, count));
  });
}

template <class P>
void encapsulate_batch(Pool& pool, std::span<mlkem::Encapsulated<P>> outs,
                       std::span<const mlkem::Recipient<P>> to, Random& random) {
  CHECK(outs.size() == to.size());
  std::vector<mlkem::Message> messages(outs.size());
  for (mlkem::Message& m : messages) {
    random.fill(m.fill());
  }
  run(pool, outs.size(), kem_block, [&](std::size_t first, std::size_t count) {
    mlkem::encapsulate_batch_internal<P>(outs.subspan(first, count), to.subspan(first, count),
                                         std::span(messages).subspan(first, count));
  });
}

#define V100_PARALLEL_MLDSA(P)                                                \
  template void verify_batch<P>(Pool&, std::span<const mldsa::VerifyItem<P>>, \
                                std::span<mldsa::Verdict>);                   \
  template void sign_batch<P>(Pool&, std::span<const mldsa::SignItem<P>>,     \
                              std::span<mldsa::Verdict>);                     \
  template void keygen_batch<P>(Pool&, std::span<const mldsa::Seed>,          \
                                std::span<std::optional<mldsa::PrivateKey<P>>>);
V100_PARALLEL_MLDSA(mldsa::Mldsa44)
V100_PARALLEL_MLDSA(mldsa::Mldsa65)
V100_PARALLEL_MLDSA(mldsa::Mldsa87)
#undef V100_PARALLEL_MLDSA

template void verify_batch<falcon::Falcon512>(
    Pool&, std::span<const falcon::VerifyItem<falcon::Falcon512>>, std::span<falcon::Verdict>);
template void verify_batch<falcon::Falcon1024>(
    Pool&, std::span<const falcon::VerifyItem<falcon::Falcon1024>>, std::span<falcon::Verdict>);

#define V100_PARALLEL_MLKEM(P)                                                 \
  template void decapsulate_batch<P>(Pool&, std::span<mlkem::SharedSecret>,    \
                                     std::span<const mlkem::Received<P>>);     \
  template void encapsulate_batch<P>(Pool&, std::span<mlkem::Encapsulated<P>>, \
                                     std::span<const mlkem::Recipient<P>>, Random&);
V100_PARALLEL_MLKEM(mlkem::Mlkem512)
V100_PARALLEL_MLKEM(mlkem::Mlkem768)
V100_PARALLEL_MLKEM(mlkem::Mlkem1024)
#undef V100_PARALLEL_MLKEM

}  // namespace v100::parallel
