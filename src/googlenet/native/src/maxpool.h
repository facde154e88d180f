// Max pools. An item is a row of the output. A window is cut off at the picture's border: nothing outside is ever the
// largest.

typedef struct {
  const uint8_t *first;
  int64_t row, pixel;
  int height, width, channels;
} Window;

INLINE void max_of_window_f32(const Window *window, uint8_t *to) {
  float *out = (float *)(void *)to;
  for (int c = 0; c < window->channels; c += VLEN) {
    const int count = min_int(VLEN, window->channels - c);
    const uint8_t *first = window->first + (int64_t)c * 4;
    vreg best = vload_n((const float *)(const void *)first, count);
    for (int y = 0; y < window->height; y++)
      for (int x = 0; x < window->width; x++)
        best = vmax_f32(best, vload_n((const float *)(const void *)(first + y * window->row + x * window->pixel), count));
    vstore_n(out + c, best, count);
  }
}

// The largest byte is that of the largest value.
INLINE void max_of_window_i8(const Window *window, uint8_t *to) {
  const int step = 4 * VLEN, channels = window->channels, in_vectors = channels < step ? 0 : channels;
  for (int begin = 0; begin < in_vectors; begin += step) {
    const int c = min_int(begin, in_vectors - step);  // the last vector reaches back over the one before
    vreg best = vload(window->first + c);
    for (int y = 0; y < window->height; y++)
      for (int x = 0; x < window->width; x++)
        best = vmax_u8(best, vload(window->first + y * window->row + x * window->pixel + c));
    vstore(to + c, best);
  }
  for (int c = in_vectors; c < channels; c++) {
    uint8_t best = 0;
    for (int y = 0; y < window->height; y++)
      for (int x = 0; x < window->width; x++) {
        const uint8_t value = window->first[y * window->row + x * window->pixel + c];
        if (value > best) best = value;
      }
    to[c] = best;
  }
}

INLINE void maxpool(const Operation *o, int item, const Memory *memory, const Element element) {
  const int top = item * o->stride - o->padding, y = max_int(top, 0);
  Window window = {.row = o->in.row, .pixel = o->in.pixel, .channels = o->in.channels};
  window.height = min_int(top + o->kernel_size, o->in.height) - y;
  for (int column = 0; column < o->out.width; column++) {
    const int left = column * o->stride - o->padding, x = max_int(left, 0);
    window.width = min_int(left + o->kernel_size, o->in.width) - x;
    window.first = pixel_at(&o->in, memory, y, x);
    if (element == FLOAT32)
      max_of_window_f32(&window, pixel_at(&o->out, memory, item, column));
    else
      max_of_window_i8(&window, pixel_at(&o->out, memory, item, column));
  }
}

static void maxpool_f32(const Operation *o, int item, const Memory *memory) { maxpool(o, item, memory, FLOAT32); }
static void maxpool_i8(const Operation *o, int item, const Memory *memory) { maxpool(o, item, memory, UINT8); }
