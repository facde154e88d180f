// What the library and native/library.py tell each other: operations on the tensors of one picture, which lie in one
// block of memory, the arena. The same records are declared there with ctypes; a change here is a change there.
#ifndef GOOGLENET_RECORDS_H
#define GOOGLENET_RECORDS_H

#include <stdint.h>

// Where a tensor lies in the arena: its first pixel, and how far apart its rows and pixels are; all in bytes. Channels
// lie side by side, so a row of a kernel is one run of memory, and a concatenation is only a larger pixel.
typedef struct {
  int64_t first, row, pixel;
  int32_t height, width, channels, padding_;
} TensorView;

// The output channels that a block of a convolution computes at once, and where they go; the last panel of a convolution
// may have fewer channels than a panel holds.
typedef struct {
  int64_t first, row, pixel;
  int32_t channels;
  float qmax;  // the largest int8 value of the tensor that is written
} Panel;

typedef struct {
  int32_t kernel;        // a place in KERNELS
  int32_t items;         // how many pieces of work it can be cut into
  int32_t pixel_groups;  // items of a convolution: these times panel_groups
  int32_t panel_groups;
  TensorView in, out;      // `out` of a convolution: its grid; where its channels go say the panels
  const Panel *panels;     // of a convolution
  const void *weights;     // panel after panel
  const float *biases;     // of whole panels
  const float *scales;     // of whole panels, int8 only: from int32 sums to the scale of the output
  int32_t panel_count, relu;
  int32_t taps, row_bytes;  // a convolution's sums: `taps` runs of input, each of `row_bytes`, a row of `in` apart
  int32_t stride, kernel_size, padding, window;
  int32_t tiles_down, tiles_across, tile;  // Winograd: the grid of tiles, and a tile's size in the output
  int32_t group;                           // conv_i8_maddubs: products that are added in 16 bits
  int32_t float_output;                    // int8: what is written is float32 all the same
  int32_t squared_input, squared_output;   // int8: a value is q * q * scale, not q * scale
  float qmax;                              // int8: the largest value that is written
  float factor;
  float alpha, k, beta;  // LRN: x / (k + alpha * sum of squares)^beta
  float mean[3];         // subtracted from the picture's channels
} Operation;

// Operations that do not read each other: their items may run in any order.
typedef struct {
  int32_t first, last, items, padding_;
} Phase;

// A tensor that is copied out of the arena after each picture: `bytes` from `first`, to `to` + picture * bytes.
typedef struct {
  int64_t first, bytes;
  uint8_t *to;
} Output;

// A program and the pictures that it is run on.
typedef struct {
  const Operation *operations;
  const Phase *phases;
  int32_t phase_count, output_count;
  const Output *outputs;
  uint8_t *arenas;  // one for each thread
  int64_t arena_bytes, image_bytes;
  const uint8_t *images;
  int64_t image_count;
} Job;

// What an item of an operation works on; `scratch` is the thread's own.
typedef struct {
  uint8_t *arena;
  const uint8_t *image;
  void *scratch;
} Memory;

typedef void (*Kernel)(const Operation *operation, int item, const Memory *memory);

// Every kernel there is, by the name that native/steps.py asks for.
#define KERNELS(KERNEL)                                                                                            \
  KERNEL(image_f32) KERNEL(image_i8) KERNEL(conv_f32) KERNEL(conv_i8) KERNEL(winograd_input_f32)                   \
  KERNEL(winograd_input_i8) KERNEL(winograd_output_f32) KERNEL(winograd_output_i8) KERNEL(maxpool_f32)             \
  KERNEL(maxpool_i8) KERNEL(lrn_f32) KERNEL(lrn_i8) KERNEL(avgpool_f32) KERNEL(avgpool_i8) KERNEL(quantize_i8)     \
  KERNEL(dequantize_i8)

#define KERNEL_NUMBER(name) KERNEL_##name,
enum { KERNELS(KERNEL_NUMBER) KERNEL_COUNT };
#undef KERNEL_NUMBER

// A set of the processor's instructions that the kernels were compiled for: `panel`, the output channels that a block
// computes at once; `exact_int8`, whether products of bytes are added in 32 bits, which nothing overflows, or in 16.
typedef struct {
  const char *name;
  int32_t panel, exact_int8;
  Kernel kernels[KERNEL_COUNT];
} InstructionSet;

// A thread keeps the products of Winograd's tiles in its scratch memory: panels of up to 32 sums of four bytes for each
// of 36 places in a tile; they stay in the second cache. Both as in native/library.py.
enum { MAX_TILES = 32, SCRATCH_BYTES = 36 * MAX_TILES * 32 * 4 };

#endif
