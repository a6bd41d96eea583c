// TERNARY: out[i] = f(a[i], b[i], c[i]).

// Moves bits: NaN keeps its payload.
kernel void where(global RAW* out, global const uchar* condition, global const RAW* b, global const RAW* c,
                  Layout layout) {
  const Walk walk = walk_lanes(&layout, 4);
  if (walk.count <= 0) return;
  uchar chosen[LANES];
  RAW v[LANES];
  RAW w[LANES];
  load_uchar(chosen, condition, &walk, 1);
  LOAD_RAW(v, b, &walk, 2);
  LOAD_RAW(w, c, &walk, 3);
  for (int j = 0; j < LANES; ++j) v[j] = chosen[j] ? v[j] : w[j];
  STORE_RAW(out, v, &walk);
}

kernel void ternary(global RAW* out, global const RAW* a, global const RAW* b, global const RAW* c, Layout layout,
                    uint member) {
  const Walk walk = walk_lanes(&layout, 4);
  if (walk.count <= 0) return;
  C u[LANES];
  C v[LANES];
  C w[LANES];
  load_lanes(u, a, &walk, 1);
  load_lanes(v, b, &walk, 2);
  load_lanes(w, c, &walk, 3);
  if (member == TENON_TERNARY_CLAMP) {
    for (int j = 0; j < LANES; ++j) v[j] = minimum(maximum(u[j], v[j]), w[j]);
  } else {
    for (int j = 0; j < LANES; ++j) v[j] = add(u[j], multiply(v[j], w[j]));
  }
  store_lanes(out, v, &walk);
}
