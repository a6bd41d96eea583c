// MATMUL: out = activation(alpha * a b + beta * out + bias). A work-item makes ROWS x LANES elements of out and holds
// their sums in registers. No product is skipped, so 0 * inf is NaN.
#define ROWS 4

#if DTYPE == FLOAT64
typedef double SUM;
typedef double8 SUMS;
#define DECODE8(V) as_double8(V)
#elif DTYPE == FLOAT32
typedef float SUM;
typedef float8 SUMS;
#define DECODE8(V) as_float8(V)
#elif DTYPE == BFLOAT16
typedef float SUM;
typedef float8 SUMS;
#define DECODE8(V) as_float8(convert_uint8(V) << 16)
#elif DTYPE == INT64
typedef ulong SUM;
typedef ulong8 SUMS;
#define DECODE8(V) (V)
#else
typedef uint SUM;
typedef uint8 SUMS;
#define DECODE8(V) convert_uint8(V)
#endif

#if DTYPE == FLOAT64 || (FLOATING && HAS_FMA)
#define MULTIPLY_ADD(A, B, SUM) fma(A, B, SUM)
#else
#define MULTIPLY_ADD(A, B, SUM) ((SUM) + (A) * (B))
#endif

// As in matmul.cpp. Strides count elements.
typedef struct {
  long m, n, k;
  long a_row, a_column;
  long b_row, b_column;
  long out_row, out_column;
  long bias_row, bias_column;
  ulong alpha, beta;  // bits of a double or a long
  uint has_beta;      // otherwise out's old contents do not matter
  uint has_bias;
  uint activation;
  uint unused;
} Product;

// alpha or beta: the bits of a double, of a float, or of a long.
static SUM number(ulong bits) {
#if DTYPE == FLOAT64
  return as_double(bits);
#elif FLOATING
  return as_float((uint)bits);
#else
  return (SUM)bits;
#endif
}

// One step of the sums: a's element of each row times the lanes of b's row. Named, not indexed, so that they stay in
// registers whatever becomes of the loops.
#define ACCUMULATE(B_ROW)                                                            \
  const SUMS b_lanes = (B_ROW);                                                      \
  sums0 = MULTIPLY_ADD((SUMS)(SUM)decode(a0[l * p.a_column]), b_lanes, sums0);       \
  sums1 = MULTIPLY_ADD((SUMS)(SUM)decode(a1[l * p.a_column]), b_lanes, sums1);       \
  sums2 = MULTIPLY_ADD((SUMS)(SUM)decode(a2[l * p.a_column]), b_lanes, sums2);       \
  sums3 = MULTIPLY_ADD((SUMS)(SUM)decode(a3[l * p.a_column]), b_lanes, sums3)

kernel void product(global RAW* out, global const RAW* a, global const RAW* b, global const RAW* bias, Layout batch,
                    Product p) {
  const long column = (long)get_global_id(0) * LANES;
  const long row = (long)get_global_id(1) * ROWS;
  if (column >= p.n || row >= p.m) return;
  const int columns = (int)min((long)LANES, p.n - column);
  const Place place = place_of(&batch, (long)get_global_id(2), OPERANDS);
  b += place.at[2] + column * p.b_column;
  a += place.at[1];
  // Rows beyond a repeat its last one.
  global const RAW* const a0 = a + row * p.a_row;
  global const RAW* const a1 = a + min(row + 1, p.m - 1) * p.a_row;
  global const RAW* const a2 = a + min(row + 2, p.m - 1) * p.a_row;
  global const RAW* const a3 = a + min(row + 3, p.m - 1) * p.a_row;
  SUMS sums0 = (SUMS)0;
  SUMS sums1 = (SUMS)0;
  SUMS sums2 = (SUMS)0;
  SUMS sums3 = (SUMS)0;
  if (columns == LANES && p.b_column == 1) {
    for (long l = 0; l < p.k; ++l) {
      ACCUMULATE(DECODE8(vload8(0, b + l * p.b_row)));
    }
  } else {
    for (long l = 0; l < p.k; ++l) {
      RAW lanes[LANES];  // those beyond b repeat its last column
      for (int j = 0; j < LANES; ++j) lanes[j] = b[l * p.b_row + min(j, columns - 1) * p.b_column];
      ACCUMULATE(DECODE8(vload8(0, lanes)));
    }
  }
  SUM sums[ROWS][LANES];
  vstore8(sums0, 0, sums[0]);
  vstore8(sums1, 0, sums[1]);
  vstore8(sums2, 0, sums[2]);
  vstore8(sums3, 0, sums[3]);
  for (int i = 0; i < ROWS && row + i < p.m; ++i) {
    global RAW* const to = out + place.at[0] + (row + i) * p.out_row + column * p.out_column;
    global const RAW* const add_to = bias + place.at[3] + (row + i) * p.bias_row + column * p.bias_column;
    C result[LANES];
    for (int j = 0; j < columns; ++j) {
      SUM value = p.k == 0 ? 0 : number(p.alpha) * sums[i][j];
      if (p.has_beta) value += number(p.beta) * (SUM)decode(to[j * p.out_column]);
      if (p.has_bias) value += (SUM)decode(add_to[j * p.bias_column]);
      result[j] = (C)value;
    }
    apply_unary(p.activation, result);
    for (int j = 0; j < columns; ++j) to[j * p.out_column] = encode(result[j]);
  }
}

// out = activation(out + bias), after a product that CLBlast made in out.
kernel void epilogue(global RAW* out, global const RAW* bias, Layout layout, uint has_bias, uint activation) {
  const Walk walk = walk_lanes(&layout, 2);
  if (walk.count <= 0) return;
  C v[LANES];
  load_lanes(v, out, &walk, 0);
  if (has_bias) {
    C w[LANES];
    load_lanes(w, bias, &walk, 1);
    for (int j = 0; j < LANES; ++j) v[j] = add(v[j], w[j]);
  }
  apply_unary(activation, v);
  store_lanes(out, v, &walk);
}
