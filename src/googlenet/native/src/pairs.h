// Convolutions of bytes without VNNI. The processor multiplies bytes in pairs and adds each pair in 16 bits, which 32767
// bounds. Two or more such products are added before they are widened, where inputs and weights are small enough for
// that: `group`. The largest input is `top`; packing makes weights that cannot overflow.

#define BLOCK_ROWS 3  // pixels of a micro-kernel: 6 registers hold sums of 32 bits, 6 of 16 bits

// As micro_kernel, on bytes: `run` is a multiple of 4 * group.
INLINE void micro_kernel_8(const int rows, const int group, const uint8_t *const *inputs, int taps, int64_t apart,
                           int run, const int8_t *weights, whole sums[][2]) {
  for (int tap = 0; tap < taps; tap++) {
    const uint8_t *in[BLOCK_ROWS];
    for (int row = 0; row < rows; row++) in[row] = inputs[row] + tap * apart;
    for (int k = 0; k < run; k += 4 * group) {
      whole pairs[BLOCK_ROWS][2];
      UNROLL for (int step = 0; step < group; step++, weights += 4 * PANEL) {
        const whole low = load_whole(weights), high = load_whole(weights + 4 * LANES);
        UNROLL for (int row = 0; row < rows; row++) {
          const whole x = four_bytes(in[row] + k + 4 * step);
          const whole a = multiply_8(x, low), b = multiply_8(x, high);
          pairs[row][0] = step ? add_16(pairs[row][0], a) : a;
          pairs[row][1] = step ? add_16(pairs[row][1], b) : b;
          IN_ORDER(pairs[row][0]);
          IN_ORDER(pairs[row][1]);
        }
      }
      UNROLL for (int row = 0; row < rows; row++) {
        sums[row][0] = add_32(sums[row][0], widen_16(pairs[row][0]));
        sums[row][1] = add_32(sums[row][1], widen_16(pairs[row][1]));
        IN_ORDER(sums[row][0]);
        IN_ORDER(sums[row][1]);
      }
    }
  }
}

#define BLOCK_CASE(ROWS, GROUP)                                                                    \
  case ROWS: {                                                                                     \
    whole sums[ROWS][2];                                                                           \
    UNROLL for (int row = 0; row < ROWS; row++) sums[row][0] = zero, sums[row][1] = zero;          \
    micro_kernel_8(ROWS, GROUP, inputs, o->taps, o->in.row, o->run, weights, sums);                \
    UNROLL for (int row = 0; row < ROWS; row++)                                                    \
      finish(o, panel, outputs[row], to_floats(sums[row][0]) * scales[0] + biases[0],              \
             to_floats(sums[row][1]) * scales[1] + biases[1]);                                     \
    break;                                                                                         \
  }

#define CONVOLVE_BLOCK(GROUP)                                                                                      \
  static __attribute__((noinline)) void convolve_block_8x##GROUP(                                                  \
      int rows, const uint8_t *const *inputs, const Operation *o, const int8_t *weights, const vec *scales,        \
      const vec *biases, uint8_t *const *outputs, const Panel *panel) {                                                  \
    const whole zero = {0};                                                                                        \
    switch (rows) { BLOCK_CASE(1, GROUP) BLOCK_CASE(2, GROUP) BLOCK_CASE(3, GROUP) }                               \
  }
CONVOLVE_BLOCK(1)
CONVOLVE_BLOCK(4)

INLINE void convolve_block_8(int rows, const uint8_t *const *inputs, const Operation *o, const int8_t *weights,
                             const vec *scales, const vec *biases, uint8_t *const *outputs, const Panel *panel) {
  if (o->group == 1)
    convolve_block_8x1(rows, inputs, o, weights, scales, biases, outputs, panel);
  else
    convolve_block_8x4(rows, inputs, o, weights, scales, biases, outputs, panel);
}
