// COPY: out[i] = cast(x[i]), from DTYPE to any dtype.

// Truncates towards zero; NaN gives 0; what is beyond int64 saturates.
static long to_long(C x) {
#if FLOATING
  if (isnan(x)) return 0;
  if (x >= (C)9223372036854775808.0f) return LONG_MAX;
  if (x < (C)-9223372036854775808.0f) return LONG_MIN;
  return (long)x;
#else
  return (long)x;
#endif
}

// By way of float32, also from float64.
static float to_float(C x) { return (float)x; }

#define COPY_TO(NAME, TYPE, CAST)                                            \
  kernel void NAME(global TYPE* out, global const RAW* memory, Layout layout) { \
    const Walk walk = walk_lanes(&layout, 2);                                \
    if (walk.count <= 0) return;                                             \
    C from[LANES];                                                           \
    TYPE to[LANES];                                                          \
    load_lanes(from, memory, &walk, 1);                                      \
    for (int j = 0; j < LANES; ++j) {                                        \
      const C x = from[j];                                                   \
      to[j] = (CAST);                                                        \
    }                                                                        \
    store_##TYPE(out, to, &walk);                                            \
  }

COPY_TO(copy_to_float32, uint, as_uint(to_float(x)))
#if HAS_DOUBLE
COPY_TO(copy_to_float64, ulong, as_ulong((double)x))
#endif
COPY_TO(copy_to_bfloat16, ushort, to_bfloat16(to_float(x)))
COPY_TO(copy_to_int32, uint, (uint)to_long(x))
COPY_TO(copy_to_int64, ulong, (ulong)to_long(x))
COPY_TO(copy_to_uint8, uchar, (uchar)to_long(x))
COPY_TO(copy_to_bool, uchar, x != 0)

// To the same dtype: moves bits.
kernel void copy_bits(global RAW* out, global const RAW* x, Layout layout) {
  const Walk walk = walk_lanes(&layout, 2);
  if (walk.count <= 0) return;
  RAW v[LANES];
  LOAD_RAW(v, x, &walk, 1);
  STORE_RAW(out, v, &walk);
}
