// The reader of Falcon's known answers in NIST's form (round 3; a draft).
#pragma once

#include <string_view>

#include "main/vectors/vectors.h"

namespace v100::vectors {

bool is_falcon_text(std::string_view content);
void run_falcon_text(std::string_view content, Tally& tally);

}  // namespace v100::vectors
