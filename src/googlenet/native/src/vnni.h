// Convolutions of bytes with VNNI: four products are added to a sum of 32 bits at once, so nothing bounds the bytes.

#define BLOCK_ROWS MOST_ROWS

// As micro_kernel, on bytes: `run` is a multiple of 4.
INLINE void micro_kernel_8(const int rows, const uint8_t *const *inputs, int taps, int64_t apart, int run,
                           const int8_t *weights, whole sums[][2]) {
  for (int tap = 0; tap < taps; tap++) {
    const uint8_t *in[BLOCK_ROWS];
    for (int row = 0; row < rows; row++) in[row] = inputs[row] + tap * apart;
    for (int k = 0; k < run; k += 4, weights += 4 * PANEL) {
      const whole low = load_whole(weights), high = load_whole(weights + 4 * LANES);
      UNROLL for (int row = 0; row < rows; row++) {
        const whole x = four_bytes(in[row] + k);
        sums[row][0] = add_products_8(sums[row][0], x, low);
        sums[row][1] = add_products_8(sums[row][1], x, high);
        IN_ORDER(sums[row][0]);
        IN_ORDER(sums[row][1]);
      }
    }
  }
}

static __attribute__((noinline)) void convolve_block_8(int rows, const uint8_t *const *inputs, const Operation *o,
                                                       const int8_t *weights, const vec *scales, const vec *biases,
                                                       uint8_t *const *outputs, const Panel *panel) {
  const whole zero = {0};
#define CASE(ROWS)                                                                            \
  case ROWS: {                                                                                \
    whole sums[ROWS][2];                                                                      \
    UNROLL for (int row = 0; row < ROWS; row++) sums[row][0] = zero, sums[row][1] = zero;     \
    micro_kernel_8(ROWS, inputs, o->taps, o->in.row, o->run, weights, sums);                  \
    UNROLL for (int row = 0; row < ROWS; row++)                                               \
      finish(o, panel, outputs[row], to_floats(sums[row][0]) * scales[0] + biases[0],         \
             to_floats(sums[row][1]) * scales[1] + biases[1]);                                \
    break;                                                                                    \
  }
  switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}
