// Receipts, leaves and ids: parsed, refused or verified, never trusted half.
#include "merkle/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::merkle;
  const Bytes input(data, size);
  if (const auto extra = decode_extra(input)) {
    CHECK(same(encode_extra(*extra), input));
  }
  if (const auto leaf = decode_leaf(input)) {
    LeafContent again;
    encode_leaf(again, leaf->leaf, leaf->salt);
    CHECK(same(again, input));
  }
  if (const auto reference = parse_reference(as_text(input))) {
    CHECK(reference->id() == as_text(input));
  }
  static const ByteArray<1312> no_key{};
  static const Vkey key = Vkey::make("log", SignatureType::mldsa44_cosignature, no_key).value();
  (void)verify_receipt(as_text(input), std::span(&key, 1));
  return 0;
}
