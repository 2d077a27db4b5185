// Arbitrary bytes as a proof, and an honest proof with arbitrary changes: nothing but the honest
// one passes, and nothing is read outside it.
#include <cstdlib>

#include "proof/test_case.h"

namespace {

using v100::Buffer;
using v100::Bytes;

struct Honest {
  v100::proof::TestCase test{20, 9, 21};
  Buffer proof;
  Honest() {
    v100::proof::TestRandom random(2);
    proof =
        *v100::proof::prove(v100::proof::Preset::bits100, test.statement, test.witness(), random);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Honest honest;
  const Bytes input(data, size);
  if (size == 0 || (input[0] & 1) != 0) {
    const bool good = v100::proof::verify(honest.test.statement, input).has_value();
    CHECK(!good || v100::same(input, honest.proof));
    return 0;
  }
  // Changes: three bytes where, one byte by what.
  Buffer changed = honest.proof;
  for (std::size_t at = 1; at + 4 <= size; at += 4) {
    const std::size_t where =
        data[at] | std::size_t{data[at + 1]} << 8 | std::size_t{data[at + 2]} << 16;
    changed[where % changed.size()] ^= data[at + 3];
  }
  if ((input[0] & 2) != 0) {
    changed.resize(changed.size() - (input[0] >> 2));
  }
  const bool good = v100::proof::verify(honest.test.statement, changed).has_value();
  CHECK(good == (changed == honest.proof));
  return 0;
}
