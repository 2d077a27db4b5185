// The attest service of `v100 serve`: its keys and name from the data folder, its log on the disk.
#pragma once

#include <memory>

#include "main/services.h"

namespace v100 {

// Null, with parts.problem set, when keys or log cannot be used.
std::unique_ptr<Service> open_attest(Parts& parts);

}  // namespace v100
