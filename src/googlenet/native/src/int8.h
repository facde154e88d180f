// The kernels in whole numbers: values are bytes, `code * scale` from 0 up, or `code^2 * scale` where only a response
// norm reads them (`rooted`: small values keep their precision); weights are whole numbers with a scale for each filter.
// Included once for each set of instructions, behind float32.h; it also defines whole, load_whole and what follows it,
// and BYTE_BLOCKS, the file with convolve_block_8: BLOCK_ROWS pixels of a convolution of bytes.

INLINE const uint8_t *byte_in(const View *view, const float *arena, int y, int x) {
  return (const uint8_t *)arena + view->first + y * view->row + x * view->pixel;
}

INLINE void store_codes(uint8_t *to, vec low, vec high, int top, int channels) {
  const codes result = to_codes(low, high, top);
  if (channels >= PANEL)
    store_codes_whole(to, result);
  else
    store_some_codes(to, result, channels);
}

// From sums to what is stored: floats, or codes on the scale of the output, which `scales` and `biases` are divided by.
INLINE void finish(const Operation *o, const Panel *panel, uint8_t *to, vec low, vec high) {
  const vec zero = {0};
  if (o->rooted) low = nearly_root(largest(low, zero)), high = nearly_root(largest(high, zero));
  if (o->floats)
    store_panel((float *)to, low, high, panel->channels);
  else
    store_codes(to, low, high, panel->top, panel->channels);
}

#include BYTE_BLOCKS

static void convolve_codes(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int pixel_group = item / o->panel_groups, panel_group = item % o->panel_groups;
  const int pixels = o->out.height * o->out.width, depth = o->taps * o->run;
  const int begin = begin_of(pixels, pixel_group, o->pixel_groups);
  const int count = begin_of(pixels, pixel_group + 1, o->pixel_groups) - begin;
  const int blocks = (count + BLOCK_ROWS - 1) / BLOCK_ROWS;
  const int end = begin_of(o->panel_count, panel_group + 1, o->panel_groups);
  for (int p = begin_of(o->panel_count, panel_group, o->panel_groups); p < end; p++) {
    const Panel *panel = o->panels + p;
    const int8_t *weights = (const int8_t *)o->weights + (int64_t)p * depth * PANEL;
    const vec scales[2] = {load(o->scales + p * PANEL), load(o->scales + p * PANEL + LANES)};
    const vec biases[2] = {load(o->biases + p * PANEL), load(o->biases + p * PANEL + LANES)};
    for (int block = 0; block < blocks; block++) {
      const int from = begin + begin_of(count, block, blocks), to = begin + begin_of(count, block + 1, blocks);
      const uint8_t *inputs[BLOCK_ROWS];
      uint8_t *outputs[BLOCK_ROWS];
      int y = from / o->out.width, x = from % o->out.width;
      for (int row = 0; row < to - from; row++) {
        inputs[row] = byte_in(&o->in, arena, y * o->stride, x * o->stride);
        outputs[row] = (uint8_t *)arena + panel->first + y * panel->row + x * panel->pixel;
        if (++x == o->out.width) x = 0, y++;
      }
      convolve_block_8(to - from, inputs, o, weights, scales, biases, outputs, panel);
    }
  }
}

// Winograd's convolution: the transform of bytes is exact in 16 bits (the sums of the coefficients' sizes are at most
// 10 * 10, 255 * 100 < 32767), products of 16 bits are added in 32. Transformed kernels carry a factor of 4 in their
// first five rows and columns for tiles of 4x4, which lets fractions stay small, so results are 16 times too large.

INLINE void transform_whole_6(const words d[6], words t[6]) {
  const words c = subtract_16(d[4], d[2]), e = subtract_16(d[3], d[1]), f = shift_16(e, 1);
  const words a = subtract_16(d[4], shift_16(d[2], 2)), b = subtract_16(d[3], shift_16(d[1], 2));
  t[0] = add_16(shift_16(subtract_16(d[0], d[2]), 2), c);
  t[1] = add_16(a, b), t[2] = subtract_16(a, b), t[3] = add_16(c, f), t[4] = subtract_16(c, f);
  t[5] = subtract_16(subtract_16(d[5], d[3]), shift_16(f, 1));
}

