// UNARY: out[i] = f(x[i]).

kernel void unary(global RAW* out, global const RAW* x, Layout layout, uint member) {
  const Walk walk = walk_lanes(&layout, 2);
  if (walk.count <= 0) return;
  C v[LANES];
  load_lanes(v, x, &walk, 1);
  apply_unary(member, v);
  store_lanes(out, v, &walk);
}

// The members that answer a question.
kernel void unary_to_bool(global uchar* out, global const RAW* x, Layout layout, uint member) {
  const Walk walk = walk_lanes(&layout, 2);
  if (walk.count <= 0) return;
  C v[LANES];
  load_lanes(v, x, &walk, 1);
  uchar answer[LANES];
  for (int j = 0; j < LANES; ++j) {
    answer[j] = member == TENON_UNARY_LOGICAL_NOT ? v[j] == 0 : v[j] != v[j];
  }
  store_uchar(out, answer, &walk);
}
