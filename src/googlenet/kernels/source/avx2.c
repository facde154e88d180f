// The kernels for processors with AVX2 and FMA; compiled with -mavx2 -mfma.
#include <immintrin.h>

typedef __m256 vec;

#define LANES 8
#define MOST_ROWS 6  // 12 of the 16 registers hold sums, two weights, one an input
#define NAME(x) x##_avx2

static inline vec load(const float *from) { return _mm256_loadu_ps(from); }
static inline void store(float *to, vec value) { _mm256_storeu_ps(to, value); }
static inline vec largest(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec root(vec a) { return _mm256_sqrt_ps(a); }

static inline __m256i first_lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vec load_some(const float *from, int count) {
  return count >= LANES ? load(from) : _mm256_maskload_ps(from, first_lanes(count));
}
static inline void store_some(float *to, vec value, int count) {
  if (count >= LANES)
    store(to, value);
  else
    _mm256_maskstore_ps(to, first_lanes(count), value);
}

#include "float32.h"
