// Winograd's convolution of 3x3: squares of the input that overlap by two pixels are transformed, multiplied with
// transformed kernels, place by place, and transformed to tiles of 4x4 (36 products for 144) or 2x2 (16 for 36)
// outputs. The transformed input: a matrix (tiles, channels) for each of the places, in float32 or in 16 bits.
//
// In 16 bits the transform of bytes is exact (the sums of the coefficients' sizes are at most 10 * 10, and 255 * 100 <
// 32767), and products are added in 32 bits. Transformed kernels carry a factor of 4 in their first five rows and
// columns for tiles of 4x4, which lets fractions stay small, so results are 16 times too large; the scales know it.

// A square of `size` * `size` pixels, VLEN channels; transformed place by place, `place` numbers apart.
INLINE void input_transform_f32(const int size, const vreg d[6], vreg t[6]) {
  if (size == 4) {
    t[0] = vsub_f32(d[0], d[2]), t[1] = vadd_f32(d[1], d[2]);
    t[2] = vsub_f32(d[2], d[1]), t[3] = vsub_f32(d[1], d[3]);
    return;
  }
  const vreg two = vset1_f32(2), four = vset1_f32(4), minus_four = vset1_f32(-4), minus_five = vset1_f32(-5);
  const vreg a = vfma_f32(minus_four, d[2], d[4]), b = vfma_f32(minus_four, d[1], d[3]);
  const vreg c = vsub_f32(d[4], d[2]), e = vmul_f32(two, vsub_f32(d[3], d[1]));
  t[0] = vfma_f32(four, d[0], vfma_f32(minus_five, d[2], d[4]));
  t[1] = vadd_f32(a, b), t[2] = vsub_f32(a, b), t[3] = vadd_f32(c, e), t[4] = vsub_f32(c, e);
  t[5] = vfma_f32(four, d[1], vfma_f32(minus_five, d[3], d[5]));
}

INLINE void input_transform_i16(const int size, const vi16 d[6], vi16 t[6]) {
  if (size == 4) {
    t[0] = vi16_sub(d[0], d[2]), t[1] = vi16_add(d[1], d[2]);
    t[2] = vi16_sub(d[2], d[1]), t[3] = vi16_sub(d[1], d[3]);
    return;
  }
  const vi16 c = vi16_sub(d[4], d[2]), e = vi16_sub(d[3], d[1]), f = vi16_shl(e, 1);
  const vi16 a = vi16_sub(d[4], vi16_shl(d[2], 2)), b = vi16_sub(d[3], vi16_shl(d[1], 2));
  t[0] = vi16_add(vi16_shl(vi16_sub(d[0], d[2]), 2), c);
  t[1] = vi16_add(a, b), t[2] = vi16_sub(a, b), t[3] = vi16_add(c, f), t[4] = vi16_sub(c, f);
  t[5] = vi16_sub(vi16_sub(d[5], d[3]), vi16_shl(f, 1));
}

INLINE void transform_square_f32(const int size, const TensorView *in, const uint8_t *from, float *to, int64_t place) {
  vreg columns[6][6], d[6], t[6];
  UNROLL for (int j = 0; j < size; j++) {
    UNROLL for (int i = 0; i < size; i++) d[i] = vload(from + i * in->row + j * in->pixel);
    input_transform_f32(size, d, t);
    UNROLL for (int i = 0; i < size; i++) columns[i][j] = t[i];
  }
  UNROLL for (int i = 0; i < size; i++) {
    input_transform_f32(size, columns[i], t);
    UNROLL for (int j = 0; j < size; j++) vstore(to + (i * size + j) * place, t[j]);
  }
}

INLINE void transform_square_i16(const int size, const TensorView *in, const uint8_t *from, int16_t *to, int64_t place) {
  vi16 columns[6][6], d[6], t[6];
  UNROLL for (int j = 0; j < size; j++) {
    UNROLL for (int i = 0; i < size; i++) d[i] = vi16_load_u8(from + i * in->row + j * in->pixel);
    input_transform_i16(size, d, t);
    UNROLL for (int i = 0; i < size; i++) columns[i][j] = t[i];
  }
  UNROLL for (int i = 0; i < size; i++) {
    input_transform_i16(size, columns[i], t);
    UNROLL for (int j = 0; j < size; j++) vi16_store(to + (i * size + j) * place, t[j]);
  }
}