INLINE void transform_whole_4(const words d[4], words t[4]) {
  t[0] = subtract_16(d[0], d[2]), t[1] = add_16(d[1], d[2]);
  t[2] = subtract_16(d[2], d[1]), t[3] = subtract_16(d[1], d[3]);
}

INLINE void untransform_whole_6(const vec m[6], vec r[4]) {
  const vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
  r[0] = m[0] + a + c, r[1] = b + 2 * e, r[2] = a + 4 * c, r[3] = b + 8 * e + 4 * m[5];
}

INLINE void untransform_whole_4(const vec m[4], vec r[2]) { untransform_4(m, r); }

#define TRANSFORM_CODES_OF(SIDE)                                                                                        \
  for (int c = 0; c < o->in.channels; c += WORDS) {                                                              \
    words columns[SIDE][SIDE], row[SIDE];                                                                            \
    UNROLL for (int j = 0; j < SIDE; j++) {                                                                          \
      words d[SIDE], t[SIDE];                                                                                        \
      UNROLL for (int i = 0; i < SIDE; i++) d[i] = bytes_to_16(from + i * o->in.row + j * o->in.pixel + c);          \
      transform_whole_##SIDE(d, t);                                                                                  \
      UNROLL for (int i = 0; i < SIDE; i++) columns[i][j] = t[i];                                                    \
    }                                                                                                                \
    UNROLL for (int i = 0; i < SIDE; i++) {                                                                          \
      transform_whole_##SIDE(columns[i], row);                                                                       \
      UNROLL for (int j = 0; j < SIDE; j++) store_words(to + (i * SIDE + j) * place + c, row[j]);                    \
    }                                                                                                                \
  }

static void transform_codes(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int64_t place = (int64_t)o->tiles_down * o->tiles_across * o->in.channels;
  int16_t *tiles = (int16_t *)((uint8_t *)arena + o->out.first);
  for (int across = 0; across < o->tiles_across; across++) {
    const uint8_t *from = byte_in(&o->in, arena, item * o->tile, across * o->tile);
    int16_t *to = tiles + (int64_t)(item * o->tiles_across + across) * o->in.channels;
    if (o->tile == 4) {
      TRANSFORM_CODES_OF(6)
    } else {
      TRANSFORM_CODES_OF(4)
    }
  }
}

INLINE void micro_kernel_16(const int rows, const int16_t *const *inputs, int depth, const int16_t *weights,
                            whole sums[][2]) {
  const int16_t *in[MOST_ROWS];
  for (int row = 0; row < rows; row++) in[row] = inputs[row];
  for (int k = 0; k < depth; k += 2, weights += 2 * PANEL) {
    const whole low = load_whole(weights), high = load_whole(weights + 2 * LANES);
    UNROLL for (int row = 0; row < rows; row++) {
      const whole x = four_bytes(in[row] + k);
      sums[row][0] = add_products_16(sums[row][0], x, low);
      sums[row][1] = add_products_16(sums[row][1], x, high);
      IN_ORDER(sums[row][0]);
      IN_ORDER(sums[row][1]);
    }
  }
}

