// Solving the NTRU equation f G - g F = q. Falcon §3.8.2. Not a front door.
#pragma once

#include <cstdint>

namespace v100::falcon {

// F and G with coefficients in -127..127 for f and g of n = 2^logn (logn 2 to 10) coefficients in
// that range. False if there is none or this method does not find one: about one (f, g) in twenty,
// whose values then show in nothing but that. Needs 120 KiB of stack.
bool solve_ntru(const std::int8_t* f, const std::int8_t* g, std::int8_t* big_f, std::int8_t* big_g,
                int logn) noexcept;

}  // namespace v100::falcon