// An item is a row of tiles.
INLINE void winograd_input(const Operation *o, int item, const Memory *memory, const Element element, const int tile) {
  const int64_t channels = o->in.channels, place = (int64_t)o->tiles_down * o->tiles_across * channels;
  uint8_t *transformed = memory->arena + o->out.first;
  for (int across = 0; across < o->tiles_across; across++) {
    const uint8_t *from = pixel_at(&o->in, memory, item * tile, across * tile);
    const int64_t first = ((int64_t)item * o->tiles_across + across) * channels;
    if (element == FLOAT32)
      for (int c = 0; c < channels; c += VLEN)
        transform_square_f32(tile + 2, &o->in, from + 4 * c, (float *)(void *)transformed + first + c, place);
    else
      for (int c = 0; c < channels; c += VLEN_I16)
        transform_square_i16(tile + 2, &o->in, from + c, (int16_t *)(void *)transformed + first + c, place);
  }
}

static void winograd_input_f32(const Operation *o, int item, const Memory *memory) {
  if (o->tile == 4)
    winograd_input(o, item, memory, FLOAT32, 4);
  else
    winograd_input(o, item, memory, FLOAT32, 2);
}

static void winograd_input_i8(const Operation *o, int item, const Memory *memory) {
  if (o->tile == 4)
    winograd_input(o, item, memory, INT16, 4);
  else
    winograd_input(o, item, memory, INT16, 2);
}

INLINE void product_rows(const Element element, const int rows, const Block *block) {
  vreg sums[MAX_ROWS][2];
  UNROLL for (int row = 0; row < rows; row++) sums[row][0] = vzero(), sums[row][1] = vzero();
  multiply_rows(element, rows, block, sums);
  UNROLL for (int row = 0; row < rows; row++) {
    vstore(block->outputs[row], sums[row][0]);
    vstore(block->outputs[row] + 4 * VLEN, sums[row][1]);
  }
}
INLINE void product_rows_f32(const int rows, const Block *block) { product_rows(FLOAT32, rows, block); }
INLINE void product_rows_i16(const int rows, const Block *block) { product_rows(INT16, rows, block); }
NOINLINE void product_block_f32(int rows, const Block *block) { SWITCH_ROWS(product_rows_f32, rows, block) }
NOINLINE void product_block_i16(int rows, const Block *block) { SWITCH_ROWS(product_rows_i16, rows, block) }

INLINE void output_transform(const Element element, const int size, const vreg m[6], vreg r[4]) {
  if (size == 4) {
    r[0] = vadd_f32(vadd_f32(m[0], m[1]), m[2]), r[1] = vsub_f32(vsub_f32(m[1], m[2]), m[3]);
    return;
  }
  const vreg two = vset1_f32(2), four = vset1_f32(4), eight = vset1_f32(8);
  const vreg a = vadd_f32(m[1], m[2]), b = vsub_f32(m[1], m[2]), c = vadd_f32(m[3], m[4]), e = vsub_f32(m[3], m[4]);
  r[0] = vadd_f32(vadd_f32(m[0], a), c), r[1] = vfma_f32(two, e, b), r[2] = vfma_f32(four, c, a);
  r[3] = vfma_f32(eight, e, element == FLOAT32 ? vadd_f32(b, m[5]) : vfma_f32(four, m[5], b));
}

// From the products of a tile, VLEN channels, to its outputs, before what a convolution does at its end.
INLINE void transform_products(const Element element, const int size, const float *products, int64_t place,
                               vreg results[4][4]) {
  vreg rows[4][6], m[6], r[4];
  UNROLL for (int j = 0; j < size; j++) {
    UNROLL for (int i = 0; i < size; i++) {
      m[i] = vload(products + (i * size + j) * place);
      if (element != FLOAT32) m[i] = vcvt_f32_i32(m[i]);
    }
    output_transform(element, size, m, r);
    UNROLL for (int i = 0; i < size - 2; i++) rows[i][j] = r[i];
  }
  UNROLL for (int i = 0; i < size - 2; i++) output_transform(element, size, rows[i], results[i]);
}