static __attribute__((noinline)) void multiply_block_16(int rows, const int16_t *const *inputs, int depth,
                                                        const int16_t *weights, int32_t *products) {
  const whole zero = {0};
#define CASE(ROWS)                                                                        \
  case ROWS: {                                                                            \
    whole sums[ROWS][2];                                                                  \
    UNROLL for (int row = 0; row < ROWS; row++) sums[row][0] = zero, sums[row][1] = zero; \
    micro_kernel_16(ROWS, inputs, depth, weights, sums);                                  \
    UNROLL for (int row = 0; row < ROWS; row++) {                                         \
      store_whole(products + row * PANEL, sums[row][0]);                                  \
      store_whole(products + row * PANEL + LANES, sums[row][1]);                          \
    }                                                                                     \
    break;                                                                                \
  }
  switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

#define UNTRANSFORM_CODES(SIDE)                                                                                   \
  for (int half = 0; half < 2; half++) {                                                                          \
    const int32_t *from = products + tile * PANEL + half * LANES;                                                 \
    const vec scale = load(o->scales + p * PANEL + half * LANES), bias = load(o->biases + p * PANEL + half * LANES); \
    vec rows[SIDE - 2][SIDE], row[SIDE - 2];                                                                      \
    UNROLL for (int j = 0; j < SIDE; j++) {                                                                       \
      vec m[SIDE], r[SIDE - 2];                                                                                   \
      UNROLL for (int i = 0; i < SIDE; i++) m[i] = to_floats(load_whole(from + (i * SIDE + j) * place));          \
      untransform_whole_##SIDE(m, r);                                                                             \
      UNROLL for (int i = 0; i < SIDE - 2; i++) rows[i][j] = r[i];                                                \
    }                                                                                                             \
    UNROLL for (int i = 0; i < SIDE - 2; i++) {                                                                   \
      untransform_whole_##SIDE(rows[i], row);                                                                     \
      UNROLL for (int j = 0; j < SIDE - 2; j++) results[i][j][half] = row[j] * scale + bias;                      \
    }                                                                                                             \
  }

static void multiply_codes(const Operation *o, int item, float *arena, const uint8_t *image) {
  int32_t *products = products_of_thread;
  const int tile_group = item / o->panel_groups, panel_group = item % o->panel_groups;
  const int tiles = o->tiles_down * o->tiles_across, depth = o->in.channels;
  const int places = (o->tile + 2) * (o->tile + 2);
  const int begin = begin_of(tiles, tile_group, o->pixel_groups);
  const int count = begin_of(tiles, tile_group + 1, o->pixel_groups) - begin;
  const int blocks = (count + MOST_ROWS - 1) / MOST_ROWS;
  const int64_t place = (int64_t)count * PANEL;
  const int16_t *transformed = (const int16_t *)((const uint8_t *)arena + o->in.first);
  const int end = begin_of(o->panel_count, panel_group + 1, o->panel_groups);
  for (int p = begin_of(o->panel_count, panel_group, o->panel_groups); p < end; p++) {
    const Panel *panel = o->panels + p;
    for (int i = 0; i < places; i++) {
      const int16_t *in = transformed + ((int64_t)i * tiles + begin) * depth;
      const int16_t *weights = (const int16_t *)o->weights + ((int64_t)p * places + i) * depth * PANEL;
      for (int block = 0; block < blocks; block++) {
        const int from = begin_of(count, block, blocks), to = begin_of(count, block + 1, blocks);
        const int16_t *inputs[MOST_ROWS];
        for (int row = 0; row < to - from; row++) inputs[row] = in + (int64_t)(from + row) * depth;
        multiply_block_16(to - from, inputs, depth, weights, products + i * place + from * PANEL);
      }
    }
    for (int tile = 0; tile < count; tile++) {
      const int y = (begin + tile) / o->tiles_across * o->tile, x = (begin + tile) % o->tiles_across * o->tile;
      const int height = at_most(o->tile, o->out.height - y), width = at_most(o->tile, o->out.width - x);
      vec results[4][4][2];
      if (o->tile == 4) {
        UNTRANSFORM_CODES(6)
      } else {
        UNTRANSFORM_CODES(4)
      }
      for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++)
          finish(o, panel, (uint8_t *)arena + panel->first + (y + i) * panel->row + (x + j) * panel->pixel,
                 results[i][j][0], results[i][j][1]);
    }
  }
}

// As max_pool: the largest code is that of the largest value.
static void max_pool_codes(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int step = sizeof(whole), whole_end = o->in.channels < step ? 0 : o->in.channels;
  const int top = item * o->stride - o->padding;
  const int y_begin = top < 0 ? 0 : top, y_end = at_most(top + o->kernel, o->in.height);
  for (int x = 0; x < o->out.width; x++) {
    const int left = x * o->stride - o->padding;
    const int x_begin = left < 0 ? 0 : left, x_end = at_most(left + o->kernel, o->in.width);
    const uint8_t *first = byte_in(&o->in, arena, y_begin, x_begin);
    uint8_t *out = (uint8_t *)byte_in(&o->out, arena, item, x);
    for (int begin = 0; begin < whole_end; begin += step) {
      const int c = at_most(begin, whole_end - step);  // the last vector reaches back over the one before
      whole best = load_whole(first + c);
      for (int y = 0; y < y_end - y_begin; y++)
        for (int i = 0; i < x_end - x_begin; i++)
          best = largest_8(best, load_whole(first + y * o->in.row + i * o->in.pixel + c));
      store_whole(out + c, best);
    }
    for (int c = whole_end; c < o->in.channels; c++) {
      uint8_t best = 0;
      for (int y = 0; y < y_end - y_begin; y++)
        for (int i = 0; i < x_end - x_begin; i++) {
          const uint8_t code = first[y * o->in.row + i * o->in.pixel + c];
          if (code > best) best = code;
        }
      out[c] = best;
    }
  }
}

