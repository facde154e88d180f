// AVX-512 (F, BW, VL, DQ) with VNNI: see scalar.h for what each operation does.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define VNAME "avx512vnni"
#define VLEN 16
#define VLEN_I16 16
#define VROWS 8  // 16 of the 32 registers hold sums; there are 15 others for the addresses of inputs
#define VUNROLL 1
#define VDPBUSD 1

typedef __m512 vreg;
typedef __m256i vi16;
typedef __m256i vpanel;

#define VKEEP(value) __asm__("" : "+v"(value))

static inline __m512i as_i(vreg a) { return _mm512_castps_si512(a); }
static inline vreg as_v(__m512i a) { return _mm512_castsi512_ps(a); }
static inline __mmask16 first_lanes(int count) { return (__mmask16)((1u << count) - 1); }

static inline vreg vload(const void *from) { return _mm512_loadu_ps(from); }
static inline void vstore(void *to, vreg a) { _mm512_storeu_ps(to, a); }
static inline vreg vload_n(const float *from, int count) {
  return count >= VLEN ? vload(from) : _mm512_maskz_loadu_ps(first_lanes(count), from);
}
static inline void vstore_n(float *to, vreg a, int count) {
  if (count >= VLEN)
    vstore(to, a);
  else
    _mm512_mask_storeu_ps(to, first_lanes(count), a);
}
static inline vreg vload1(const void *from) {
  float value;
  memcpy(&value, from, sizeof value);
  return _mm512_set1_ps(value);
}
static inline vreg vzero(void) { return _mm512_setzero_ps(); }
static inline vreg vset1_f32(float value) { return _mm512_set1_ps(value); }
static inline vreg vadd_f32(vreg a, vreg b) { return _mm512_add_ps(a, b); }
static inline vreg vsub_f32(vreg a, vreg b) { return _mm512_sub_ps(a, b); }
static inline vreg vmul_f32(vreg a, vreg b) { return _mm512_mul_ps(a, b); }
static inline vreg vfma_f32(vreg a, vreg b, vreg c) { return _mm512_fmadd_ps(a, b, c); }
static inline vreg vmax_f32(vreg a, vreg b) { return _mm512_max_ps(a, b); }
// An estimate to 2^-14, and a step of Newton's: an eighth of what a root and a division take.
static inline vreg vrsqrt_f32(vreg a) {
  const vreg estimate = _mm512_rsqrt14_ps(a), half = vmul_f32(vset1_f32(-0.5f), a);
  return vmul_f32(estimate, vfma_f32(vmul_f32(half, estimate), estimate, vset1_f32(1.5f)));
}
static inline vreg vsqrt_f32(vreg a) { return vmul_f32(a, vrsqrt_f32(a)); }
static inline vreg vrsqrt_approx_f32(vreg a) { return _mm512_rsqrt14_ps(a); }
static inline vreg vsqrt_approx_f32(vreg a) { return vmul_f32(a, _mm512_rsqrt14_ps(vmax_f32(a, vset1_f32(1e-30f)))); }

static inline vreg vcvt_f32_i32(vreg a) { return _mm512_cvtepi32_ps(as_i(a)); }
static inline vreg vload_f32_u8(const uint8_t *from) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)from)));
}
static inline vreg vmax_u8(vreg a, vreg b) { return as_v(_mm512_max_epu8(as_i(a), as_i(b))); }
static inline vreg vdpbusd(vreg sum, vreg a, vreg b) {
  return as_v(_mm512_dpbusd_epi32(as_i(sum), as_i(a), as_i(b)));
}
static inline vreg vdpwssd(vreg sum, vreg a, vreg b) {
  return as_v(_mm512_dpwssd_epi32(as_i(sum), as_i(a), as_i(b)));
}

static inline __m128i to_u8(vreg a, vreg most) {
  const __m512i whole = _mm512_cvtps_epi32(_mm512_min_ps(a, most));
  return _mm512_cvtepi32_epi8(_mm512_max_epi32(whole, _mm512_setzero_si512()));
}
static inline vpanel vpack_u8(vreg low, vreg high, float qmax) {
  const vreg most = vset1_f32(qmax);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(to_u8(low, most)), to_u8(high, most), 1);
}
static inline void vstore_u8(uint8_t *to, vpanel a) { _mm256_storeu_si256((__m256i *)to, a); }
static inline void vstore_u8_n(uint8_t *to, vpanel a, int count) {
  _mm256_mask_storeu_epi8(to, (__mmask32)((1u << count) - 1), a);
}

static inline vi16 vi16_load_u8(const uint8_t *from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from));
}
static inline void vi16_store(int16_t *to, vi16 a) { _mm256_storeu_si256((__m256i *)to, a); }
static inline vi16 vi16_add(vi16 a, vi16 b) { return _mm256_add_epi16(a, b); }
static inline vi16 vi16_sub(vi16 a, vi16 b) { return _mm256_sub_epi16(a, b); }
static inline vi16 vi16_shl(vi16 a, int bits) { return _mm256_slli_epi16(a, bits); }
