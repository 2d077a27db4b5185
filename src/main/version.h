// What this build is. The commit is read when CMake configures, and is "unknown" outside a
// checkout.
#pragma once

namespace v100 {

extern const char* const version;   // "0.1.0"
extern const char* const commit;    // abbreviated git commit
extern const char* const compiler;  // "Clang 19.1.7"

}  // namespace v100
