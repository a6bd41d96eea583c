// INDEX along one axis. Indices are int32, or int64 where `wide`.

static long index_at(global const uchar* index, uint wide, long at) {
  return wide ? ((global const long*)index)[at] : ((global const int*)index)[at];
}

static long lane_at(const Walk* walk, int operand, int j) {
  return walk->is_run ? walk->start.at[operand] + j * walk->step[operand] : walk->at[operand][j];
}

// found[0] becomes 1 if an index, operand 0, is outside [0, extent), and found[1] such an index.
kernel void check_index(global long* found, global const uchar* index, Layout layout, uint wide, long extent) {
  const Walk walk = walk_lanes(&layout, 1);
  for (int j = 0; j < walk.count; ++j) {
    const long i = index_at(index, wide, lane_at(&walk, 0, j));
    if ((i < 0 || i >= extent) && atomic_xchg((global volatile int*)found, 1) == 0) found[1] = i;
  }
}

// out[..i..] = x[..index[..i..]..]; `stride` is x's along the axis. Moves bits.
kernel void gather(global RAW* out, global const RAW* x, global const uchar* index, Layout layout, uint wide,
                   long stride) {
  const Walk walk = walk_lanes(&layout, 3);
  if (walk.count <= 0) return;
  RAW v[LANES];
  for (int j = 0; j < LANES; ++j) {
    if (j >= walk.count) break;
    v[j] = x[lane_at(&walk, 1, j) + index_at(index, wide, lane_at(&walk, 2, j)) * stride];
  }
  STORE_RAW(out, v, &walk);
}

#if DTYPE != BOOLEAN
// out[..index[..i..]..] += src[..i..] for i in [begin, end): one work-item does a whole line along the axis, for
// elements of different lines never meet and those of one are added in src's order.
kernel void scatter_add(global RAW* out, global const uchar* index, global const RAW* src, Layout lines, uint wide,
                        long begin, long end, long out_stride, long index_stride, long src_stride) {
  const long id = (long)get_global_id(0);
  if (id >= lines.size) return;
  const Place place = place_of(&lines, id, 3);
  for (long i = begin; i < end; ++i) {
    const long at = place.at[0] + index_at(index, wide, place.at[1] + i * index_stride) * out_stride;
    out[at] = encode(add(decode(out[at]), decode(src[place.at[2] + i * src_stride])));
  }
}
#endif

// out[.., c] = (index[..] == c)
kernel void one_hot(global RAW* out, global const uchar* index, Layout layout, uint wide, long classes, ulong one) {
  const Walk walk = walk_lanes(&layout, 2);
  if (walk.count <= 0) return;
  RAW v[LANES];
  for (int j = 0; j < LANES; ++j) {
    if (j >= walk.count) break;
    const long c = (layout.base + walk.first + j) % classes;
    v[j] = index_at(index, wide, lane_at(&walk, 1, j)) == c ? (RAW)one : 0;
  }
  STORE_RAW(out, v, &walk);
}
