// A program: operations on the values of one picture, which lie in one block of memory, the arena.
// native/library.py writes the same records down with ctypes; a change here is a change there.
#ifndef GOOGLENET_PROGRAM_H
#define GOOGLENET_PROGRAM_H

#include <stdint.h>

// Where a value's first pixel lies in the arena, and how far apart its rows and pixels are; counted in floats, and in
// bytes by the kernels in whole numbers. Channels lie side by side, so a row of a kernel is one run and a concatenation
// is only a larger pixel.
typedef struct {
  int64_t first, row, pixel;
  int32_t height, width, channels, padding_;
} View;

// As many output channels as a micro-kernel computes at once; the last panel of a convolution may have fewer.
typedef struct {
  int64_t first, row, pixel;
  int32_t channels, top;  // in whole numbers, `top` is the largest code of where they go
} Panel;

typedef struct {
  int32_t kind;          // a place in KERNELS
  int32_t items;         // how many pieces of work it can be cut into
  int32_t pixel_groups;  // items of a convolution: these times panel_groups
  int32_t panel_groups;
  View in, out;            // `out` of a convolution: its grid; where its channels go say the panels
  const Panel *panels;     // of a convolution
  const void *weights;     // panel after panel
  const float *biases;     // of whole panels
  int32_t panel_count, relu;
  int32_t taps, run;       // a convolution's sums: `taps` runs of `run` inputs, a row apart
  int32_t stride, kernel, padding, window;
  int32_t tiles_down, tiles_across, tile;  // Winograd: the grid of tiles, and a tile's side in the output
  int32_t group, top, floats, rooted, in_rooted;  // whole numbers: see int8.h and pairs.h
  const float *scales;     // of whole panels
  float factor;
  float alpha, k, beta;    // response norm: x / (k + alpha * sum of squares)^beta
  float mean[3];           // taken off the picture's channels
} Operation;

// Operations that do not read each other: their items may run in any order.
typedef struct {
  int32_t first, last, items, padding_;
} Phase;

typedef void (*Kernel)(const Operation *operation, int item, float *arena, const uint8_t *image);

// In the order of Kind in native/schedule.py.
enum {
  TAKE_IMAGE, CONVOLVE, TRANSFORM_TILES, MULTIPLY_TILES, MAX_POOL, NORMALIZE, AVERAGE,
  TAKE_BYTES, CONVOLVE_CODES, TRANSFORM_CODES, MULTIPLY_CODES, MAX_POOL_CODES, NORMALIZE_CODES, AVERAGE_CODES,
  ROUND_FLOATS, RESTORE_FLOATS,
  KERNEL_COUNT
};

// Where a thread keeps the products of Winograd's tiles, panels of up to 32 numbers of four bytes for each of 36 places;
// they stay in the second cache. As MOST_TILES in native/program.py.
enum { MOST_TILES = 32, MOST_PRODUCTS = 36 * MOST_TILES };
extern __thread int32_t products_of_thread[MOST_PRODUCTS * 32];

extern const Kernel kernels_avx2[KERNEL_COUNT], kernels_avx512[KERNEL_COUNT];

#endif
