// A convolution is a matrix product without a copy of its input: a block of up to VROWS output pixels times a panel of
// output channels, its sums held in registers. Weights are read four bytes of input at a time: one number of float32,
// two of 16 bits, or four bytes.

enum { MAX_ROWS = 8 };  // of a block, in any instruction set
_Static_assert(VROWS <= MAX_ROWS, "SWITCH_ROWS has more cases");

typedef enum { FLOAT32, INT16, UINT8 } Element;

typedef struct {
  const Operation *operation;
  const Panel *panel;
  const uint8_t *weights;  // of the panel, as are biases and scales
  const float *biases, *scales;
  int taps, row_bytes;  // as in Operation
  int64_t row;          // from one of the taps to the next
  const uint8_t *inputs[MAX_ROWS];
  uint8_t *outputs[MAX_ROWS];
} Block;

typedef void BlockFunction(int rows, const Block *block);

INLINE vreg vdot(const Element element, vreg sum, vreg x, vreg weights) {
  switch (element) {
    case FLOAT32: return vfma_f32(x, weights, sum);
    case INT16: return vdpwssd(sum, x, weights);
#if VDPBUSD
    case UINT8: return vdpbusd(sum, x, weights);
#endif
    default: return sum;
  }
}

// sums[row] += inputs of the row times the panel's weights.
INLINE void multiply_rows(const Element element, const int rows, const Block *block, vreg sums[][2]) {
  const uint8_t *weights = block->weights;
  const int taps = block->taps, row_bytes = block->row_bytes;
  for (int tap = 0; tap < taps; tap++) {
    const uint8_t *in[MAX_ROWS];
    UNROLL for (int row = 0; row < rows; row++) in[row] = block->inputs[row] + tap * block->row;
    for (int64_t byte = 0; byte < row_bytes; byte += 4, weights += 4 * PANEL) {
      const vreg low = vload(weights), high = vload(weights + 4 * VLEN);
      UNROLL for (int row = 0; row < rows; row++) {
        const vreg x = vload1(in[row] + byte);
        sums[row][0] = vdot(element, sums[row][0], x, low);
        sums[row][1] = vdot(element, sums[row][1], x, high);
        if (element == FLOAT32) continue;  // sums of floats stay where they are without help
        VKEEP(sums[row][0]);
        VKEEP(sums[row][1]);
      }
    }
  }
}

// Sums stay in registers only if the number of rows is known when this is compiled.
#define SWITCH_ROWS(BLOCK, rows, block)                                                          \
  switch (rows) {                                                                                \
    case 1: BLOCK(1, block); break;                                                              \
    case 2: BLOCK(2, block); break;                                                              \
    case 3: BLOCK(3, block); break;                                                              \
    case 4: if (VROWS >= 4) BLOCK(4, block); break; /* what is never reached is not compiled */  \
    case 5: if (VROWS >= 5) BLOCK(5, block); break;                                              \
    case 6: if (VROWS >= 6) BLOCK(6, block); break;                                              \
    case 7: if (VROWS >= 7) BLOCK(7, block); break;                                              \
    case 8: if (VROWS >= 8) BLOCK(8, block); break;                                              \
  }

// An item is a group of pixels times a group of panels.
INLINE void convolve(const Operation *o, int item, const Memory *memory, const int block_rows, BlockFunction *multiply) {
  const int pixel_group = item / o->panel_groups, panel_group = item % o->panel_groups;
  const int pixels = o->out.height * o->out.width;
  const int begin = split(pixels, pixel_group, o->pixel_groups);
  const int count = split(pixels, pixel_group + 1, o->pixel_groups) - begin;
  const int blocks = (count + block_rows - 1) / block_rows;
  const int end = split(o->panel_count, panel_group + 1, o->panel_groups);
  Block block = {.operation = o, .taps = o->taps, .row_bytes = o->row_bytes, .row = o->in.row};
  for (int p = split(o->panel_count, panel_group, o->panel_groups); p < end; p++) {
    const Panel *panel = block.panel = o->panels + p;
    block.weights = (const uint8_t *)o->weights + (int64_t)p * o->taps * o->row_bytes * PANEL;
    block.biases = o->biases + (int64_t)p * PANEL;
    block.scales = o->scales ? o->scales + (int64_t)p * PANEL : 0;
    for (int number = 0; number < blocks; number++) {
      const int from = begin + split(count, number, blocks), to = begin + split(count, number + 1, blocks);
      int y = from / o->out.width, x = from % o->out.width;
      for (int row = 0; row < to - from; row++) {
        block.inputs[row] = pixel_at(&o->in, memory, y * o->stride, x * o->stride);
        block.outputs[row] = memory->arena + panel->first + y * panel->row + x * panel->pixel;
        if (++x == o->out.width) x = 0, y++;
      }
      multiply(to - from, &block);
    }
  }
}
