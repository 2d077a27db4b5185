// The rows of `v100 bench` for the lattice core.
#include <array>
#include <memory>

#include "base/bytes.h"
#include "crypto/keccak/keccak.h"
#include "main/bench.h"

namespace v100 {

void add_crypto_rows(std::vector<BenchRow>& rows) {
  const char* kernel = keccak::kernel_name();
  for (const std::size_t size : {std::size_t{32}, std::size_t{1200}}) {
    auto message = std::make_shared<Buffer>(size, std::uint8_t{7});
    const std::string suffix = std::to_string(size) + "B";
    rows.push_back({"sha3-256/hash/" + suffix, kernel, 1, [message] {
                      ByteArray<32> out;
                      keccak::sha3_256(out, {*message});
                    }});
    rows.push_back({"sha3-256/hash/" + suffix + "-batch", kernel, 32, [message] {
                      std::array<ByteArray<32>, 32> out;
                      std::vector<FixedMutBytes<32>> outs(out.begin(), out.end());
                      const std::vector<Bytes> messages(32, Bytes(*message));
                      keccak::sha3_256_batch(outs, messages);
                    }});
  }
  for (const std::size_t lanes : {std::size_t{1}, std::size_t{4}, std::size_t{8}}) {
    rows.push_back({"shake128/permute/x" + std::to_string(lanes), kernel, 16 * lanes, [lanes] {
                      keccak::ShakeBatch batch(keccak::rate_128, lanes);
                      const std::vector<Bytes> in(lanes, as_bytes("seed"));
                      batch.absorb(in);
                      static thread_local std::array<ByteArray<16 * keccak::rate_128>, 8> out;
                      std::vector<MutBytes> outs(out.begin(),
                                                 out.begin() + static_cast<long>(lanes));
                      batch.squeeze(outs);
                    }});
  }
}

}  // namespace v100
