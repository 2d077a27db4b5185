// Batch records as recovery finds them on a disk.
#include "svc/attest/batch_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using attest::BatchRecord;
  if (size >= BatchRecord::size) {
    if (const auto record =
            attest::parse_record(FixedBytes<BatchRecord::size>(data, BatchRecord::size))) {
      Buffer again;
      attest::append_record(again, *record);
      CHECK(same(again, {data, BatchRecord::size}));
    }
  }
  return 0;
}
