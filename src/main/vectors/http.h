// The readers of HTTP's formats: structured fields and message signatures.
#pragma once

#include "main/vectors/json.h"

namespace v100::vectors {

Result<void> run_structured(const Json& root, Tally& tally);
Result<void> run_httpsig(const Json& root, Tally& tally);
// A signed HTTP message, with its signature base as the file of expected results.
bool is_signed_message(const File& file);
void run_signed_message(const File& file, Tally& tally);

}  // namespace v100::vectors
