// REDUCE: each element of out folds a box of x, the product of the reduced axes. A box is cut into chunks, one
// work-item each; where there are several, their partial results lie chunk by chunk in scratch memory and `combine`
// folds those. The order depends on the shape alone, so that a second run gives the same bits.

// A loop over the reduced axes of x: as in layout.h.
typedef struct {
  long size;
  long rank;  // at least 1
  long extent[MAX_AXES];
  long stride[MAX_AXES];
} Box;

static long box_offset(const Box* box, long index) {
  long offset = 0;
  for (int axis = (int)box->rank - 1; axis > 0; --axis) {
    const long outer = index / box->extent[axis];
    offset += (index - outer * box->extent[axis]) * box->stride[axis];
    index = outer;
  }
  return offset + index * box->stride[0];
}

// What is known of the elements so far.
typedef struct {
  WIDE total;  // of SUM, MEAN, PROD
  C best;      // of MAX, MIN, ARGMAX, ARGMIN
  long index;  // of `best`
  int truth;   // of ANY, ALL
} Partial;

static bool is_nan(C x) { return x != x; }

// Whether v at index i is ahead of what is best: larger or smaller, or a NaN, and of equals the first.
static bool is_ahead(C v, long i, const Partial* p, bool largest) {
  if (is_nan(v)) return !is_nan(p->best) || i < p->index;
  if (is_nan(p->best)) return false;
  return (largest ? v > p->best : v < p->best) || (v == p->best && i < p->index);
}

#if FLOATING
static WIDE wide_product(WIDE a, WIDE b) { return a * b; }
#else
static WIDE wide_product(WIDE a, WIDE b) { return (WIDE)((ulong)a * (ulong)b); }
#endif

// For every element of the chunk: v, at index r of the box.
#define FOLD(STEP)                                                                        \
  for (long r = begin; r < end;) {                                                        \
    const long inner = r % run;                                                           \
    const long stop = min(run - inner, end - r);                                          \
    global const RAW* const from = x + box_offset(box, r);                                \
    for (long i = 0; i < stop; ++i) {                                                     \
      const C v = decode(from[i * stride]);                                               \
      STEP;                                                                               \
    }                                                                                     \
    r += stop;                                                                            \
  }                                                                                       \
  break

static Partial fold_chunk(uint member, global const RAW* x, const Box* box, long begin, long end) {
  const long run = box->extent[box->rank - 1];
  const long stride = box->stride[box->rank - 1];
  Partial p = {0, 0, begin, member == TENON_REDUCE_ALL};
  if (member == TENON_REDUCE_PROD) p.total = 1;
  if (begin < end) p.best = decode(x[box_offset(box, begin)]);
  switch (member) {
    case TENON_REDUCE_SUM:
    case TENON_REDUCE_MEAN: FOLD(p.total += (WIDE)v);
    case TENON_REDUCE_PROD: FOLD(p.total = wide_product(p.total, (WIDE)v));
    case TENON_REDUCE_MAX: FOLD(p.best = maximum(p.best, v));
    case TENON_REDUCE_MIN: FOLD(p.best = minimum(p.best, v));
    case TENON_REDUCE_ANY: FOLD(p.truth |= v != 0);
    case TENON_REDUCE_ALL: FOLD(p.truth &= v != 0);
    default: FOLD(if (is_ahead(v, r + i, &p, member == TENON_REDUCE_ARGMAX)) (p.best = v, p.index = r + i));
  }
  return p;
}

static void store_result(uint member, global uchar* out, long at, Partial p, long count) {
  switch (member) {
    case TENON_REDUCE_SUM:
    case TENON_REDUCE_PROD:
#if FLOATING
      ((global RAW*)out)[at] = encode((C)p.total);
#else
      ((global long*)out)[at] = p.total;
#endif
      break;
    case TENON_REDUCE_MEAN: ((global RAW*)out)[at] = encode((C)(p.total / (WIDE)count)); break;
    case TENON_REDUCE_MAX:
    case TENON_REDUCE_MIN: ((global RAW*)out)[at] = encode(p.best); break;
    case TENON_REDUCE_ANY:
    case TENON_REDUCE_ALL: out[at] = (uchar)p.truth; break;
    default: ((global long*)out)[at] = p.index;
  }
}

kernel void fold(global uchar* out, global const RAW* x, global Partial* partials, Layout kept, Box box, uint member,
                 long chunks, long chunk_size) {
  const long id = (long)get_global_id(0);
  if (id >= kept.size * chunks) return;
  const long chunk = id / kept.size;
  const Place place = place_of(&kept, id - chunk * kept.size, 2);
  const long begin = chunk * chunk_size;
  const long end = min(begin + chunk_size, box.size);
  const Partial p = fold_chunk(member, x + place.at[1], &box, begin, end);
  if (chunks == 1) {
    store_result(member, out, place.at[0], p, box.size);
  } else {
    partials[id] = p;
  }
}

kernel void combine(global uchar* out, global const Partial* partials, Layout kept, long count, uint member,
                    long chunks) {
  const long id = (long)get_global_id(0);
  if (id >= kept.size) return;
  Partial p = partials[id];
  for (long chunk = 1; chunk < chunks; ++chunk) {
    const Partial next = partials[chunk * kept.size + id];
    switch (member) {
      case TENON_REDUCE_SUM:
      case TENON_REDUCE_MEAN: p.total += next.total; break;
      case TENON_REDUCE_PROD: p.total = wide_product(p.total, next.total); break;
      case TENON_REDUCE_MAX: p.best = maximum(p.best, next.best); break;
      case TENON_REDUCE_MIN: p.best = minimum(p.best, next.best); break;
      case TENON_REDUCE_ANY: p.truth |= next.truth; break;
      case TENON_REDUCE_ALL: p.truth &= next.truth; break;
      default:
        if (is_ahead(next.best, next.index, &p, member == TENON_REDUCE_ARGMAX)) p = next;
    }
  }
  store_result(member, out, place_of(&kept, id, 1).at[0], p, count);
}
