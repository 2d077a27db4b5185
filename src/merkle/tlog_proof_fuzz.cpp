// tlog-proofs: what is taken is written back byte for byte.
#include "merkle/tlog_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::merkle;
  const std::string_view text = as_text({data, size});
  if (const auto proof = parse_tlog_proof(text)) {
    CHECK(write_tlog_proof(*proof) == text);
  }
  return 0;
}
