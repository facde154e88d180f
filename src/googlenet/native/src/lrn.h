// Local response normalisation over channels: x / (k + alpha * sum of squares)^beta, beta a half or three quarters. An
// item is a row. The squares of a pixel's channels stand between zeros, so that every window is whole.

INLINE vreg window_sum(const float *squares, int window) {
  vreg sum = vload(squares);
  for (int i = 1; i < window; i++) sum = vadd_f32(sum, vload(squares + i));
  return sum;
}

static void lrn_f32(const Operation *o, int item, const Memory *memory) {
  const int channels = o->in.channels, before = (o->window - 1) / 2, three_quarters = o->beta == 0.75f;
  const vreg alpha = vset1_f32(o->alpha), k = vset1_f32(o->k);
  float *squares = memory->scratch;
  memset(squares, 0, (size_t)(channels + o->window + VLEN) * sizeof *squares);
  for (int x = 0; x < o->out.width; x++) {
    const float *in = (const float *)(void *)pixel_at(&o->in, memory, item, x);
    float *out = (float *)(void *)pixel_at(&o->out, memory, item, x);
    for (int c = 0; c < channels; c += VLEN) {
      const int count = min_int(VLEN, channels - c);
      const vreg value = vload_n(in + c, count);
      vstore_n(squares + before + c, vmul_f32(value, value), count);
    }
    for (int c = 0; c < channels; c += VLEN) {
      const int count = min_int(VLEN, channels - c);
      vreg factor = vrsqrt_f32(vfma_f32(alpha, window_sum(squares + c, o->window), k));
      if (three_quarters) factor = vmul_f32(factor, vsqrt_f32(factor));
      vstore_n(out + c, vmul_f32(vload_n(in + c, count), factor), count);
    }
  }
}

// `alpha` is of squares of bytes, and `factor` the input's scale over the output's.
static void lrn_i8(const Operation *o, int item, const Memory *memory) {
  const int channels = o->in.channels, before = (o->window - 1) / 2, three_quarters = o->beta == 0.75f;
  const vreg alpha = vset1_f32(o->alpha), k = vset1_f32(o->k), scale = vset1_f32(o->factor);
  float *values = memory->scratch, *squares = values + channels + 2 * PANEL;
  memset(squares, 0, (size_t)(channels + o->window + 2 * PANEL) * sizeof *squares);
  for (int x = 0; x < o->out.width; x++) {
    const uint8_t *in = pixel_at(&o->in, memory, item, x);
    uint8_t *out = pixel_at(&o->out, memory, item, x);
    for (int c = 0; c < channels; c += VLEN) {  // some bytes behind the last channel may be read
      vreg value = vload_f32_u8(in + c);
      if (o->squared_input) value = vmul_f32(value, value);
      vstore(values + c, value);
      vstore_n(squares + before + c, vmul_f32(value, value), min_int(VLEN, channels - c));
    }
    for (int c = 0; c < channels; c += PANEL) {
      vreg result[2];
      UNROLL for (int half = 0; half < 2; half++) {
        const int at = c + half * VLEN;
        vreg factor = vrsqrt_approx_f32(vfma_f32(alpha, window_sum(squares + at, o->window), k));
        if (three_quarters) factor = vmul_f32(factor, vsqrt_approx_f32(factor));
        result[half] = vmul_f32(vmul_f32(scale, vload(values + at)), factor);
      }
      store_panel_u8(out + c, result[0], result[1], o->qmax, channels - c);
    }
  }
}
