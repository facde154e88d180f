// The kernels for processors with AVX2 and FMA; compiled with -mavx2 -mfma.
#include <immintrin.h>

typedef __m256 vec;

#define LANES 8
#define MOST_ROWS 6  // 12 of the 16 registers hold sums, two weights, one an input

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

// a / b^0.75, or a / b^0.5.
static inline vec divided(vec a, vec b, int three_quarters) {
  vec divisor = root(b);
  if (three_quarters) divisor *= root(divisor);
  return a / divisor;
}

#include "float32.h"

#include "words.h"

typedef __m256i whole;  // 8 numbers of 32 bits, 16 of 16, 32 of 8
typedef __m128i codes;  // the bytes of a panel

// Keeps the compiler from reordering sums, for which the registers would not do.
#define IN_ORDER(value) __asm__("" : "+x"(value))

static inline whole load_whole(const void *from) { return _mm256_loadu_si256(from); }
static inline void store_whole(void *to, whole value) { _mm256_storeu_si256(to, value); }
static inline whole add_32(whole a, whole b) { return _mm256_add_epi32(a, b); }
static inline whole largest_8(whole a, whole b) { return _mm256_max_epu8(a, b); }
static inline whole multiply_8(whole bytes, whole weights) { return _mm256_maddubs_epi16(bytes, weights); }
static inline whole add_products_16(whole sum, whole a, whole b) {
  return add_32(sum, _mm256_madd_epi16(a, b));
}
static inline whole widen_16(whole a) { return _mm256_madd_epi16(a, _mm256_set1_epi16(1)); }
static inline vec to_floats(whole a) { return _mm256_cvtepi32_ps(a); }
static inline whole four_bytes(const void *from) { return _mm256_castps_si256(_mm256_broadcast_ss(from)); }
static inline vec bytes_to_floats(const void *from) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from)));
}
// Rounded, and cut to 0 and `top`: the cut at 0 is a ReLU.
static inline codes to_codes(vec low, vec high, int top) {
  const whole words = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
  const codes bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  return _mm_min_epu8(_mm_shuffle_epi32(bytes, _MM_SHUFFLE(3, 1, 2, 0)), _mm_set1_epi8((char)top));
}
static inline void store_codes_whole(void *to, codes value) { _mm_storeu_si128(to, value); }
static inline void store_some_codes(void *to, codes value, int count) {
  uint8_t some[PANEL];
  store_codes_whole(some, value);
  memcpy(to, some, count);
}
static inline vec nearly_root(vec a) { return root(a); }
static inline vec nearly_divided(vec a, vec b, int three_quarters) { return divided(a, b, three_quarters); }

#define BYTE_BLOCKS "pairs.h"
#include "int8.h"

#define KERNELS kernels_avx2
#include "table.h"
