// The average of the whole grid, in float32; an item is a panel of channels.

static void avgpool_f32(const Operation *o, int item, const Memory *memory) {
  const vreg factor = vset1_f32(o->factor);
  for (int c = item * PANEL; c < min_int((item + 1) * PANEL, o->in.channels); c += VLEN) {
    const int count = min_int(VLEN, o->in.channels - c);
    vreg sum = vzero();
    for (int y = 0; y < o->in.height; y++)
      for (int x = 0; x < o->in.width; x++)
        sum = vadd_f32(sum, vload_n((const float *)(void *)pixel_at(&o->in, memory, y, x) + c, count));
    vstore_n((float *)(void *)pixel_at(&o->out, memory, 0, 0) + c, vmul_f32(sum, factor), count);
  }
}

static void avgpool_i8(const Operation *o, int item, const Memory *memory) {
  const int c = item * PANEL;
  const vreg factor = vset1_f32(o->factor);
  vreg low = vzero(), high = vzero();
  for (int y = 0; y < o->in.height; y++)
    for (int x = 0; x < o->in.width; x++) {
      const uint8_t *in = pixel_at(&o->in, memory, y, x) + c;
      low = vadd_f32(low, vload_f32_u8(in)), high = vadd_f32(high, vload_f32_u8(in + VLEN));
    }
  store_panel_f32(pixel_at(&o->out, memory, 0, 0) + (int64_t)c * 4, vmul_f32(low, factor), vmul_f32(high, factor),
                  min_int(PANEL, o->in.channels - c));
}
