// BINARY: out[i] = f(a[i], b[i]).

#if !FLOATING && DTYPE != BOOLEAN
// base^exponent by squaring, wrapping. 1 / base is an integer only for base 1 and -1.
static C power(C base, C exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == (C)-1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  C result = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = multiply(result, base);
    base = multiply(base, base);
  }
  return result;
}
#elif FLOATING
static C power(C base, C exponent) { return pow(base, exponent); }
#endif

// results[j] = f(v[j], w[j]) for every lane.
#define EACH_PAIR(RESULTS, EXPRESSION) \
  for (int j = 0; j < LANES; ++j) {    \
    const C a = v[j];                  \
    const C b = w[j];                  \
    RESULTS[j] = (EXPRESSION);         \
  }                                    \
  break

kernel void binary(global RAW* out, global const RAW* a, global const RAW* b, Layout layout, uint member) {
  const Walk walk = walk_lanes(&layout, 3);
  if (walk.count <= 0) return;
  C v[LANES];
  C w[LANES];
  load_lanes(v, a, &walk, 1);
  load_lanes(w, b, &walk, 2);
  switch (member) {
    case TENON_BINARY_ADD: EACH_PAIR(v, add(a, b));
    case TENON_BINARY_SUB: EACH_PAIR(v, subtract(a, b));
    case TENON_BINARY_MUL: EACH_PAIR(v, multiply(a, b));
    case TENON_BINARY_MAXIMUM: EACH_PAIR(v, maximum(a, b));
    case TENON_BINARY_MINIMUM: EACH_PAIR(v, minimum(a, b));
#if FLOATING
    case TENON_BINARY_DIV: EACH_PAIR(v, a / b);
#else
    case TENON_BINARY_AND: EACH_PAIR(v, a & b);
    case TENON_BINARY_OR: EACH_PAIR(v, a | b);
    case TENON_BINARY_XOR: EACH_PAIR(v, a ^ b);
#endif
#if DTYPE != BOOLEAN
    case TENON_BINARY_POW: EACH_PAIR(v, power(a, b));
#endif
  }
  store_lanes(out, v, &walk);
}

kernel void compare(global uchar* out, global const RAW* a, global const RAW* b, Layout layout, uint member) {
  const Walk walk = walk_lanes(&layout, 3);
  if (walk.count <= 0) return;
  C v[LANES];
  C w[LANES];
  load_lanes(v, a, &walk, 1);
  load_lanes(w, b, &walk, 2);
  uchar answer[LANES];
  switch (member) {
    case TENON_BINARY_EQ: EACH_PAIR(answer, a == b);
    case TENON_BINARY_NE: EACH_PAIR(answer, a != b);
    case TENON_BINARY_LT: EACH_PAIR(answer, a < b);
    case TENON_BINARY_LE: EACH_PAIR(answer, a <= b);
    case TENON_BINARY_GT: EACH_PAIR(answer, a > b);
    case TENON_BINARY_GE: EACH_PAIR(answer, a >= b);
  }
  store_uchar(out, answer, &walk);
}
