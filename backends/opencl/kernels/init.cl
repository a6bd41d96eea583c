// INIT: out[i] = f(i), i counting the elements in row-major order of the logical shape.

kernel void fill(global RAW* out, Layout layout, ulong bits) {
  const Walk walk = walk_lanes(&layout, 1);
  if (walk.count <= 0) return;
  RAW v[LANES];
  for (int j = 0; j < LANES; ++j) v[j] = (RAW)bits;
  STORE_RAW(out, v, &walk);
}

kernel void eye(global RAW* out, Layout layout, ulong one, long rows, long columns, long diagonal) {
  const Walk walk = walk_lanes(&layout, 1);
  if (walk.count <= 0) return;
  RAW v[LANES];
  for (int j = 0; j < LANES; ++j) {
    const long i = layout.base + walk.first + j;
    v[j] = i % columns - i / columns % rows == diagonal ? (RAW)one : 0;
  }
  STORE_RAW(out, v, &walk);
}

#if DTYPE != BOOLEAN && (!FLOATING || HAS_DOUBLE)
// start + i * step; floats in double, integers wrap.
kernel void arange(global RAW* out, Layout layout, ulong start, ulong step) {
  const Walk walk = walk_lanes(&layout, 1);
  if (walk.count <= 0) return;
  C v[LANES];
  for (int j = 0; j < LANES; ++j) {
    const long i = layout.base + walk.first + j;
#if FLOATING
    v[j] = (C)(as_double(start) + (double)i * as_double(step));
#else
    v[j] = (C)(start + (ulong)i * step);
#endif
  }
  store_lanes(out, v, &walk);
}
#endif

#if DTYPE == INT64 || (HAS_DOUBLE && (DTYPE == FLOAT32 || DTYPE == FLOAT64))
// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, section 3.3.
// abi.h, at TENON_OP_INIT, fixes how elements are made of its words.
static uint4 philox4x32_10(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; ++round) {
    const uint2 low = (uint2)(0xD2511F53, 0xCD9E8D57) * counter.xz;
    const uint2 high = mul_hi((uint2)(0xD2511F53, 0xCD9E8D57), counter.xz);
    counter = (uint4)(high.y ^ counter.y ^ key.x, low.y, high.x ^ counter.w ^ key.y, low.x);
    key += (uint2)(0x9E3779B9, 0xBB67AE85);
  }
  return counter;
}

#if DTYPE == FLOAT64
#define WORDS 2  // that an element takes
#else
#define WORDS 1
#endif
// A work-item draws from a multiple of four elements on: these begin a block and a pair.
#define DRAWN (LANES + 3)

static void draw(uint* words, ulong seed, ulong offset, long first) {
  const uint2 key = (uint2)((uint)seed, (uint)(seed >> 32));
  const ulong begin = (ulong)first / 4 * WORDS;
  const int count = (int)(first % 4 + LANES + 3) / 4 * WORDS;
  for (int block = 0; block < count; ++block) {
    const ulong n = begin + (ulong)block;
    const ulong low = offset + n;
    const uint carry = low < n ? 1 : 0;
    vstore4(philox4x32_10((uint4)((uint)low, (uint)(low >> 32), carry, 0), key), block, words);
  }
}
#endif

#if DTYPE == INT64
kernel void random_bits(global RAW* out, Layout layout, ulong seed, ulong offset) {
  const Walk walk = walk_lanes(&layout, 1);
  if (walk.count <= 0) return;
  uint words[(DRAWN + 3) / 4 * 4];
  const long first = layout.base + walk.first;
  draw(words, seed, offset, first);
  RAW v[LANES];
  for (int j = 0; j < LANES; ++j) v[j] = words[first % 4 + j];
  STORE_RAW(out, v, &walk);
}
#endif

#if HAS_DOUBLE && (DTYPE == FLOAT32 || DTYPE == FLOAT64)
// `i` counts from where the words begin.
static ulong bits_of(const uint* words, long i) { return (ulong)words[2 * i] << 32 | words[2 * i + 1]; }

// `below` is the next value under high.
kernel void uniform_reals(global RAW* out, Layout layout, ulong seed, ulong offset, double low, double high,
                          ulong below) {
  const Walk walk = walk_lanes(&layout, 1);
  if (walk.count <= 0) return;
  uint words[(DRAWN + 3) / 4 * 4 * WORDS];
  const long first = layout.base + walk.first;
  draw(words, seed, offset, first);
  RAW v[LANES];
  for (int j = 0; j < LANES; ++j) {
    const long i = first % 4 + j;
#if DTYPE == FLOAT32
    const double unit = (words[i] >> 8) * 0x1p-24;
#else
    const double unit = (bits_of(words, i) >> 11) * 0x1p-53;
#endif
    const double t = (high - low) * unit;
    const C value = (C)(low + t);
    v[j] = value >= high && high > low ? (RAW)below : encode(value);
  }
  STORE_RAW(out, v, &walk);
}

// Box and Muller 1958: two uniforms make two normals, the even element by the cosine, the odd one by the sine. u1 is
// in (0, 1], so the logarithm is finite.
kernel void normal_reals(global RAW* out, Layout layout, ulong seed, ulong offset, double mean,
                         double deviation) {
  const Walk walk = walk_lanes(&layout, 1);
  if (walk.count <= 0) return;
  uint words[(DRAWN + 3) / 4 * 4 * WORDS];
  const long first = layout.base + walk.first;
  draw(words, seed, offset, first);
  C v[LANES];
  for (int j = 0; j < LANES; ++j) {
    const long i = first % 4 + j;
    const long pair = i - i % 2;
#if DTYPE == FLOAT32
    const double u1 = (words[pair] + 1.0) * 0x1p-32;
    const double u2 = words[pair + 1] * 0x1p-32;
#else
    const double u1 = (double)((bits_of(words, pair) >> 11) + 1) * 0x1p-53;
    const double u2 = (double)(bits_of(words, pair + 1) >> 11) * 0x1p-53;
#endif
    const double r = sqrt(-2 * log(u1));
    const double angle = 2 * M_PI * u2;
    v[j] = (C)(mean + deviation * (r * (i == pair ? cos(angle) : sin(angle))));
  }
  store_lanes(out, v, &walk);
}
#endif
