// The convolution of bytes where the processor multiplies bytes in pairs and adds each pair in 16 bits, which 32767
// bounds. Four such products are added before they are widened, where inputs and weights are small enough for that
// (`group`); of a picture's bytes, one. Packing makes weights that cannot overflow.

#define MADDUBS_ROWS 3  // pixels of a block: 6 registers hold sums of 32 bits, 6 of 16 bits

// As multiply_rows; row_bytes is a multiple of 4 * group.
INLINE void multiply_rows_maddubs(const int rows, const int group, const Block *block, vreg sums[][2]) {
  const uint8_t *weights = block->weights;
  for (int tap = 0; tap < block->taps; tap++) {
    const uint8_t *in[MADDUBS_ROWS];
    UNROLL for (int row = 0; row < rows; row++) in[row] = block->inputs[row] + tap * block->row;
    for (int64_t byte = 0; byte < block->row_bytes; byte += 4 * group) {
      vreg pairs[MADDUBS_ROWS][2];
      UNROLL for (int step = 0; step < group; step++, weights += 4 * PANEL) {
        const vreg low = vload(weights), high = vload(weights + 4 * VLEN);
        UNROLL for (int row = 0; row < rows; row++) {
          const vreg x = vload1(in[row] + byte + 4 * step);
          const vreg a = vmaddubs(x, low), b = vmaddubs(x, high);
          pairs[row][0] = step ? vadd_i16(pairs[row][0], a) : a;
          pairs[row][1] = step ? vadd_i16(pairs[row][1], b) : b;
          VKEEP(pairs[row][0]);
          VKEEP(pairs[row][1]);
        }
      }
      UNROLL for (int row = 0; row < rows; row++) {
        sums[row][0] = vwiden_i16(sums[row][0], pairs[row][0]);
        sums[row][1] = vwiden_i16(sums[row][1], pairs[row][1]);
        VKEEP(sums[row][0]);
        VKEEP(sums[row][1]);
      }
    }
  }
}

INLINE void conv_i8_rows(const int rows, const int group, const Block *block) {
  vreg sums[MADDUBS_ROWS][2];
  UNROLL for (int row = 0; row < rows; row++) sums[row][0] = vzero(), sums[row][1] = vzero();
  multiply_rows_maddubs(rows, group, block, sums);
  UNROLL for (int row = 0; row < rows; row++)
    store_panel_i8(block->operation, block->panel, block->outputs[row],
                   vfma_f32(vcvt_f32_i32(sums[row][0]), vload(block->scales), vload(block->biases)),
                   vfma_f32(vcvt_f32_i32(sums[row][1]), vload(block->scales + VLEN), vload(block->biases + VLEN)));
}

NOINLINE void conv_i8_block_1(int rows, const Block *block) {
  switch (rows) {
    case 1: conv_i8_rows(1, 1, block); break;
    case 2: conv_i8_rows(2, 1, block); break;
    case 3: conv_i8_rows(3, 1, block); break;
  }
}

NOINLINE void conv_i8_block_4(int rows, const Block *block) {
  switch (rows) {
    case 1: conv_i8_rows(1, 4, block); break;
    case 2: conv_i8_rows(2, 4, block); break;
    case 3: conv_i8_rows(3, 4, block); break;
  }
}

static void conv_i8(const Operation *o, int item, const Memory *memory) {
  if (o->group == 1)
    convolve(o, item, memory, MADDUBS_ROWS, conv_i8_block_1);
  else
    convolve(o, item, memory, MADDUBS_ROWS, conv_i8_block_4);
}
