// Falcon §3.9.2, Algorithm 11 (ffSampling): the walk through the tree. S::pair samples two
// integers; everything else is arithmetic on vectors. Included after fft.inl.h.
//
// A node of 2^logn: L10 transformed (n doubles), the left subtree, the right one. A leaf: 1/sigma.

namespace v100::falcon {
namespace {

constexpr std::size_t tree_size(int logn) {
  return (static_cast<std::size_t>(logn) + 1) << static_cast<unsigned>(logn);
}

// out = t0 + (t1 - z1) l10
template <class T, int M>
inline void project(const double* t0, const double* t1, const double* z1, const double* l10,
                    double* out) {
  constexpr int step = sizeof(T) / sizeof(double);
  for (int u = 0; u < M; u += step) {
    const T d_re = load_as<T>(t1 + u) - load_as<T>(z1 + u);
    const T d_im = load_as<T>(t1 + M + u) - load_as<T>(z1 + M + u);
    const T l_re = load_as<T>(l10 + u), l_im = load_as<T>(l10 + M + u);
    store_as(out + u, load_as<T>(t0 + u) + (d_re * l_re - d_im * l_im));
    store_as(out + M + u, load_as<T>(t0 + M + u) + (d_re * l_im + d_im * l_re));
  }
}

template <int LOGN, class S>
inline void sample_node(S& sampler, const double* tree, const double* t0, const double* t1,
                        double* z0, double* z1, double* scratch);

template <int LOGN, class S>
inline void sample_inner(S& sampler, const double* tree, const double* t0, const double* t1,
                         double* z0, double* z1, double* s, double* rest) {
  constexpr int n = 1 << LOGN, half = n / 2;
  const double* left = tree + n;
  const double* right = left + tree_size(LOGN - 1);
  split_halves<n / 4>(t1, z1, z1 + half);
  sample_node<LOGN - 1>(sampler, right, z1, z1 + half, s, s + half, rest);
  merge_halves<n / 4>(s, s + half, z1);
  if constexpr (half >= doubles) {
    project<D, half>(t0, t1, z1, tree, s);
  } else {
    project<double, half>(t0, t1, z1, tree, s);
  }
  split_halves<n / 4>(s, z0, z0 + half);
  sample_node<LOGN - 1>(sampler, left, z0, z0 + half, s, s + half, rest);
  merge_halves<n / 4>(s, s + half, z0);
}

template <int LOGN, class S>
__attribute__((noinline)) void sample_large(S& sampler, const double* tree, const double* t0,
                                            const double* t1, double* z0, double* z1,
                                            double* scratch) {
  sample_inner<LOGN>(sampler, tree, t0, t1, z0, z1, scratch, scratch + (1 << LOGN));
}

template <int LOGN, class S>
inline void sample_node(S& sampler, const double* tree, const double* t0, const double* t1,
                        double* z0, double* z1, double* scratch) {
  if constexpr (LOGN == 1) {
    sampler.pair(t1[0], t1[1], tree[3], z1[0], z1[1]);
    double centre[2];
    project<double, 1>(t0, t1, z1, tree, centre);
    sampler.pair(centre[0], centre[1], tree[2], z0[0], z0[1]);
  } else if constexpr (LOGN == 2) {
    double local[4];
    sample_inner<LOGN>(sampler, tree, t0, t1, z0, z1, local, nullptr);
  } else {
    sample_large<LOGN>(sampler, tree, t0, t1, z0, z1, scratch);
  }
}

template <class S, int LOGN = 10>
inline void sample_any(S& sampler, const double* tree, const double* t0, const double* t1,
                       double* z0, double* z1, double* scratch, int logn) {
  if (logn == LOGN) {
    sample_node<LOGN>(sampler, tree, t0, t1, z0, z1, scratch);
  } else if constexpr (LOGN > 1) {
    sample_any<S, LOGN - 1>(sampler, tree, t0, t1, z0, z1, scratch, logn);
  }
}

}  // namespace
}  // namespace v100::falcon
