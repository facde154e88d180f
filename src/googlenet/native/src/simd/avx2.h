// AVX2 and FMA: see scalar.h for what each operation does.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define VNAME "avx2"
#define VLEN 8
#define VLEN_I16 16
#define VROWS 6  // 12 of the 16 registers hold sums, two weights, one an input
#define VUNROLL 1
#define VDPBUSD 0

typedef __m256 vreg;
typedef __m256i vi16;
typedef __m128i vpanel;

#define VKEEP(value) __asm__("" : "+x"(value))

static inline __m256i as_i(vreg a) { return _mm256_castps_si256(a); }
static inline vreg as_v(__m256i a) { return _mm256_castsi256_ps(a); }
static inline __m256i first_lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vreg vload(const void *from) { return _mm256_loadu_ps(from); }
static inline void vstore(void *to, vreg a) { _mm256_storeu_ps(to, a); }
static inline vreg vload_n(const float *from, int count) {
  return count >= VLEN ? vload(from) : _mm256_maskload_ps(from, first_lanes(count));
}
static inline void vstore_n(float *to, vreg a, int count) {
  if (count >= VLEN)
    vstore(to, a);
  else
    _mm256_maskstore_ps(to, first_lanes(count), a);
}
static inline vreg vload1(const void *from) {
  float value;
  memcpy(&value, from, sizeof value);
  return _mm256_set1_ps(value);
}
static inline vreg vzero(void) { return _mm256_setzero_ps(); }
static inline vreg vset1_f32(float value) { return _mm256_set1_ps(value); }
static inline vreg vadd_f32(vreg a, vreg b) { return _mm256_add_ps(a, b); }
static inline vreg vsub_f32(vreg a, vreg b) { return _mm256_sub_ps(a, b); }
static inline vreg vmul_f32(vreg a, vreg b) { return _mm256_mul_ps(a, b); }
static inline vreg vfma_f32(vreg a, vreg b, vreg c) { return _mm256_fmadd_ps(a, b, c); }
static inline vreg vmax_f32(vreg a, vreg b) { return _mm256_max_ps(a, b); }
static inline vreg vsqrt_f32(vreg a) { return _mm256_sqrt_ps(a); }
static inline vreg vrsqrt_f32(vreg a) { return _mm256_div_ps(vset1_f32(1), _mm256_sqrt_ps(a)); }
static inline vreg vsqrt_approx_f32(vreg a) { return vsqrt_f32(a); }
static inline vreg vrsqrt_approx_f32(vreg a) { return vrsqrt_f32(a); }

static inline vreg vcvt_f32_i32(vreg a) { return _mm256_cvtepi32_ps(as_i(a)); }
static inline vreg vload_f32_u8(const uint8_t *from) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from)));
}
static inline vreg vmax_u8(vreg a, vreg b) { return as_v(_mm256_max_epu8(as_i(a), as_i(b))); }
// Sums of two products of a byte without sign and one with sign, in 16 bits.
static inline vreg vmaddubs(vreg a, vreg b) { return as_v(_mm256_maddubs_epi16(as_i(a), as_i(b))); }
static inline vreg vadd_i16(vreg a, vreg b) { return as_v(_mm256_add_epi16(as_i(a), as_i(b))); }
// Adds two neighbours of 16 bits to each sum of 32.
static inline vreg vwiden_i16(vreg sum, vreg a) {
  return as_v(_mm256_add_epi32(as_i(sum), _mm256_madd_epi16(as_i(a), _mm256_set1_epi16(1))));
}
static inline vreg vdpwssd(vreg sum, vreg a, vreg b) {
  return as_v(_mm256_add_epi32(as_i(sum), _mm256_madd_epi16(as_i(a), as_i(b))));
}

static inline vpanel vpack_u8(vreg low, vreg high, float qmax) {
  const vreg most = vset1_f32(qmax);
  const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(_mm256_min_ps(low, most)),
                                           _mm256_cvtps_epi32(_mm256_min_ps(high, most)));
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  return _mm_shuffle_epi32(bytes, _MM_SHUFFLE(3, 1, 2, 0));
}
static inline void vstore_u8(uint8_t *to, vpanel a) { _mm_storeu_si128((__m128i *)to, a); }
static inline void vstore_u8_n(uint8_t *to, vpanel a, int count) {
  uint8_t bytes[16];
  vstore_u8(bytes, a);
  memcpy(to, bytes, (size_t)count);
}

static inline vi16 vi16_load_u8(const uint8_t *from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from));
}
static inline void vi16_store(int16_t *to, vi16 a) { _mm256_storeu_si256((__m256i *)to, a); }
static inline vi16 vi16_add(vi16 a, vi16 b) { return _mm256_add_epi16(a, b); }
static inline vi16 vi16_sub(vi16 a, vi16 b) { return _mm256_sub_epi16(a, b); }
static inline vi16 vi16_shl(vi16 a, int bits) { return _mm256_slli_epi16(a, bits); }
