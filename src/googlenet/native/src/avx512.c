// The kernels for processors with AVX-512 and VNNI; compiled with -mavx512f -mavx512bw -mavx512vl -mavx512dq
// -mavx512vnni -mavx2 -mfma.
#include <immintrin.h>

typedef __m512 vec;

#define LANES 16
#ifndef MOST_ROWS
#define MOST_ROWS 8  // 16 of the 32 registers hold sums; there are 15 others for the addresses of inputs
#endif

static inline vec load(const float *from) { return _mm512_loadu_ps(from); }
static inline void store(float *to, vec value) { _mm512_storeu_ps(to, value); }
static inline vec largest(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec root(vec a) { return _mm512_sqrt_ps(a); }

static inline __mmask16 first_lanes(int count) { return (__mmask16)((1u << count) - 1); }
static inline vec load_some(const float *from, int count) {
  return count >= LANES ? load(from) : _mm512_maskz_loadu_ps(first_lanes(count), from);
}
static inline void store_some(float *to, vec value, int count) {
  if (count >= LANES)
    store(to, value);
  else
    _mm512_mask_storeu_ps(to, first_lanes(count), value);
}

// 1 / the root: an estimate to 2^-14 and a step of Newton's, an eighth of what a root and a division take.
static inline vec inverse_root(vec a) {
  const vec estimate = _mm512_rsqrt14_ps(a);
  return estimate * (1.5f - 0.5f * a * estimate * estimate);
}
// a / b^0.75, or a / b^0.5.
static inline vec divided(vec a, vec b, int three_quarters) {
  vec factor = inverse_root(b);
  if (three_quarters) factor *= factor * inverse_root(factor);
  return a * factor;
}

#include "float32.h"
#include "words.h"

typedef __m512i whole;  // 16 numbers of 32 bits, 32 of 16, 64 of 8
typedef __m256i codes;  // the bytes of a panel

#ifdef __AVX512F__
// Keeps the compiler from copying sums to other registers.
#define IN_ORDER(value) __asm__("" : "+v"(value))
#else
#define IN_ORDER(value)  // the instructions are emulated: tests/kernels
#endif

static inline whole load_whole(const void *from) { return _mm512_loadu_si512(from); }
static inline void store_whole(void *to, whole value) { _mm512_storeu_si512(to, value); }
static inline whole largest_8(whole a, whole b) { return _mm512_max_epu8(a, b); }
static inline whole add_products_8(whole sum, whole bytes, whole weights) {
  return _mm512_dpbusd_epi32(sum, bytes, weights);
}
static inline whole add_products_16(whole sum, whole a, whole b) { return _mm512_dpwssd_epi32(sum, a, b); }
static inline vec to_floats(whole a) { return _mm512_cvtepi32_ps(a); }
static inline whole four_bytes(const void *from) {
  int32_t bytes;
  memcpy(&bytes, from, sizeof bytes);
  return _mm512_set1_epi32(bytes);
}
static inline vec bytes_to_floats(const void *from) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from)));
}
// Rounded, and cut to 0 and `top`: the cut at 0 is a ReLU.
static inline __m128i to_bytes(vec a, __m512i top) {
  return _mm512_cvtepi32_epi8(_mm512_min_epi32(_mm512_max_epi32(_mm512_cvtps_epi32(a), _mm512_setzero_si512()), top));
}
static inline codes to_codes(vec low, vec high, int top) {
  const __m512i tops = _mm512_set1_epi32(top);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(to_bytes(low, tops)), to_bytes(high, tops), 1);
}
static inline void store_codes_whole(void *to, codes value) { _mm256_storeu_si256(to, value); }
static inline void store_some_codes(void *to, codes value, int count) {
  _mm256_mask_storeu_epi8(to, (__mmask32)((1u << count) - 1), value);
}

// To 2^-14, far below the step of a code.
static inline vec nearly_root(vec a) { return a * _mm512_rsqrt14_ps(largest(a, _mm512_set1_ps(1e-30f))); }
// a / b^0.75, or a / b^0.5.
static inline vec nearly_divided(vec a, vec b, int three_quarters) {
  vec factor = _mm512_rsqrt14_ps(b);
  if (three_quarters) factor *= factor * _mm512_rsqrt14_ps(factor);
  return a * factor;
}

#define BYTE_BLOCKS "vnni.h"
#include "int8.h"

#define KERNELS kernels_avx512
#include "table.h"
