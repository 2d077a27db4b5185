// The rows of `v100 bench` for the match engine.
#include <cstring>
#include <memory>

#include "he/ring64/ring64.h"
#include "main/bench.h"

namespace v100 {

void add_engine_rows(std::vector<BenchRow>& rows) {
  const char* kernel = he::ring64_kernel_name();
  // 47 bits: the size that needs no reduction in the forward transform; 50: the largest.
  constexpr std::uint64_t prime_47 = 140737488273409;   // 2^47 - 81919, 1 mod 8192
  constexpr std::uint64_t prime_50 = 1125899906826241;  // 2^50 - 16383, 1 mod 8192
  for (const auto& [q, name] : {std::pair(prime_47, "47"), std::pair(prime_50, "50")}) {
    Result<he::Ntt> made = he::Ntt::make(4096, q);
    CHECK(made.has_value());
    auto ntt = std::make_shared<he::Ntt>(std::move(*made));
    auto x = std::make_shared<he::Poly>(4096);
    auto y = std::make_shared<he::Poly>(4096);
    const std::string prefix = std::string("engine/ntt4096-") + name + "/";
    rows.push_back({prefix + "forward", kernel, 1, [ntt, x] { ntt->forward(*x); }});
    rows.push_back({prefix + "forward-loose", kernel, 1, [ntt, x, y] {
                      std::memcpy(y->data(), x->data(),
                                  4096 * 8);  // what comes out may not go in again
                      ntt->forward_loose(y->data());
                    }});
    rows.push_back({prefix + "inverse", kernel, 1, [ntt, x] { ntt->inverse(*x); }});
    rows.push_back({prefix + "multiply-add", kernel, 1, [ntt, x, y] {
                      ntt->multiply_add(x->data(), x->data(), y->data(), y->data());
                    }});
  }
}

}  // namespace v100
