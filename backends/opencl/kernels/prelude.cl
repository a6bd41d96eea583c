// What every program begins with. Before it come the numbers of DTYPE and of abi.h's members.
//
// RAW is an element as it lies in memory, C what it computes in, WIDE what sums and products of it are held in,
// UNSIGNED what integers wrap in. No sum of products is fused that is not written so.
#pragma OPENCL FP_CONTRACT OFF
#if HAS_DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#if DTYPE == FLOAT32
typedef uint RAW;
typedef float C;
typedef float WIDE;
#define FLOATING 1
#elif DTYPE == FLOAT64
typedef ulong RAW;
typedef double C;
typedef double WIDE;
#define FLOATING 1
#elif DTYPE == BFLOAT16
typedef ushort RAW;
typedef float C;
typedef float WIDE;
#define FLOATING 1
#else
#define FLOATING 0
typedef long WIDE;
#if DTYPE == INT32
typedef uint RAW;
typedef int C;
typedef uint UNSIGNED;
#elif DTYPE == INT64
typedef ulong RAW;
typedef long C;
typedef ulong UNSIGNED;
#else
typedef uchar RAW;
typedef uchar C;
typedef uchar UNSIGNED;
#endif
#endif

// bfloat16 is the upper half of a float32: rounded to nearest even; NaN stays NaN.
static ushort to_bfloat16(float value) {
  const uint word = as_uint(value);
  if (isnan(value)) return (ushort)(word >> 16 | 0x40);
  return (ushort)((word + 0x7FFF + (word >> 16 & 1)) >> 16);
}

static C decode(RAW raw) {
#if DTYPE == FLOAT32
  return as_float(raw);
#elif DTYPE == FLOAT64
  return as_double(raw);
#elif DTYPE == BFLOAT16
  return as_float((uint)raw << 16);
#else
  return (C)raw;
#endif
}

static RAW encode(C value) {
#if DTYPE == FLOAT32
  return as_uint(value);
#elif DTYPE == FLOAT64
  return as_ulong(value);
#elif DTYPE == BFLOAT16
  return to_bfloat16(value);
#else
  return (RAW)value;
#endif
}

// The loop over a call's elements: axes that every operand crosses evenly are merged by the host, the last axis is
// the innermost. offset, extent and stride count elements; operand 0 is the output. As layout.h has it.
typedef struct {
  long size;
  long base;  // the logical index of the first element
  long rank;  // at least 1
  long offset[OPERANDS];
  long extent[MAX_AXES];
  long stride[OPERANDS][MAX_AXES];
} Layout;

// Where one element lies in each operand.
typedef struct {
  long at[OPERANDS];
} Place;

static Place place_of(const Layout* layout, long index, int operands) {
  Place place;
  for (int k = 0; k < operands; ++k) place.at[k] = layout->offset[k];
  for (int axis = (int)layout->rank - 1; axis >= 0; --axis) {
    long coordinate = index;
    if (axis > 0) {
      index /= layout->extent[axis];
      coordinate -= index * layout->extent[axis];
    }
    for (int k = 0; k < operands; ++k) place.at[k] += coordinate * layout->stride[k][axis];
  }
  return place;
}

// A work-item does LANES neighbouring elements, so that a processor's vectors are full and what is decided once
// for all of them costs little.
#define LANES 8

typedef struct {
  long first;   // logical index of the first lane, without base
  long count;   // of the lanes, how many there are; not above 0: none
  bool is_run;  // all are there, and on one run of the innermost axis
  Place start;
  long step[OPERANDS];
  long at[OPERANDS][LANES];  // unless is_run
} Walk;

static Walk walk_lanes(const Layout* layout, int operands) {
  Walk walk;
  walk.first = (long)get_global_id(0) * LANES;
  walk.count = min((long)LANES, layout->size - walk.first);
  if (walk.count <= 0) return walk;
  const int last = (int)layout->rank - 1;
  const long extent = layout->extent[last];
  long inner = last == 0 ? walk.first : walk.first % extent;
  walk.is_run = inner + LANES <= extent;
  walk.start = place_of(layout, walk.first, operands);
  for (int k = 0; k < operands; ++k) walk.step[k] = layout->stride[k][last];
  if (walk.is_run) return walk;
  Place place = walk.start;
  for (int j = 0; j < LANES; ++j) {
    for (int k = 0; k < operands; ++k) walk.at[k][j] = place.at[k];
    if (j + 1 >= walk.count) continue;
    if (++inner < extent) {
      for (int k = 0; k < operands; ++k) place.at[k] += walk.step[k];
    } else {
      inner = 0;
      place = place_of(layout, walk.first + j + 1, operands);
    }
  }
  return walk;
}

#define LANE_ACCESS(TYPE)                                                                                \
  static void load_##TYPE(TYPE* lanes, global const TYPE* memory, const Walk* walk, int operand) {       \
    if (walk->is_run) {                                                                                  \
      memory += walk->start.at[operand];                                                                 \
      if (walk->step[operand] == 1) {                                                                    \
        vstore8(vload8(0, memory), 0, lanes);                                                            \
      } else {                                                                                           \
        for (int j = 0; j < LANES; ++j) lanes[j] = memory[j * walk->step[operand]];                      \
      }                                                                                                  \
    } else {                                                                                             \
      for (int j = 0; j < LANES; ++j) lanes[j] = memory[walk->at[operand][j]];                           \
    }                                                                                                    \
  }                                                                                                      \
  static void store_##TYPE(global TYPE* memory, const TYPE* lanes, const Walk* walk) {                   \
    if (walk->is_run) {                                                                                  \
      memory += walk->start.at[0];                                                                       \
      if (walk->step[0] == 1) {                                                                          \
        vstore8(vload8(0, lanes), 0, memory);                                                            \
      } else {                                                                                           \
        for (int j = 0; j < LANES; ++j) memory[j * walk->step[0]] = lanes[j];                            \
      }                                                                                                  \
    } else {                                                                                             \
      for (int j = 0; j < walk->count; ++j) memory[walk->at[0][j]] = lanes[j];                           \
    }                                                                                                    \
  }
LANE_ACCESS(uchar)
LANE_ACCESS(ushort)
LANE_ACCESS(uint)
LANE_ACCESS(ulong)

#if DTYPE == FLOAT32 || DTYPE == INT32
#define LOAD_RAW load_uint
#define STORE_RAW store_uint
#elif DTYPE == FLOAT64 || DTYPE == INT64
#define LOAD_RAW load_ulong
#define STORE_RAW store_ulong
#elif DTYPE == BFLOAT16
#define LOAD_RAW load_ushort
#define STORE_RAW store_ushort
#else
#define LOAD_RAW load_uchar
#define STORE_RAW store_uchar
#endif

static void load_lanes(C* lanes, global const RAW* memory, const Walk* walk, int operand) {
  RAW raw[LANES];
  LOAD_RAW(raw, memory, walk, operand);
  for (int j = 0; j < LANES; ++j) lanes[j] = decode(raw[j]);
}

static void store_lanes(global RAW* memory, const C* lanes, const Walk* walk) {
  RAW raw[LANES];
  for (int j = 0; j < LANES; ++j) raw[j] = encode(lanes[j]);
  STORE_RAW(memory, raw, walk);
}
