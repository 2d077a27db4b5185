// The numbers of the sampler over the integers. Falcon §3.9.3. Included after fft.inl.h.

namespace v100::falcon {
namespace {

// Table 3.1's 72-bit entries: upper 8 bits and lower 64.
struct BaseEntry {
  u64 high;
  u64 low;
};
constexpr BaseEntry base_entry(unsigned __int128 value) {
  return {static_cast<u64>(value >> 64), static_cast<u64>(value)};
}
constexpr unsigned __int128 wide(u64 thousands, u64 rest) {
  return static_cast<unsigned __int128>(thousands) * 1000000000000000000u + rest;
}
constexpr BaseEntry base_table[18] = {base_entry(wide(3024, 686241123004913666)),
                                      base_entry(wide(1564, 742784480091954050)),
                                      base_entry(wide(636, 254429462080897535)),
                                      base_entry(wide(199, 560484645026482916)),
                                      base_entry(wide(47, 667343854657281903)),
                                      base_entry(8595902006365044063u),
                                      base_entry(1163297957344668388u),
                                      base_entry(117656387352093658u),
                                      base_entry(8867391802663976u),
                                      base_entry(496969357462633u),
                                      base_entry(20680885154299u),
                                      base_entry(638331848991u),
                                      base_entry(14602316184u),
                                      base_entry(247426747u),
                                      base_entry(3104126u),
                                      base_entry(28824u),
                                      base_entry(198u),
                                      base_entry(1u)};

constexpr double inverse_twice_sigma0_squared =
    0.150865048875372721532312163019;  // sigma0 = 1.8205
constexpr double ln_2 = 0.693147180559945309417232121458;
constexpr double inverse_ln_2 = 1.44269504088896340735992468100;
// 1.5 times 2^52: adding this to a number within 2^51 of 0 rounds it to an integer, which is then
// the difference of the bit patterns.
constexpr double integer_shift = 6755399441055744.0;
constexpr long long integer_shift_bits = 0x4338000000000000;

// exp(-x) on -2^-14..ln 2 + 2^-14: interpolated at Chebyshev's points, off by less than 2^-50 of
// itself with all rounding (measured in falcon_test).
constexpr double exp_terms[12] = {
    0x1.0000000000000p+0,  -0x1.ffffffffffff8p-1,  0x1.ffffffffffb8ap-2,  -0x1.555555554640ep-3,
    0x1.555555520ae73p-5,  -0x1.111110a488477p-7,  0x1.6c16afabccaddp-10, -0x1.a018175614455p-13,
    0x1.9ff6984820b5fp-16, -0x1.702b11eb67ba0p-19, 0x1.1a7b7104f200cp-22, -0x1.31098585f46c0p-26};

template <class T>
inline T exp_negative(T x) {
  const auto pair = [&](int i) {
    return splat_as<T>(exp_terms[i]) + splat_as<T>(exp_terms[i + 1]) * x;
  };
  const T x2 = x * x;
  const T x4 = x2 * x2;
  const T low = pair(0) + pair(2) * x2;
  const T middle = pair(4) + pair(6) * x2;
  const T high = pair(8) + pair(10) * x2;
  return (low + middle * x4) + high * (x4 * x4);
}

// What a leaf and a centre make of SamplerZ's parameters.
struct Centre {
  double floor;
  double fraction;
  explicit Centre(double mu) {
    const double cut = static_cast<double>(static_cast<std::int64_t>(mu));
    floor = cut - (mu < cut ? 1.0 : 0.0);
    fraction = mu - floor;
  }
};
struct Width {
  double half_inverse_square;  // 1 / (2 sigma^2)
  double scale;                // sigma_min / sigma
  Width(double inverse_sigma, double sigma_min)
      : half_inverse_square(inverse_sigma * inverse_sigma * 0.5),
        scale(inverse_sigma * sigma_min) {}
};

}  // namespace
}  // namespace v100::falcon
