// From pictures to tensors, and between int8 and float32.

// An item is some of the picture's rows: one is too little work.
static void image_f32(const Operation *o, int item, const Memory *memory) {
  const int end = split(o->out.height, item + 1, o->items);
  for (int y = split(o->out.height, item, o->items); y < end; y++) {
    const uint8_t *in = memory->image + (int64_t)y * o->out.width * 3;
    float *out = (float *)(void *)pixel_at(&o->out, memory, y, 0);
    for (int i = 0; i < o->out.width * 3; i += 3)
      for (int c = 0; c < 3; c++) out[i + c] = in[i + c] - o->mean[c];
  }
}

// The bytes as they are; `mean` is part of the first convolution's biases.
static void image_i8(const Operation *o, int item, const Memory *memory) {
  const int64_t bytes = (int64_t)o->out.width * 3;
  const int end = split(o->out.height, item + 1, o->items);
  for (int y = split(o->out.height, item, o->items); y < end; y++)
    memcpy(pixel_at(&o->out, memory, y, 0), memory->image + y * bytes, (size_t)bytes);
}

// All channels of one pixel.
static void quantize_i8(const Operation *o, int item, const Memory *memory) {
  const float *in = (const float *)(void *)pixel_at(&o->in, memory, item, 0);
  uint8_t *out = pixel_at(&o->out, memory, item, 0);
  const vreg factor = vset1_f32(o->factor);
  for (int c = 0; c < o->in.channels; c += PANEL) {
    const int count = min_int(PANEL, o->in.channels - c);
    const vreg low = vload_n(in + c, min_int(VLEN, count));
    const vreg high = count > VLEN ? vload_n(in + c + VLEN, count - VLEN) : vzero();
    store_panel_u8(out + c, vmul_f32(low, factor), vmul_f32(high, factor), o->qmax, count);
  }
}

// An item is a row; for what is an output of the network.
static void dequantize_i8(const Operation *o, int item, const Memory *memory) {
  const vreg factor = vset1_f32(o->factor);
  for (int x = 0; x < o->in.width; x++) {
    const uint8_t *in = pixel_at(&o->in, memory, item, x);
    float *out = (float *)(void *)pixel_at(&o->out, memory, item, x);
    for (int c = 0; c < o->in.channels; c += VLEN)
      vstore_n(out + c, vmul_f32(vload_f32_u8(in + c), factor), min_int(VLEN, o->in.channels - c));
  }
}
