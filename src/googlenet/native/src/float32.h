// The kernels in float32, written for vectors of LANES floats; included once for each set of instructions, which
// defines: vec, LANES, MOST_ROWS, load, store, load_some, store_some, largest, root, divided.
//
// A convolution is a matrix product without a copy of its input: a block of up to MOST_ROWS output pixels times
// a panel of PANEL output channels, its sums held in registers; see micro_kernel.

#include <string.h>

#include "program.h"

#define PANEL (2 * LANES)
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

INLINE int at_most(int a, int b) { return a < b ? a : b; }

// The part of `count` things that is number `part` of `parts` nearly equal ones begins here.
INLINE int begin_of(int count, int part, int parts) { return (int)((int64_t)count * part / parts); }

INLINE const float *pixel_in(const View *view, const float *arena, int y, int x) {
  return arena + view->first + y * view->row + x * view->pixel;
}

INLINE void store_panel(float *to, vec low, vec high, int channels) {
  if (channels == PANEL) {
    store(to, low);
    store(to + LANES, high);
  } else {
    store_some(to, low, channels);
    if (channels > LANES) store_some(to + LANES, high, channels - LANES);
  }
}

// sums[row] += inputs of the row times the panel's weights: `taps` runs of `run` floats, `apart` floats apart.
INLINE void micro_kernel(const int rows, const float *const *inputs, int taps, int64_t apart, int run,
                         const float *weights, vec sums[][2]) {
  for (int tap = 0; tap < taps; tap++) {
    const float *in[MOST_ROWS];
    for (int row = 0; row < rows; row++) in[row] = inputs[row] + tap * apart;
    for (int k = 0; k < run; k++, weights += PANEL) {
      vec low = load(weights), high = load(weights + LANES);
      UNROLL for (int row = 0; row < rows; row++) {
        float x = in[row][k];
        sums[row][0] += x * low;
        sums[row][1] += x * high;
      }
    }
  }
}

// A micro-kernel keeps its sums in registers only if the number of rows is known when it is compiled.
#define CASES_6(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#define CASES_8(CASE) CASES_6(CASE) CASE(7) CASE(8)
#define CASES_10(CASE) CASES_8(CASE) CASE(9) CASE(10)
#define CASES_12(CASE) CASES_10(CASE) CASE(11) CASE(12)
#define CASES_14(CASE) CASES_12(CASE) CASE(13) CASE(14)
#define CASES_UP_TO(COUNT, CASE) CASES_##COUNT(CASE)
#define CASES(COUNT, CASE) CASES_UP_TO(COUNT, CASE)
#define EACH_ROW_COUNT(CASE) CASES(MOST_ROWS, CASE)