// As normalize, from codes to codes. `alpha` is of codes, and `factor` the input's scale over the output's.
static void normalize_codes(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int channels = o->in.channels, before = (o->window - 1) / 2;
  float values[channels + 2 * PANEL], squares[channels + o->window + 2 * PANEL];
  memset(squares, 0, sizeof squares);
  for (int x = 0; x < o->out.width; x++) {
    const uint8_t *in = byte_in(&o->in, arena, item, x);
    uint8_t *out = (uint8_t *)byte_in(&o->out, arena, item, x);
    for (int c = 0; c < channels; c += LANES) {  // a line behind each block may be read
      vec value = bytes_to_floats(in + c);
      if (o->in_rooted) value *= value;
      store(values + c, value);
      store_some(squares + before + c, value * value, at_most(LANES, channels - c));
    }
    for (int c = 0; c < channels; c += PANEL) {
      vec result[2];
      UNROLL for (int half = 0; half < 2; half++) {
        const int at = c + half * LANES;
        vec sum = load(squares + at);
        for (int i = 1; i < o->window; i++) sum += load(squares + at + i);
        result[half] = nearly_divided(o->factor * load(values + at), o->k + o->alpha * sum, o->beta == 0.75f);
      }
      store_codes(out + c, result[0], result[1], o->top, channels - c);
    }
  }
}

// An item is a panel of channels, averaged over the grid; floats.
static void average_codes(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int c = item * PANEL;
  vec low = {0}, high = {0};
  for (int y = 0; y < o->in.height; y++)
    for (int x = 0; x < o->in.width; x++) {
      const uint8_t *in = byte_in(&o->in, arena, y, x) + c;
      low += bytes_to_floats(in), high += bytes_to_floats(in + LANES);
    }
  float *out = (float *)byte_in(&o->out, arena, 0, 0) + c;
  store_panel(out, low * o->factor, high * o->factor, at_most(PANEL, o->in.channels - c));
}

// Floats to codes, all channels of one pixel.
static void round_floats(const Operation *o, int item, float *arena, const uint8_t *image) {
  const float *in = (const float *)byte_in(&o->in, arena, 0, 0);
  uint8_t *out = (uint8_t *)byte_in(&o->out, arena, 0, 0);
  for (int c = 0; c < o->in.channels; c += PANEL) {
    const int some = at_most(PANEL, o->in.channels - c);
    const vec low = load_some(in + c, some), high = load_some(in + c + LANES, some > LANES ? some - LANES : 0);
    store_codes(out + c, low * o->factor, high * o->factor, o->top, some);
  }
}

// Codes to floats, an item a row; for what is an output of the network.
static void restore_floats(const Operation *o, int item, float *arena, const uint8_t *image) {
  for (int x = 0; x < o->in.width; x++) {
    const uint8_t *in = byte_in(&o->in, arena, item, x);
    float *out = (float *)byte_in(&o->out, arena, item, x);
    for (int c = 0; c < o->in.channels; c += LANES)
      store_some(out + c, bytes_to_floats(in + c) * o->factor, at_most(LANES, o->in.channels - c));
  }
}

// The picture's bytes as they are, an item some rows; `mean` is part of the first convolution's biases.
static void take_bytes(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int size = o->out.width * 3, end = begin_of(o->out.height, item + 1, o->items);
  for (int y = begin_of(o->out.height, item, o->items); y < end; y++)
    memcpy((uint8_t *)byte_in(&o->out, arena, y, 0), image + (int64_t)y * size, size);
}
