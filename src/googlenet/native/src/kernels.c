// All kernels for one instruction set. Compiled once for each, with -DSIMD_HEADER (its file) and -DSIMD_SET (the name of
// the record that is made); what depends on the set is in its header alone.
//
// Tensors are (row, column, channel). float32: numbers; int8: bytes q from 0 up that stand for q * scale, or for
// q * q * scale where only an LRN reads them (`squared`: small values keep their precision).
#include SIMD_HEADER

#include "records.h"

#define PANEL (2 * VLEN)

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#else
#define INLINE static inline
#define NOINLINE static
#endif

// Before a loop over registers, which stay registers only if it is unrolled.
#if !VUNROLL
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE int min_int(int a, int b) { return a < b ? a : b; }
INLINE int max_int(int a, int b) { return a > b ? a : b; }

// The part of `count` things that is number `part` of `parts` nearly equal ones begins here.
INLINE int split(int count, int part, int parts) { return (int)((int64_t)count * part / parts); }

INLINE uint8_t *pixel_at(const TensorView *view, const Memory *memory, int y, int x) {
  return memory->arena + view->first + y * view->row + x * view->pixel;
}

INLINE void store_panel_f32(uint8_t *to, vreg low, vreg high, int channels) {
  float *out = (float *)(void *)to;
  if (channels >= PANEL) {
    vstore(out, low);
    vstore(out + VLEN, high);
  } else {
    vstore_n(out, low, channels);
    if (channels > VLEN) vstore_n(out + VLEN, high, channels - VLEN);
  }
}

INLINE void store_panel_u8(uint8_t *to, vreg low, vreg high, float qmax, int channels) {
  const vpanel bytes = vpack_u8(low, high, qmax);
  if (channels >= PANEL)
    vstore_u8(to, bytes);
  else
    vstore_u8_n(to, bytes, channels);
}

// From values in units of the output's scale to what is stored.
INLINE void store_panel_i8(const Operation *o, const Panel *panel, uint8_t *to, vreg low, vreg high) {
  if (o->squared_output)
    low = vsqrt_approx_f32(vmax_f32(low, vzero())), high = vsqrt_approx_f32(vmax_f32(high, vzero()));
  if (o->float_output)
    store_panel_f32(to, low, high, panel->channels);
  else
    store_panel_u8(to, low, high, panel->qmax, panel->channels);
}

#include "conv.h"
#include "conv_f32.h"
#if VDPBUSD
#include "conv_i8_dpbusd.h"
#else
#include "conv_i8_maddubs.h"
#endif
#include "winograd.h"
#include "maxpool.h"
#include "avgpool.h"
#include "lrn.h"
#include "convert.h"

#define KERNEL_ENTRY(kernel) [KERNEL_##kernel] = kernel,
extern const InstructionSet SIMD_SET;
const InstructionSet SIMD_SET = {VNAME, PANEL, VDPBUSD, {KERNELS(KERNEL_ENTRY)}};
