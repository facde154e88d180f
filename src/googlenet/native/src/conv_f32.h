// The convolution in float32.

INLINE void conv_f32_rows(const int rows, const Block *block) {
  vreg sums[MAX_ROWS][2];
  const vreg low = vload(block->biases), high = vload(block->biases + VLEN);
  UNROLL for (int row = 0; row < rows; row++) sums[row][0] = low, sums[row][1] = high;
  multiply_rows(FLOAT32, rows, block, sums);
  const int relu = block->operation->relu, channels = block->panel->channels;
  UNROLL for (int row = 0; row < rows; row++) {
    vreg a = sums[row][0], b = sums[row][1];
    if (relu) a = vmax_f32(a, vzero()), b = vmax_f32(b, vzero());
    store_panel_f32(block->outputs[row], a, b, channels);
  }
}

NOINLINE void conv_f32_block(int rows, const Block *block) { SWITCH_ROWS(conv_f32_rows, rows, block) }

static void conv_f32(const Operation *o, int item, const Memory *memory) {
  convolve(o, item, memory, VROWS, conv_f32_block);
}