static __attribute__((noinline)) void convolve_block(int rows, const float *const *inputs, const Operation *o,
                                                     const float *weights, const float *biases,
                                                     float *const *outputs, int channels) {
  const vec low = load(biases), high = load(biases + LANES), zero = {0};
#define CASE(ROWS)                                                                   \
  case ROWS: {                                                                       \
    vec sums[ROWS][2];                                                               \
    UNROLL for (int row = 0; row < ROWS; row++) sums[row][0] = low, sums[row][1] = high; \
    micro_kernel(ROWS, inputs, o->taps, o->in.row, o->run, weights, sums);           \
    UNROLL for (int row = 0; row < ROWS; row++) {                                    \
      vec a = sums[row][0], b = sums[row][1];                                        \
      if (o->relu) a = largest(a, zero), b = largest(b, zero);                       \
      store_panel(outputs[row], a, b, channels);                                     \
    }                                                                                \
    break;                                                                           \
  }
  switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

static void convolve(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int pixel_group = item / o->panel_groups, panel_group = item % o->panel_groups;
  const int pixels = o->out.height * o->out.width, depth = o->taps * o->run;
  const int begin = begin_of(pixels, pixel_group, o->pixel_groups);
  const int count = begin_of(pixels, pixel_group + 1, o->pixel_groups) - begin;
  const int blocks = (count + MOST_ROWS - 1) / MOST_ROWS;
  const int end = begin_of(o->panel_count, panel_group + 1, o->panel_groups);
  for (int p = begin_of(o->panel_count, panel_group, o->panel_groups); p < end; p++) {
    const Panel *panel = o->panels + p;
    for (int block = 0; block < blocks; block++) {
      const int from = begin + begin_of(count, block, blocks), to = begin + begin_of(count, block + 1, blocks);
      const float *inputs[MOST_ROWS];
      float *outputs[MOST_ROWS];
      int y = from / o->out.width, x = from % o->out.width;
      for (int row = 0; row < to - from; row++) {
        inputs[row] = pixel_in(&o->in, arena, y * o->stride, x * o->stride);
        outputs[row] = arena + panel->first + y * panel->row + x * panel->pixel;
        if (++x == o->out.width) x = 0, y++;
      }
      convolve_block(to - from, inputs, o, (const float *)o->weights + (int64_t)p * depth * PANEL,
                     o->biases + p * PANEL, outputs,
                     panel->channels);
    }
  }
}

// Winograd's convolution of 3x3: squares of the input that overlap by two pixels are transformed, multiplied with
// transformed kernels, place by place, and transformed to tiles of 4x4 (36 products for 144) or 2x2 (16 for 36)
// outputs. The transformed input: a matrix (tiles, channels) for each of the places, in `out`.

INLINE void transform_6(const vec d[6], vec t[6]) {
  const vec a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
  t[0] = 4 * d[0] - 5 * d[2] + d[4];
  t[1] = a + b, t[2] = a - b, t[3] = c + e, t[4] = c - e;
  t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

INLINE void transform_4(const vec d[4], vec t[4]) {
  t[0] = d[0] - d[2], t[1] = d[1] + d[2], t[2] = d[2] - d[1], t[3] = d[1] - d[3];
}

INLINE void untransform_6(const vec m[6], vec r[4]) {
  const vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
  r[0] = m[0] + a + c, r[1] = b + 2 * e, r[2] = a + 4 * c, r[3] = b + 8 * e + m[5];
}

INLINE void untransform_4(const vec m[4], vec r[2]) { r[0] = m[0] + m[1] + m[2], r[1] = m[1] - m[2] - m[3]; }

// An item is a row of tiles. SIDE: of the square that a tile of SIDE - 2 is computed from.
#define TRANSFORM_ROW(SIDE)                                                                                \
  for (int c = 0; c < o->in.channels; c += LANES) {                                                        \
    vec columns[SIDE][SIDE], row[SIDE];                                                                    \
    UNROLL for (int j = 0; j < SIDE; j++) {                                                                \
      vec d[SIDE], t[SIDE];                                                                                \
      UNROLL for (int i = 0; i < SIDE; i++) d[i] = load(from + i * o->in.row + j * o->in.pixel + c);       \
      transform_##SIDE(d, t);                                                                              \
      UNROLL for (int i = 0; i < SIDE; i++) columns[i][j] = t[i];                                          \
    }                                                                                                      \
    UNROLL for (int i = 0; i < SIDE; i++) {                                                                \
      transform_##SIDE(columns[i], row);                                                                   \
      UNROLL for (int j = 0; j < SIDE; j++) store(to + (i * SIDE + j) * place + c, row[j]);                \
    }                                                                                                      \
  }

static void transform_tiles(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int64_t place = (int64_t)o->tiles_down * o->tiles_across * o->in.channels;
  for (int across = 0; across < o->tiles_across; across++) {
    const float *from = pixel_in(&o->in, arena, item * o->tile, across * o->tile);
    float *to = arena + o->out.first + (int64_t)(item * o->tiles_across + across) * o->in.channels;
    if (o->tile == 4) {
      TRANSFORM_ROW(6)
    } else {
      TRANSFORM_ROW(4)
    }
  }
}

static __attribute__((noinline)) void multiply_block(int rows, const float *const *inputs, int depth,
                                                     const float *weights, float *products) {
  const vec zero = {0};
#define CASE(ROWS)                                                                       \
  case ROWS: {                                                                           \
    vec sums[ROWS][2];                                                                   \
    UNROLL for (int row = 0; row < ROWS; row++) sums[row][0] = zero, sums[row][1] = zero; \
    micro_kernel(ROWS, inputs, 1, 0, depth, weights, sums);                              \
    UNROLL for (int row = 0; row < ROWS; row++) {                                        \
      store(products + row * PANEL, sums[row][0]);                                       \
      store(products + row * PANEL + LANES, sums[row][1]);                               \
    }                                                                                    \
    break;                                                                               \
  }
  switch (rows) { EACH_ROW_COUNT(CASE) }
#undef CASE
}

#define UNTRANSFORM(SIDE)                                                                                     \
  for (int half = 0; half < 2; half++) {                                                                      \
    const float *from = products + tile * PANEL + half * LANES;                                               \
    const vec bias = load(o->biases + p * PANEL + half * LANES);                                              \
    vec rows[SIDE - 2][SIDE], row[SIDE - 2];                                                                  \
    UNROLL for (int j = 0; j < SIDE; j++) {                                                                   \
      vec m[SIDE], r[SIDE - 2];                                                                               \
      UNROLL for (int i = 0; i < SIDE; i++) m[i] = load(from + (i * SIDE + j) * place);                       \
      untransform_##SIDE(m, r);                                                                               \
      UNROLL for (int i = 0; i < SIDE - 2; i++) rows[i][j] = r[i];                                            \
    }                                                                                                         \
    UNROLL for (int i = 0; i < SIDE - 2; i++) {                                                               \
      untransform_##SIDE(rows[i], row);                                                                       \
      UNROLL for (int j = 0; j < SIDE - 2; j++) {                                                             \
        const vec sum = row[j] + bias;                                                                        \
        results[i][j][half] = o->relu ? largest(sum, zero) : sum;                                             \
      }                                                                                                       \
    }                                                                                                         \
  }

// `in` is what transform_tiles wrote: (place, tile, channel).
static void multiply_tiles(const Operation *o, int item, float *arena, const uint8_t *image) {
  float *products = (float *)products_of_thread;
  const int tile_group = item / o->panel_groups, panel_group = item % o->panel_groups;
  const int tiles = o->tiles_down * o->tiles_across, depth = o->in.channels;
  const int places = (o->tile + 2) * (o->tile + 2);
  const int begin = begin_of(tiles, tile_group, o->pixel_groups);
  const int count = begin_of(tiles, tile_group + 1, o->pixel_groups) - begin;
  const int blocks = (count + MOST_ROWS - 1) / MOST_ROWS;
  const int64_t place = (int64_t)count * PANEL;
  const int end = begin_of(o->panel_count, panel_group + 1, o->panel_groups);
  const vec zero = {0};
  for (int p = begin_of(o->panel_count, panel_group, o->panel_groups); p < end; p++) {
    const Panel *panel = o->panels + p;
    for (int i = 0; i < places; i++) {
      const float *in = arena + o->in.first + ((int64_t)i * tiles + begin) * depth;
      const float *weights = (const float *)o->weights + ((int64_t)p * places + i) * depth * PANEL;
      for (int block = 0; block < blocks; block++) {
        const int from = begin_of(count, block, blocks), to = begin_of(count, block + 1, blocks);
        const float *inputs[MOST_ROWS];
        for (int row = 0; row < to - from; row++) inputs[row] = in + (int64_t)(from + row) * depth;
        multiply_block(to - from, inputs, depth, weights, products + i * place + from * PANEL);
      }
    }
    for (int tile = 0; tile < count; tile++) {
      const int y = (begin + tile) / o->tiles_across * o->tile, x = (begin + tile) % o->tiles_across * o->tile;
      const int height = at_most(o->tile, o->out.height - y), width = at_most(o->tile, o->out.width - x);
      vec results[4][4][2];
      if (o->tile == 4) {
        UNTRANSFORM(6)
      } else {
        UNTRANSFORM(4)
      }
      for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++)
          store_panel(arena + panel->first + (y + i) * panel->row + (x + j) * panel->pixel, results[i][j][0],
                      results[i][j][1], panel->channels);
    }
  }
}

// An item is a row of the output. A window is cut off at the picture's border: nothing outside is ever the largest.
static void max_pool(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int top = item * o->stride - o->padding;
  const int y_begin = top < 0 ? 0 : top, y_end = at_most(top + o->kernel, o->in.height);
  for (int x = 0; x < o->out.width; x++) {
    const int left = x * o->stride - o->padding;
    const int x_begin = left < 0 ? 0 : left, x_end = at_most(left + o->kernel, o->in.width);
    const float *first = pixel_in(&o->in, arena, y_begin, x_begin);
    float *out = (float *)pixel_in(&o->out, arena, item, x);
    for (int c = 0; c < o->in.channels; c += LANES) {
      const int some = at_most(LANES, o->in.channels - c);
      vec best = load_some(first + c, some);
      for (int y = 0; y < y_end - y_begin; y++)
        for (int i = 0; i < x_end - x_begin; i++)
          best = largest(best, load_some(first + y * o->in.row + i * o->in.pixel + c, some));
      store_some(out + c, best, some);
    }
  }
}

// An item is a row. The squares of a pixel's channels stand between zeros, so that every window is whole.
static void normalize(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int channels = o->in.channels, before = (o->window - 1) / 2;
  float squares[channels + o->window + LANES];
  memset(squares, 0, sizeof squares);
  for (int x = 0; x < o->out.width; x++) {
    const float *in = pixel_in(&o->in, arena, item, x);
    float *out = (float *)pixel_in(&o->out, arena, item, x);
    for (int c = 0; c < channels; c += LANES) {
      const int some = at_most(LANES, channels - c);
      const vec value = load_some(in + c, some);
      store_some(squares + before + c, value * value, some);
    }
    for (int c = 0; c < channels; c += LANES) {
      const int some = at_most(LANES, channels - c);
      vec sum = load(squares + c);
      for (int i = 1; i < o->window; i++) sum += load(squares + c + i);
      store_some(out + c, divided(load_some(in + c, some), o->k + o->alpha * sum, o->beta == 0.75f), some);
    }
  }
}

// An item is a panel of channels, averaged over the grid.
static void average(const Operation *o, int item, float *arena, const uint8_t *image) {
  for (int c = item * PANEL; c < at_most((item + 1) * PANEL, o->in.channels); c += LANES) {
    const int some = at_most(LANES, o->in.channels - c);
    vec sum = {0};
    for (int y = 0; y < o->in.height; y++)
      for (int x = 0; x < o->in.width; x++) sum += load_some(pixel_in(&o->in, arena, y, x) + c, some);
    store_some(arena + o->out.first + c, sum / (float)(o->in.height * o->in.width), some);
  }
}

// An item is some of the picture's rows: one is too little work.
static void take_image(const Operation *o, int item, float *arena, const uint8_t *image) {
  const int end = begin_of(o->out.height, item + 1, o->items);
  for (int y = begin_of(o->out.height, item, o->items); y < end; y++) {
    const uint8_t *in = image + (int64_t)y * o->out.width * 3;
    float *out = (float *)pixel_in(&o->out, arena, y, 0);
    for (int i = 0; i < o->out.width * 3; i += 3)
      for (int c = 0; c < 3; c++) out[i + c] = in[i + c] - o->mean[c];
  }
}
