// The inverse negacyclic transform of 16, 32 or 64 values modulo t = 65537, sixteen columns at a
// time. A kernel file defines V, sixteen signed 32-bit lanes, and
//   splat add sub mul low16 high16 above_minus load_bytes load_reversed first_lane store
// in an anonymous namespace, then includes this.
//
// Bounds. 2^16 = -1, so that x = high·2^16 + low is low - high: fold() brings any 32-bit x into
// [-2^15, 2^16 + 2^15], centre() further into [-2^15 - 64, 2^15] (for |x| < 2^22 the fold gives
// [-64, 2^16 + 63]). A sum of sums stays below 64·1.5·2^16 < 2^23; a factor that is multiplied by a
// root (at most 2^15) is centred first: the product is below 2^31.

inline V fold(V x) { return sub(low16(x), high16(x)); }
inline V centre(V x) { return above_minus(fold(x), 32768, 65537); }

template <int slots>
inline void columns(std::int32_t* out, std::size_t column, V* v, const SlotTables& t) {
  for (int m = slots / 2, s = 1; m >= 1; m /= 2, s *= 2) {
    for (int i = 0; i < m; ++i) {
      const V w = splat(t.inverse_roots[m + i]);
      for (int j = 2 * i * s; j < 2 * i * s + s; ++j) {
        const V difference = sub(v[j], v[j + s]);
        v[j] = add(v[j], v[j + s]);
        v[j + s] = fold(mul(centre(difference), w));
      }
    }
  }
  const V scale = splat(t.scale);
  for (int i = 0; i < slots; ++i) {
    store(out + 128 * i + static_cast<int>(column), centre(mul(centre(v[i]), scale)));
  }
}

template <int slots>
void encode_template_in(std::int32_t* out, const std::int8_t* const* rows, const SlotTables& t) {
  for (std::size_t column = 0; column < 128; column += 16) {
    V v[slots];
    for (int u = 0; u < slots; ++u) {
      v[u] = load_bytes(rows[u] + column);
    }
    columns<slots>(out, column, v, t);
  }
}

template <int slots>
void encode_probe_in(std::int32_t* out, const std::int8_t* const* rows, const SlotTables& t) {
  for (std::size_t column = 0; column < 128; column += 16) {
    V v[slots];
    for (int u = 0; u < slots; ++u) {
      const V row = load_reversed(rows[u], column);
      const V scaled = centre(mul(row, splat(t.slot_inverses[u])));
      v[u] = column == 0 ? first_lane(row, scaled) : scaled;
    }
    columns<slots>(out, column, v, t);
  }
}

void encode_template(std::int32_t* out, const std::int8_t* const* rows, const SlotTables& t) {
  switch (t.slots) {
    case 16:
      return encode_template_in<16>(out, rows, t);
    case 32:
      return encode_template_in<32>(out, rows, t);
    default:
      return encode_template_in<64>(out, rows, t);
  }
}

void encode_probe(std::int32_t* out, const std::int8_t* const* rows, const SlotTables& t) {
  switch (t.slots) {
    case 16:
      return encode_probe_in<16>(out, rows, t);
    case 32:
      return encode_probe_in<32>(out, rows, t);
    default:
      return encode_probe_in<64>(out, rows, t);
  }
}
