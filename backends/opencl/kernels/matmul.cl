// MATMUL: out = activation(alpha * a b + beta * out + bias). A work-item makes ROWS x LANES elements of out and holds
// their sums in registers. No product is skipped, so 0 * inf is NaN. Where out has few elements, k is cut into parts:
// a work-item makes the sums of one, and those of all parts are added in order.
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
  uint parts;      // of k
  long part_size;
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

// What a work-item makes: LANES columns of ROWS rows.
typedef struct {
  long row, column, batch, part;
  int columns;  // that are there; none: nothing to do
} Tile;

static Tile tile_of(const Product* p, long part, long batch) {
  const long column = (long)get_global_id(0) * LANES;
  const long row = (long)get_global_id(1) * ROWS;
  return (Tile){row, column, batch, part, (int)min((long)LANES, p->n - column)};
}

// Where the sums of a tile's part lie.
static long partial_sums(const Product* p, const Tile* tile) {
  const long tiles_n = (p->n + LANES - 1) / LANES;
  const long tiles_m = (p->m + ROWS - 1) / ROWS;
  const long outer = tile->batch * p->parts + tile->part;
  return ((outer * tiles_m + tile->row / ROWS) * tiles_n + tile->column / LANES) * ROWS * LANES;
}

// out = activation(alpha * sums + beta * out + bias)
static void finish(global RAW* out, global const RAW* bias, const Place* place, const Product* p, const Tile* tile,
                   SUM sums[ROWS][LANES]) {
  for (int i = 0; i < ROWS && tile->row + i < p->m; ++i) {
    global RAW* const to = out + place->at[0] + (tile->row + i) * p->out_row + tile->column * p->out_column;
    global const RAW* const add_to =
        bias + place->at[3] + (tile->row + i) * p->bias_row + tile->column * p->bias_column;
    C result[LANES];
    for (int j = 0; j < tile->columns; ++j) {
      SUM value = p->k == 0 ? 0 : number(p->alpha) * sums[i][j];
      if (p->has_beta) value += number(p->beta) * (SUM)decode(to[j * p->out_column]);
      if (p->has_bias) value += (SUM)decode(add_to[j * p->bias_column]);
      result[j] = (C)value;
    }
    apply_unary(p->activation, result);
    for (int j = 0; j < tile->columns; ++j) to[j * p->out_column] = encode(result[j]);
  }
}

// One step of the sums: a's element of each row times the lanes of b's row. Named, not indexed, so that they stay in
// registers whatever becomes of the loops.
#define ACCUMULATE(B_ROW)                                                            \
  const SUMS b_lanes = (B_ROW);                                                      \
  sums0 = MULTIPLY_ADD((SUMS)(SUM)decode(a0[l * p.a_column]), b_lanes, sums0);       \
  sums1 = MULTIPLY_ADD((SUMS)(SUM)decode(a1[l * p.a_column]), b_lanes, sums1);       \
  sums2 = MULTIPLY_ADD((SUMS)(SUM)decode(a2[l * p.a_column]), b_lanes, sums2);       \
  sums3 = MULTIPLY_ADD((SUMS)(SUM)decode(a3[l * p.a_column]), b_lanes, sums3)

// The sums of a tile over [begin, begin + count) of k, row by row.
static void sum_products(SUM sums[ROWS][LANES], global const RAW* a, global const RAW* b, const Place* place, Product p,
                         const Tile* tile, long begin, long count) {
  b += place->at[2] + tile->column * p.b_column + begin * p.b_row;
  a += place->at[1] + begin * p.a_column;
  // Rows beyond a repeat its last one.
  global const RAW* const a0 = a + tile->row * p.a_row;
  global const RAW* const a1 = a + min(tile->row + 1, p.m - 1) * p.a_row;
  global const RAW* const a2 = a + min(tile->row + 2, p.m - 1) * p.a_row;
  global const RAW* const a3 = a + min(tile->row + 3, p.m - 1) * p.a_row;
  SUMS sums0 = (SUMS)0;
  SUMS sums1 = (SUMS)0;
  SUMS sums2 = (SUMS)0;
  SUMS sums3 = (SUMS)0;
  if (tile->columns == LANES && p.b_column == 1) {
    for (long l = 0; l < count; ++l) {
      ACCUMULATE(DECODE8(vload8(0, b + l * p.b_row)));
    }
  } else {
    for (long l = 0; l < count; ++l) {
      RAW lanes[LANES];  // those beyond b repeat its last column
      for (int j = 0; j < LANES; ++j) lanes[j] = b[l * p.b_row + min(j, tile->columns - 1) * p.b_column];
      ACCUMULATE(DECODE8(vload8(0, lanes)));
    }
  }
  vstore8(sums0, 0, sums[0]);
  vstore8(sums1, 0, sums[1]);
  vstore8(sums2, 0, sums[2]);
  vstore8(sums3, 0, sums[3]);
}

kernel void product(global RAW* out, global const RAW* a, global const RAW* b, global const RAW* bias, Layout batch,
                    Product p) {
  const Tile tile = tile_of(&p, 0, (long)get_global_id(2));
  if (tile.columns <= 0 || tile.row >= p.m) return;
  const Place place = place_of(&batch, tile.batch, OPERANDS);
  SUM sums[ROWS][LANES];
  sum_products(sums, a, b, &place, p, &tile, 0, p.k);
  finish(out, bias, &place, &p, &tile, sums);
}

kernel void product_parts(global SUM* partials, global const RAW* a, global const RAW* b, Layout batch, Product p) {
  const long id = (long)get_global_id(2);
  const Tile tile = tile_of(&p, id % p.parts, id / p.parts);
  if (tile.columns <= 0 || tile.row >= p.m) return;
  const Place place = place_of(&batch, tile.batch, OPERANDS);
  SUM sums[ROWS][LANES];
  const long begin = tile.part * p.part_size;
  sum_products(sums, a, b, &place, p, &tile, begin, min(p.part_size, p.k - begin));
  global SUM* const to = partials + partial_sums(&p, &tile);
  for (int i = 0; i < ROWS; ++i) vstore8(vload8(0, sums[i]), i, to);
}

// After a product in several parts.
kernel void add_parts(global RAW* out, global const RAW* bias, global const SUM* partials, Layout batch, Product p) {
  Tile tile = tile_of(&p, 0, (long)get_global_id(2));
  if (tile.columns <= 0 || tile.row >= p.m) return;
  SUM sums[ROWS][LANES] = {{0}};
  for (; tile.part < p.parts; ++tile.part) {
    global const SUM* const from = partials + partial_sums(&p, &tile);
    for (int i = 0; i < ROWS; ++i) vstore8(vload8(0, sums[i]) + vload8(i, from), 0, sums[i]);
  }
  const Place place = place_of(&batch, tile.batch, OPERANDS);
  finish(out, bias, &place, &p, &tile, sums);
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