// `products`: of the first channel of the panel; `out`: the tile's first pixel, of which `height` * `width` are stored.
INLINE void store_tile(const Element element, const int size, const Block *block, const float *products, int64_t place,
                       uint8_t *out, int height, int width) {
  const Operation *o = block->operation;
  const Panel *panel = block->panel;
  vreg results[2][4][4];
  for (int half = 0; half < 2; half++) {
    transform_products(element, size, products + half * VLEN, place, results[half]);
    const vreg bias = vload(block->biases + half * VLEN);
    const vreg scale = element == FLOAT32 ? vzero() : vload(block->scales + half * VLEN);
    UNROLL for (int i = 0; i < size - 2; i++)
      UNROLL for (int j = 0; j < size - 2; j++) {
        const vreg result = results[half][i][j];
        if (element != FLOAT32)
          results[half][i][j] = vfma_f32(result, scale, bias);
        else
          results[half][i][j] = o->relu ? vmax_f32(vadd_f32(result, bias), vzero()) : vadd_f32(result, bias);
      }
  }
  for (int i = 0; i < height; i++)
    for (int j = 0; j < width; j++) {
      uint8_t *to = out + i * panel->row + j * panel->pixel;
      if (element == FLOAT32)
        store_panel_f32(to, results[0][i][j], results[1][i][j], panel->channels);
      else
        store_panel_i8(o, panel, to, results[0][i][j], results[1][i][j]);
    }
}

// `in` is what winograd_input wrote: (place, tile, channel). An item is a group of tiles times a group of panels.
INLINE void winograd_output(const Operation *o, int item, const Memory *memory, const Element element,
                            BlockFunction *multiply) {
  const int tile_group = item / o->panel_groups, panel_group = item % o->panel_groups;
  const int tiles = o->tiles_down * o->tiles_across, places = (o->tile + 2) * (o->tile + 2);
  const int depth_bytes = o->in.channels * (element == FLOAT32 ? 4 : 2);
  const int begin = split(tiles, tile_group, o->pixel_groups);
  const int count = split(tiles, tile_group + 1, o->pixel_groups) - begin;
  const int blocks = (count + VROWS - 1) / VROWS;
  const int64_t place = (int64_t)count * PANEL;
  float *products = memory->scratch;
  const int end = split(o->panel_count, panel_group + 1, o->panel_groups);
  Block block = {.operation = o, .taps = 1, .row_bytes = depth_bytes};
  for (int p = split(o->panel_count, panel_group, o->panel_groups); p < end; p++) {
    const Panel *panel = block.panel = o->panels + p;
    block.biases = o->biases + (int64_t)p * PANEL;
    block.scales = o->scales ? o->scales + (int64_t)p * PANEL : 0;
    for (int i = 0; i < places; i++) {
      const uint8_t *in = memory->arena + o->in.first + ((int64_t)i * tiles + begin) * depth_bytes;
      block.weights = (const uint8_t *)o->weights + ((int64_t)p * places + i) * depth_bytes * PANEL;
      for (int number = 0; number < blocks; number++) {
        const int from = split(count, number, blocks), to = split(count, number + 1, blocks);
        for (int row = 0; row < to - from; row++) {
          block.inputs[row] = in + (int64_t)(from + row) * depth_bytes;
          block.outputs[row] = (uint8_t *)(products + i * place + (from + row) * PANEL);
        }
        multiply(to - from, &block);
      }
    }
    for (int tile = 0; tile < count; tile++) {
      const int y = (begin + tile) / o->tiles_across * o->tile, x = (begin + tile) % o->tiles_across * o->tile;
      const int height = min_int(o->tile, o->out.height - y), width = min_int(o->tile, o->out.width - x);
      uint8_t *out = memory->arena + panel->first + y * panel->row + x * panel->pixel;
      if (o->tile == 4)
        store_tile(element, 6, &block, products + tile * PANEL, place, out, height, width);
      else
        store_tile(element, 4, &block, products + tile * PANEL, place, out, height, width);
    }
  }
}

static void winograd_output_f32(const Operation *o, int item, const Memory *memory) {
  winograd_output(o, item, memory, FLOAT32, product_block_f32);
}

static void winograd_output_i8(const Operation *o, int item, const Memory *memory) {
  winograd_output(o, item, memory, INT16, product_block_i16);
}
