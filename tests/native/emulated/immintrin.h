// The instructions of AVX-512 with VNNI that source/avx512.c uses, written down once more for processors that lack them:
// what they compute, by their manual, not how fast. Found before the compiler's header of the same name.
#include_next <immintrin.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef int32_t emulated_whole __attribute__((vector_size(64)));
typedef uint8_t emulated_bytes __attribute__((vector_size(64)));

static inline __m512 emulated_loadu_ps(const void *from) {
  __m512 value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline void emulated_storeu_ps(void *to, __m512 value) { memcpy(to, &value, sizeof value); }
static inline __m512 emulated_maskz_loadu_ps(__mmask16 mask, const float *from) {
  __m512 value = {0};
  for (int i = 0; i < 16; i++)
    if (mask >> i & 1) value[i] = from[i];
  return value;
}
static inline void emulated_mask_storeu_ps(float *to, __mmask16 mask, __m512 value) {
  for (int i = 0; i < 16; i++)
    if (mask >> i & 1) to[i] = value[i];
}
static inline __m512 emulated_max_ps(__m512 a, __m512 b) {
  for (int i = 0; i < 16; i++) a[i] = a[i] > b[i] ? a[i] : b[i];
  return a;
}
static inline __m512 emulated_sqrt_ps(__m512 a) {
  for (int i = 0; i < 16; i++) a[i] = sqrtf(a[i]);
  return a;
}
// As far off as the instruction may be: 2^-14.
static inline __m512 emulated_rsqrt14_ps(__m512 a) {
  for (int i = 0; i < 16; i++) a[i] = (1 + (i % 2 ? 6e-5f : -6e-5f)) / sqrtf(a[i]);
  return a;
}
static inline __m512 emulated_set1_ps(float value) { return value - (__m512){0}; }
static inline __m512i emulated_loadu_si512(const void *from) {
  __m512i value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline void emulated_storeu_si512(void *to, __m512i value) { memcpy(to, &value, sizeof value); }
static inline __m512i emulated_set1_epi32(int32_t value) { return (__m512i)(value - (emulated_whole){0}); }
static inline __m512i emulated_setzero_si512(void) { return emulated_set1_epi32(0); }
static inline __m512i emulated_max_epu8(__m512i a, __m512i b) {
  const emulated_bytes x = (emulated_bytes)a, y = (emulated_bytes)b;
  return (__m512i)((x & (emulated_bytes)(x > y)) | (y & (emulated_bytes)(x <= y)));
}
static inline __m512i emulated_max_epi32(__m512i a, __m512i b) {
  emulated_whole x = (emulated_whole)a, y = (emulated_whole)b;
  for (int i = 0; i < 16; i++) x[i] = x[i] > y[i] ? x[i] : y[i];
  return (__m512i)x;
}
static inline __m512i emulated_min_epi32(__m512i a, __m512i b) {
  emulated_whole x = (emulated_whole)a, y = (emulated_whole)b;
  for (int i = 0; i < 16; i++) x[i] = x[i] < y[i] ? x[i] : y[i];
  return (__m512i)x;
}
static inline __m512i emulated_dpbusd_epi32(__m512i sum, __m512i bytes, __m512i weights) {
  emulated_whole sums = (emulated_whole)sum;
  uint8_t a[64];
  int8_t b[64];
  memcpy(a, &bytes, sizeof a), memcpy(b, &weights, sizeof b);
  for (int i = 0; i < 64; i++) sums[i / 4] += a[i] * b[i];
  return (__m512i)sums;
}
static inline __m512i emulated_dpwssd_epi32(__m512i sum, __m512i one, __m512i other) {
  emulated_whole sums = (emulated_whole)sum;
  int16_t a[32], b[32];
  memcpy(a, &one, sizeof a), memcpy(b, &other, sizeof b);
  for (int i = 0; i < 32; i++) sums[i / 2] += a[i] * b[i];
  return (__m512i)sums;
}
static inline __m512 emulated_cvtepi32_ps(__m512i a) { return __builtin_convertvector((emulated_whole)a, __m512); }
static inline __m512i emulated_cvtps_epi32(__m512 a) {
  emulated_whole value;
  for (int i = 0; i < 16; i++) value[i] = fabsf(a[i]) < 2147483648.0f ? (int32_t)rintf(a[i]) : INT32_MIN;
  return (__m512i)value;
}
static inline __m512i emulated_cvtepu8_epi32(__m128i a) {
  uint8_t bytes[16];
  emulated_whole value;
  memcpy(bytes, &a, sizeof bytes);
  for (int i = 0; i < 16; i++) value[i] = bytes[i];
  return (__m512i)value;
}
static inline __m128i emulated_cvtepi32_epi8(__m512i a) {
  const emulated_whole value = (emulated_whole)a;
  uint8_t bytes[16];
  for (int i = 0; i < 16; i++) bytes[i] = (uint8_t)value[i];
  return _mm_loadu_si128((const __m128i *)bytes);
}
static inline void emulated_mask_storeu_epi8(void *to, __mmask32 mask, __m256i value) {
  uint8_t bytes[32];
  memcpy(bytes, &value, sizeof bytes);
  for (int i = 0; i < 32; i++)
    if (mask >> i & 1) ((uint8_t *)to)[i] = bytes[i];
}

#define _mm512_loadu_ps emulated_loadu_ps
#define _mm512_storeu_ps emulated_storeu_ps
#define _mm512_maskz_loadu_ps emulated_maskz_loadu_ps
#define _mm512_mask_storeu_ps emulated_mask_storeu_ps
#define _mm512_max_ps emulated_max_ps
#define _mm512_sqrt_ps emulated_sqrt_ps
#define _mm512_rsqrt14_ps emulated_rsqrt14_ps
#define _mm512_set1_ps emulated_set1_ps
#define _mm512_loadu_si512 emulated_loadu_si512
#define _mm512_storeu_si512 emulated_storeu_si512
#define _mm512_set1_epi32 emulated_set1_epi32
#define _mm512_setzero_si512 emulated_setzero_si512
#define _mm512_max_epu8 emulated_max_epu8
#define _mm512_max_epi32 emulated_max_epi32
#define _mm512_min_epi32 emulated_min_epi32
#define _mm512_dpbusd_epi32 emulated_dpbusd_epi32
#define _mm512_dpwssd_epi32 emulated_dpwssd_epi32
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_cvtps_epi32 emulated_cvtps_epi32
#define _mm512_cvtepu8_epi32 emulated_cvtepu8_epi32
#define _mm512_cvtepi32_epi8 emulated_cvtepi32_epi8
#define _mm256_mask_storeu_epi8 emulated_mask_storeu_epi8
