// The 60 digits that two people compare, and their QR text (docs/spec/e2ee.md §9).
#pragma once

#include <string>

#include "e2ee/ids.h"

namespace v100::e2ee {

// Twelve groups of five digits with single spaces. The order of the two does not matter.
std::string comparison_digits(const Fingerprint& a, const Fingerprint& b);
// "v100:code:" and the digits without spaces.
std::string comparison_qr(const Fingerprint& a, const Fingerprint& b);

}  // namespace v100::e2ee
