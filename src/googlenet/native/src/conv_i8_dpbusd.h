// The convolution of bytes where four products are added to a sum of 32 bits at once: nothing bounds the bytes.

INLINE void conv_i8_rows(const int rows, const Block *block) {
  vreg sums[MAX_ROWS][2];
  UNROLL for (int row = 0; row < rows; row++) sums[row][0] = vzero(), sums[row][1] = vzero();
  multiply_rows(UINT8, rows, block, sums);
  const vreg scale_low = vload(block->scales), scale_high = vload(block->scales + VLEN);
  const vreg bias_low = vload(block->biases), bias_high = vload(block->biases + VLEN);
  UNROLL for (int row = 0; row < rows; row++)
    store_panel_i8(block->operation, block->panel, block->outputs[row],
                   vfma_f32(vcvt_f32_i32(sums[row][0]), scale_low, bias_low),
                   vfma_f32(vcvt_f32_i32(sums[row][1]), scale_high, bias_high));
}

NOINLINE void conv_i8_block(int rows, const Block *block) { SWITCH_ROWS(conv_i8_rows, rows, block) }

static void conv_i8(const Operation *o, int item, const Memory *memory) {
  convolve(o, item, memory, VROWS, conv_i8_block);
}
