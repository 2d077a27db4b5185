// Feeds bytes to the reader of signature files: what gets in writes itself back to the same bytes.
#include "main/keytool/signature_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  if (const auto file = keytool::read_signature_file(Bytes(data, size))) {
    CHECK(keytool::write_signature_file(*file) == as_text(Bytes(data, size)));
  }
  return 0;
}
