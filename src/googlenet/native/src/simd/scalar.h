// The operations that kernels are written in, in plain C11: for processors without a header of their own, and the
// reference for those that have one. A new instruction set is one header with these names; see kernels.c.
#include <math.h>
#include <stdint.h>
#include <string.h>

#define VNAME "scalar"
#define VLEN 4        // numbers of 32 bits in a register
#define VLEN_I16 8    // numbers of 16 bits in a register of Winograd's transforms
#define VROWS 4       // pixels of a block: its sums are 2 * VROWS registers
#define VUNROLL 0     // whether loops over registers must be unrolled; there are none here
#define VDPBUSD 1     // whether there is vdpbusd; else vmaddubs, vadd_i16 and vwiden_i16

typedef union {
  float f32[4];
  int32_t i32[4];
  int16_t i16[8];
  int8_t i8[16];
  uint8_t u8[16];
} vreg;
typedef struct {
  int16_t i16[8];
} vi16;
typedef struct {
  uint8_t u8[8];
} vpanel;  // the bytes of a panel

#define EACH_LANE(count) for (int lane = 0; lane < (count); lane++)

// Nothing here; elsewhere it keeps a compiler from moving sums out of their registers.
#define VKEEP(value) ((void)0)

static inline vreg vload(const void *from) {
  vreg a;
  memcpy(&a, from, sizeof a);
  return a;
}
static inline void vstore(void *to, vreg a) { memcpy(to, &a, sizeof a); }
// The first `count` numbers, zeros behind them; all of them where there are more than VLEN.
static inline vreg vload_n(const float *from, int count) {
  vreg a = {{0}};
  EACH_LANE(count < VLEN ? count : VLEN) a.f32[lane] = from[lane];
  return a;
}
static inline void vstore_n(float *to, vreg a, int count) {
  EACH_LANE(count < VLEN ? count : VLEN) to[lane] = a.f32[lane];
}
// The four bytes there, in every lane.
static inline vreg vload1(const void *from) {
  vreg a;
  memcpy(&a.i32[0], from, 4);
  EACH_LANE(VLEN) a.i32[lane] = a.i32[0];
  return a;
}
static inline vreg vzero(void) { return (vreg){{0}}; }
static inline vreg vset1_f32(float value) {
  vreg a;
  EACH_LANE(VLEN) a.f32[lane] = value;
  return a;
}
static inline vreg vadd_f32(vreg a, vreg b) {
  EACH_LANE(VLEN) a.f32[lane] += b.f32[lane];
  return a;
}
static inline vreg vsub_f32(vreg a, vreg b) {
  EACH_LANE(VLEN) a.f32[lane] -= b.f32[lane];
  return a;
}
static inline vreg vmul_f32(vreg a, vreg b) {
  EACH_LANE(VLEN) a.f32[lane] *= b.f32[lane];
  return a;
}
// a * b + c.
static inline vreg vfma_f32(vreg a, vreg b, vreg c) {
  EACH_LANE(VLEN) c.f32[lane] += a.f32[lane] * b.f32[lane];
  return c;
}
static inline vreg vmax_f32(vreg a, vreg b) {
  EACH_LANE(VLEN) a.f32[lane] = a.f32[lane] > b.f32[lane] ? a.f32[lane] : b.f32[lane];
  return a;
}
// Of a positive number; `approx` may be off by 2^-14 of the result, and takes 0 for the root, too.
static inline vreg vsqrt_f32(vreg a) {
  EACH_LANE(VLEN) a.f32[lane] = sqrtf(a.f32[lane]);
  return a;
}
static inline vreg vrsqrt_f32(vreg a) {
  EACH_LANE(VLEN) a.f32[lane] = 1 / sqrtf(a.f32[lane]);
  return a;
}
static inline vreg vsqrt_approx_f32(vreg a) { return vsqrt_f32(a); }
static inline vreg vrsqrt_approx_f32(vreg a) { return vrsqrt_f32(a); }

static inline vreg vcvt_f32_i32(vreg a) {
  EACH_LANE(VLEN) a.f32[lane] = (float)a.i32[lane];
  return a;
}
// VLEN bytes as floats.
static inline vreg vload_f32_u8(const uint8_t *from) {
  vreg a;
  EACH_LANE(VLEN) a.f32[lane] = from[lane];
  return a;
}
static inline vreg vmax_u8(vreg a, vreg b) {
  EACH_LANE(4 * VLEN) a.u8[lane] = a.u8[lane] > b.u8[lane] ? a.u8[lane] : b.u8[lane];
  return a;
}
// To each sum of 32 bits: four products of a byte without sign and one with sign.
static inline vreg vdpbusd(vreg sum, vreg a, vreg b) {
  EACH_LANE(4 * VLEN) sum.i32[lane / 4] += a.u8[lane] * b.i8[lane];
  return sum;
}
// To each sum of 32 bits: two products of numbers of 16 bits.
static inline vreg vdpwssd(vreg sum, vreg a, vreg b) {
  EACH_LANE(2 * VLEN) sum.i32[lane / 2] += a.i16[lane] * b.i16[lane];
  return sum;
}

// Rounded to the nearest, and cut to 0 and `qmax`: the cut at 0 is a ReLU.
static inline vpanel vpack_u8(vreg low, vreg high, float qmax) {
  vpanel a;
  EACH_LANE(2 * VLEN) {
    const float value = lane < VLEN ? low.f32[lane] : high.f32[lane - VLEN];
    const float most = value < qmax ? value : qmax;
    a.u8[lane] = (uint8_t)rintf(most > 0 ? most : 0);
  }
  return a;
}
static inline void vstore_u8(uint8_t *to, vpanel a) { memcpy(to, &a, sizeof a); }
static inline void vstore_u8_n(uint8_t *to, vpanel a, int count) { memcpy(to, &a, (size_t)count); }

static inline vi16 vi16_load_u8(const uint8_t *from) {
  vi16 a;
  EACH_LANE(VLEN_I16) a.i16[lane] = from[lane];
  return a;
}
static inline void vi16_store(int16_t *to, vi16 a) { memcpy(to, &a, sizeof a); }
static inline vi16 vi16_add(vi16 a, vi16 b) {
  EACH_LANE(VLEN_I16) a.i16[lane] = (int16_t)(a.i16[lane] + b.i16[lane]);
  return a;
}
static inline vi16 vi16_sub(vi16 a, vi16 b) {
  EACH_LANE(VLEN_I16) a.i16[lane] = (int16_t)(a.i16[lane] - b.i16[lane]);
  return a;
}
// a * 2^bits.
static inline vi16 vi16_shl(vi16 a, int bits) {
  EACH_LANE(VLEN_I16) a.i16[lane] = (int16_t)(a.i16[lane] * (1 << bits));
  return a;
}
