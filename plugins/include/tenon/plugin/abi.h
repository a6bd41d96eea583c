/* The whole contract between Tenon's core (the host) and a backend plugin. Pure C11: no exception,
 * C++ object, allocator or RTTI crosses it, and nothing is needed but DLPack's DLTensor.
 *
 * A plugin is one shared object `tenon-backend-<name>.so` that shows two things:
 *   1. a passport, a constant ELF note that the host reads from the file before it runs any of the
 *      plugin's code (`readelf -n` prints it); and
 *   2. one function, `tenon_backend_entry`, that exchanges the host's table for the backend's.
 * TENON_EXPORT_BACKEND at the end of this header makes both.
 *
 * Growth. Every struct that crosses the line begins with `struct_size`, the size that its maker knew.
 * Fields are only ever appended; a reader uses a field only if `struct_size` covers it. Appended
 * fields, ops and members raise TENON_ABI_MINOR, and either side may be newer: 0 or null in an appended
 * field must mean what held before it was there, since that is what the SDK reads where the other side
 * lacks it. Anything else raises TENON_ABI_MAJOR, and different majors refuse each other.
 *
 * What the host promises for every call: dtypes are promoted as the op's rule below says; elementwise inputs
 * have the output's shape (broadcasting is done by zero strides); outputs are allocated; strides are
 * non-negative and counted in elements; ranks are at most TENON_MAX_RANK. Elements are aligned to
 * their own size and no more. Inputs may overlap each other. An output overlaps no input, except that
 * UNARY, BINARY and TERNARY may name one and the same view (address, shape, strides, dtype) as output
 * and as input, and except where an output is said to be updated in place. No two elements of an
 * output share an address.
 */
#pragma once

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_MAJOR 1
#define TENON_ABI_MINOR 2
#define TENON_MAX_RANK 32

/* ---- dtypes ------------------------------------------------------------------------------------
 * DLDataType with lanes = 1: float32, float64, bfloat16, int32, int64, uint8, and bool as one byte
 * that holds 0 or 1. DLPack 0.6 has no code for bool; this is the one that DLPack 0.8 gave it. */
#define TENON_DTYPE_CODE_BOOL 6

/* ---- status ------------------------------------------------------------------------------------
 * What went wrong is said through tenon_host.set_error before a status other than OK is returned. */
typedef int32_t tenon_status;
enum {
  TENON_OK = 0,
  TENON_UNSUPPORTED = 1,   /* this backend cannot do this call; no output was touched */
  TENON_INVALID = 2,       /* the data is wrong: an index out of range, say */
  TENON_OUT_OF_MEMORY = 3, /* try again after memory was freed; no updated output was touched */
  TENON_FAILED = 4         /* the library or the device failed */
};

/* ---- ops --------------------------------------------------------------------------------------- */
enum {
  TENON_OP_INIT = 1,    /* ()                 -> out; tenon_init_attributes */
  TENON_OP_COPY = 2,    /* (x)                -> out; no attributes; casts if the dtypes differ */
  TENON_OP_UNARY = 3,   /* (x)                -> out; tenon_member_attributes */
  TENON_OP_BINARY = 4,  /* (a, b)             -> out; tenon_member_attributes */
  TENON_OP_TERNARY = 5, /* (a, b, c)          -> out; tenon_member_attributes */
  TENON_OP_REDUCE = 6,  /* (x)                -> out; tenon_reduce_attributes */
  TENON_OP_MATMUL = 7,  /* (a, b) (a, b, bias)-> out; tenon_matmul_attributes */
  TENON_OP_INDEX = 8,   /* see below          -> out; tenon_index_attributes */
  TENON_OP_EINSUM = 9,  /* (x) (a, b)         -> out; tenon_einsum_attributes; since 1.1 */
  TENON_OP_SOFTMAX = 10 /* (x)                -> out; tenon_softmax_attributes; since 1.2, optional */
};

/* COPY. out[i] = cast(x[i]), any dtype to any dtype. Float to bfloat16 or float32 rounds to nearest
 * even, to bfloat16 always by way of float32. To bool: x != 0 (NaN is true). Float to integer: truncate
 * towards zero to int64 (NaN gives 0, values beyond int64 saturate), then wrap to the width of the output.
 * Integers wrap. */

/* INIT. Element i is the i-th in row-major order of the logical shape, whatever the strides. */
enum {
  TENON_INIT_FILL = 0,        /* any dtype: out[i] = value[0] */
  TENON_INIT_ARANGE = 1,      /* not bool: out[i] = value[0] + i * value[1], for floats computed in double */
  TENON_INIT_EYE = 2,         /* any dtype, rank >= 2: out[..., r, c] = (c - r == value[0].integer) */
  TENON_INIT_RANDOM_BITS = 3, /* int64: out[i] = word(i), in [0, 2^32) */
  TENON_INIT_UNIFORM = 4,     /* float32, float64: value[0] = low, value[1] = high */
  TENON_INIT_NORMAL = 5       /* float32, float64: value[0] = mean, value[1] = standard deviation */
};
/* The random members are a function of (seed, offset, i) alone: Philox4x32-10 (Salmon et al., "Parallel
 * random numbers: as easy as 1, 2, 3", SC'11), key = (seed mod 2^32, seed div 2^32), counter = a 128-bit
 * integer, lowest word first. block(n) are the four words for counter offset + n (a sum of 128 bits).
 *   word(i)            = block(i div 4)[i mod 4]
 *   float64 bits(i)    = 64 bits: hi = block(i div 2)[2 (i mod 2)], lo = block(i div 2)[2 (i mod 2) + 1]
 *   UNIFORM float32: u = (word(i) >> 8) * 2^-24;  float64: u = (bits(i) >> 11) * 2^-53.
 *     t = (high - low) * u; out[i] = low + t; two roundings in double, no FMA, then one to float32;
 *     a result >= high > low is replaced by the next value (of the output's dtype) below high.
 *   NORMAL, Box-Muller; elements 2j and 2j+1 are a pair:
 *     float32: u1 = (word(2j) + 1) * 2^-32, u2 = word(2j+1) * 2^-32
 *     float64: u1 = ((bits(2j) >> 11) + 1) * 2^-53, u2 = (bits(2j+1) >> 11) * 2^-53
 *     r = sqrt(-2 ln u1); out[2j] = mean + std * (r cos 2 pi u2); out[2j+1] = mean + std * (r sin 2 pi u2),
 *     computed in double for both dtypes, the angle as (2 pi, a double) * u2, and rounded once to the
 *     output's. */

/* UNARY. out has x's dtype, except that LOGICAL_NOT and ISNAN give bool. x is of any dtype for NEG ABS
 * SIGN SQUARE RELU FLOOR CEIL ROUND LOGICAL_NOT ISNAN (NEG never bool), else of a floating dtype.
 * bfloat16 computes in float32 and rounds once. Integers wrap around. */
enum {
  TENON_UNARY_NEG = 0,
  TENON_UNARY_ABS = 1,
  TENON_UNARY_SIGN = 2, /* -1, +0 (for either zero), 1; NaN stays NaN */
  TENON_UNARY_EXP = 3,
  TENON_UNARY_EXPM1 = 4,
  TENON_UNARY_LOG = 5,
  TENON_UNARY_LOG1P = 6,
  TENON_UNARY_SQRT = 7,
  TENON_UNARY_RSQRT = 8,
  TENON_UNARY_SQUARE = 9,
  TENON_UNARY_RECIPROCAL = 10,
  TENON_UNARY_SIN = 11,
  TENON_UNARY_COS = 12,
  TENON_UNARY_TANH = 13,
  TENON_UNARY_SIGMOID = 14, /* 1 / (1 + exp(-x)) */
  TENON_UNARY_RELU = 15,    /* MAXIMUM(x, +0): NaN stays NaN, -0 gives +0 */
  TENON_UNARY_ERF = 16,
  TENON_UNARY_GELU = 17, /* x/2 (1 + erf(x / sqrt 2)), Hendrycks & Gimpel 2016; NaN at -infinity */
  TENON_UNARY_FLOOR = 18,
  TENON_UNARY_CEIL = 19,
  TENON_UNARY_ROUND = 20, /* half to even */
  TENON_UNARY_LOGICAL_NOT = 21,
  TENON_UNARY_ISNAN = 22
};

/* BINARY. a and b have one dtype; out has it too, except that EQ..GE give bool. Any dtype, except: DIV
 * floating only; SUB and POW not bool; AND OR XOR bitwise, on integers and bool. On bool ADD is "or"
 * and MUL is "and". POW on integers: repeated multiplication, wrapping; a negative exponent gives 1 for base
 * 1, +-1 for base -1 and 0 otherwise. MAXIMUM and MINIMUM follow IEEE 754-2019: NaN wins, -0 < +0. */
enum {
  TENON_BINARY_ADD = 0,
  TENON_BINARY_SUB = 1,
  TENON_BINARY_MUL = 2,
  TENON_BINARY_DIV = 3,
  TENON_BINARY_POW = 4,
  TENON_BINARY_MAXIMUM = 5,
  TENON_BINARY_MINIMUM = 6,
  TENON_BINARY_AND = 7,
  TENON_BINARY_OR = 8,
  TENON_BINARY_XOR = 9,
  TENON_BINARY_EQ = 10,
  TENON_BINARY_NE = 11,
  TENON_BINARY_LT = 12,
  TENON_BINARY_LE = 13,
  TENON_BINARY_GT = 14,
  TENON_BINARY_GE = 15
};

/* TERNARY. */
enum {
  TENON_TERNARY_WHERE = 0,       /* a is bool; b, c, out of one dtype, any: a ? b : c */
  TENON_TERNARY_CLAMP = 1,       /* one dtype, any: MINIMUM(MAXIMUM(a, b), c) */
  TENON_TERNARY_MULTIPLY_ADD = 2 /* one dtype, not bool: a + b * c, rounded twice or fused */
};

/* REDUCE over the axes whose bits are set in `axes`. out has x's rank, with extent 1 on those axes; an
 * empty mask reduces over nothing. SUM and PROD: out has x's dtype (floats accumulate in at least
 * float32), or is int64 where x is an integer or bool. MEAN: floating, out has x's dtype. MAX and MIN: any
 * dtype, out has it too, NaN wins, -0 < +0; ANY and ALL: any x, out bool. ARGMAX, ARGMIN: out int64, the
 * row-major index within the reduced axes of the first extremum (-0 and +0 tie), or of the first NaN. Over no
 * elements SUM and ANY give 0, PROD and ALL 1, MEAN NaN; the host never asks the others for that. */
enum {
  TENON_REDUCE_SUM = 0,
  TENON_REDUCE_MEAN = 1,
  TENON_REDUCE_PROD = 2,
  TENON_REDUCE_MAX = 3,
  TENON_REDUCE_MIN = 4,
  TENON_REDUCE_ANY = 5,
  TENON_REDUCE_ALL = 6,
  TENON_REDUCE_ARGMAX = 7,
  TENON_REDUCE_ARGMIN = 8
};

/* MATMUL. a[..., m, k], b[..., k, n], out[..., m, n], ranks equal and >= 2, batch extents equal (broadcast
 * by zero strides), one dtype, any but bool. out = activation(alpha * a b + beta * out + bias). If beta
 * is not 0, out is updated in place; if it is 0, out's old contents do not matter (NaN included). bias
 * has out's shape (by zero strides, usually). Integers wrap; alpha and beta are then integers. bfloat16
 * accumulates in at least float32 and rounds once. k = 0 makes a b zero. A NaN or infinity in a or b counts
 * even if alpha is 0. */
#define TENON_NO_ACTIVATION 0xFFFFFFFFu

/* INDEX along `axis`. index is int32 or int64; a value outside [0, extent) is TENON_INVALID and leaves
 * the outputs untouched. All ranks are equal (but for ONE_HOT); extents agree on every axis but `axis`.
 *   GATHER      (x, index)   out[..i..] = x[..index[..i..]..]; index has out's shape; out has x's dtype, any.
 *               Selecting whole rows is an index with zero strides on the other axes.
 *   SCATTER_ADD (index, src) out[..index[..i..]..] += src[..i..], each addition rounded, in row-major order
 *               of src; out is updated in place and has src's dtype, any but bool; index has src's shape.
 *   ONE_HOT     (index)      out[.., c] = (index[..] == c); out has one axis more, the last; any dtype. */
enum { TENON_INDEX_GATHER = 0, TENON_INDEX_SCATTER_ADD = 1, TENON_INDEX_ONE_HOT = 2 };

/* EINSUM. Every axis carries a mode, a number in [0, TENON_MAX_MODES): axis i of input k the mode modes[k][i],
 * axis i of out the mode modes[2][i]. With one index for each mode,
 *   out[its modes] = sum over the modes that out lacks of x[its modes], or of a[its modes] * b[its modes].
 * All axes of one mode have one extent. An input may carry a mode twice (its diagonal); out carries each mode
 * once, and only modes that an input carries. Of two inputs, each carries only modes that the other or out
 * carries, too: the host sums over the rest first. One dtype, any but bool; sums as in MATMUL: integers wrap,
 * bfloat16 accumulates in at least float32 and rounds once, a sum of no elements is zero, 0 * infinity is
 * NaN. */
#define TENON_MAX_MODES 64

/* SOFTMAX along `axis`, x and out of one floating dtype and shape; with m = max x, the sums in at least float32:
 *   SOFTMAX      out = exp(x - m) / sum exp(x - m)
 *   LOG_SOFTMAX  out = (x - m) - log(sum exp(x - m))
 * A NaN along the axis, or m = +-infinity, makes all of it NaN. bfloat16 computes in float32 and rounds once.
 * Optional: the host composes it of other ops where no chosen backend does it. */
enum { TENON_SOFTMAX_SOFTMAX = 0, TENON_SOFTMAX_LOG_SOFTMAX = 1 };

/* ---- attributes: each begins with struct_size and member ---------------------------------------- */
typedef struct tenon_member_attributes {
  uint32_t struct_size;
  uint32_t member;
} tenon_member_attributes;

/* One number, given both ways: read `integer` for integer and bool outputs, `real` for floating ones. */
typedef struct tenon_number {
  double real;
  int64_t integer;
} tenon_number;

typedef struct tenon_init_attributes {
  uint32_t struct_size;
  uint32_t member;
  tenon_number value[2];
  uint64_t seed;
  uint64_t offset;
} tenon_init_attributes;

typedef struct tenon_reduce_attributes {
  uint32_t struct_size;
  uint32_t member;
  uint32_t axes; /* bit i: axis i is reduced */
} tenon_reduce_attributes;

typedef struct tenon_matmul_attributes {
  uint32_t struct_size;
  uint32_t activation; /* a TENON_UNARY_ member that keeps the dtype, or TENON_NO_ACTIVATION */
  tenon_number alpha;
  tenon_number beta;
} tenon_matmul_attributes;

typedef struct tenon_index_attributes {
  uint32_t struct_size;
  uint32_t member;
  int32_t axis; /* in [0, rank); unused by ONE_HOT */
} tenon_index_attributes;

typedef struct tenon_einsum_attributes {
  uint32_t struct_size;
  uint8_t modes[3][TENON_MAX_RANK]; /* of the inputs, then of out; as many as each has axes */
} tenon_einsum_attributes;

typedef struct tenon_softmax_attributes {
  uint32_t struct_size;
  uint32_t member;
  int32_t axis; /* in [0, rank) */
} tenon_softmax_attributes;

/* ---- the call frame ----------------------------------------------------------------------------
 * The host owns the frame and everything it points to; a backend keeps no pointer to any of it after
 * `run` returns, except that work which is queued on a stream may go on using the tensors' memory. */
typedef struct tenon_call {
  uint32_t struct_size;
  uint32_t op;
  uint32_t num_inputs;
  uint32_t num_outputs;
  const DLTensor* inputs;  /* num_inputs views; strides are never null, not even at rank 0 */
  const DLTensor* outputs; /* num_outputs views */
  const void* attributes;  /* the op's struct, or null for COPY */
  void* stream;            /* the device's stream to queue on; null: the backend's own, see below */
} tenon_call;

/* ---- what the host offers ----------------------------------------------------------------------
 * One table for the whole process; it outlives every plugin. All functions may be called from any
 * thread at any time. */
typedef struct tenon_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  /* One line, without the line break; shown if level <= TENON_DEBUG (1 error .. 4 everything). */
  void (*log)(int32_t level, const char* message);
  /* The text that goes with a failing status returned next on this thread; copied. */
  void (*set_error)(const char* message);
  /* How many threads a call on this thread should use, >= 1. */
  int32_t (*num_threads)(void);
  /* 64-byte aligned host memory from the host's cache, or null; give it back with the same size. */
  void* (*allocate)(size_t bytes);
  void (*deallocate)(void* memory, size_t bytes);
} tenon_host;

/* ---- what a backend offers --------------------------------------------------------------------- */
typedef struct tenon_backend tenon_backend; /* the backend's own state, opaque to the host */

enum {
  TENON_FLAG_FLUSHES_DENORMALS = 1u,
  TENON_FLAG_APPROXIMATE_DIVISION = 2u,
  TENON_FLAG_REDUCED_PRECISION_MATMUL = 4u /* TF32 or bfloat16 inputs for float32 products */
};

typedef struct tenon_device_properties {
  uint32_t struct_size;  /* set by the host before the call */
  uint32_t flags;        /* TENON_FLAG_*: what the device does less exactly than the contract says */
  DLDevice device;       /* kDLCPU for a backend that works on host memory */
  char name[64];         /* of the device */
  char library[192];     /* the vendor library in use, with its version: "OpenBLAS 0.3.21 Haswell" */
  uint64_t total_memory; /* bytes; 0 where the host's memory is used */
  uint64_t free_memory;
} tenon_device_properties;

/* How a backend does a call: not at all, by its library's or its own kernel, by a kernel that it shares with
 * other backends, or by way of its own other ops. */
enum {
  TENON_SUPPORT_NONE = 0,
  TENON_SUPPORT_NATIVE = 1,
  TENON_SUPPORT_SHARED = 2,
  TENON_SUPPORT_COMPOSED = 3
};

/* A constant table that stays valid until the process ends. Strings returned are NUL-terminated UTF-8.
 * After `create`, and until `destroy`, functions may be called from several threads at once, `run` included.
 */
typedef struct tenon_backend_table {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;

  /* Makes the one instance that the host uses; called once. */
  tenon_status (*create)(tenon_backend** backend);
  /* Called at most once, when nothing runs any more. */
  void (*destroy)(tenon_backend* backend);
  /* How well this backend serves this machine: 0 = it cannot run here (set_error says why), higher is
   * preferred; at most the passport's score_ceiling. */
  int32_t (*score)(tenon_backend* backend);
  int32_t (*device_count)(tenon_backend* backend);
  tenon_status (*device_properties)(tenon_backend* backend, int32_t index,
                                    tenon_device_properties* properties);

  /* Device memory. All four are null in a backend that works on host memory: it borrows the host's buffers.
   *
   * Order. A backend with a null stream keeps an order for each host thread and device: what a thread asked
   * of a device (run, copy) happens in that order, at the latest in `synchronize`, and a failure may be
   * reported then. Between threads there is none: the host calls `synchronize` before memory that one thread
   * used is used by another, or is given back. A copy between two devices is in the order of both.
   *
   * allocate: `memory` becomes what DLTensor.data holds: an address or a handle (a cl_mem), aligned to at least
   * 64 bytes; byte_offset leads into it. bytes > 0. OUT_OF_MEMORY where the device has no more.
   * deallocate: what allocate gave, with the same size; never fails.
   * copy: the first `bytes` bytes of one memory to the start of another, of which at least one is this
   * backend's; DLDevice says whose each is. Host memory is an address, and its part is done when `copy`
   * returns: a source may be changed, a destination be read.
   * synchronize: waits until everything is done that was asked of the device, by this thread's order or, with
   * a null stream, by any; returns the failure of what was queued, once. */
  tenon_status (*allocate)(tenon_backend* backend, int32_t index, size_t bytes, void** memory);
  void (*deallocate)(tenon_backend* backend, int32_t index, void* memory, size_t bytes);
  tenon_status (*copy)(tenon_backend* backend, DLDevice to_device, void* to, DLDevice from_device,
                       const void* from, size_t bytes, void* stream);
  tenon_status (*synchronize)(tenon_backend* backend, int32_t index, void* stream);

  /* Whether `run` would do this concrete call; dtypes, shapes and strides count, data pointers may be null.
   * Returns TENON_SUPPORT_*; before 1.2 only 0 and 1. */
  int32_t (*supports)(tenon_backend* backend, const tenon_call* call);
  /* Does the call, or returns UNSUPPORTED before it touches an output. */
  tenon_status (*run)(tenon_backend* backend, const tenon_call* call);
} tenon_backend_table;

/* The one exported function, `tenon_backend_entry`. Called once, after the passport was accepted. Returns
 * the table, or null after set_error. */
typedef const tenon_backend_table* (*tenon_entry)(const tenon_host* host);

/* ---- the passport ------------------------------------------------------------------------------ */
#define TENON_NOTE_OWNER "Tenon"
#define TENON_NOTE_TYPE 1
#define TENON_PASSPORT_MAGIC 0x6E6F6E54u /* "Tnon", read little-endian */

/* Pointer-free; every string is NUL-terminated inside its array. Four-byte aligned as ELF notes are. */
typedef struct tenon_passport {
  uint32_t struct_size;
  uint32_t magic;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t fingerprint;  /* of the 1.0 layout, as this plugin's compiler laid it out */
  int32_t score_ceiling; /* the highest value that `score` may return */
  char name[32];         /* [a-z][a-z0-9_-]*, what TENON_BACKEND says */
  char version[32];      /* the plugin's own version */
  char library[64];      /* the vendor library that it was built for: "oneDNN 2.6" */
  char cpu_features[64]; /* what every code path needs, comma separated, as in /proc/cpuinfo: "avx2,fma" */
  char driver[64];       /* a library that must be loadable first: "libcuda.so.1" */
} tenon_passport;

typedef struct tenon_passport_note {
  uint32_t name_size;
  uint32_t descriptor_size;
  uint32_t type;
  char owner[8];
  tenon_passport passport;
} tenon_passport_note;

/* A hash of where the fields that exist since 1.0 lie. It changes when a header of the same version
 * number has another layout (a patched copy, other packing), and never because fields were appended. */
enum {
  TENON_FINGERPRINT_DLTENSOR =
      (int)(sizeof(DLTensor) | offsetof(DLTensor, device) << 8 | offsetof(DLTensor, dtype) << 16),
  TENON_FINGERPRINT_DLTENSOR_ARRAYS = (int)(offsetof(DLTensor, shape) | offsetof(DLTensor, strides) << 8 |
                                            offsetof(DLTensor, byte_offset) << 16),
  TENON_FINGERPRINT_CALL = (int)(offsetof(tenon_call, inputs) | offsetof(tenon_call, outputs) << 8 |
                                 offsetof(tenon_call, attributes) << 16 | offsetof(tenon_call, stream) << 24),
  TENON_FINGERPRINT_ATTRIBUTES =
      (int)(offsetof(tenon_init_attributes, offset) | offsetof(tenon_reduce_attributes, axes) << 8 |
            offsetof(tenon_matmul_attributes, beta) << 16 | offsetof(tenon_index_attributes, axis) << 24),
  TENON_FINGERPRINT_TABLES =
      (int)(offsetof(tenon_host, deallocate) | offsetof(tenon_backend_table, run) << 8 |
            offsetof(tenon_device_properties, library) << 16),
  TENON_FINGERPRINT_PASSPORT = (int)(offsetof(tenon_passport, name) | offsetof(tenon_passport, driver) << 8)
};
#define TENON_FINGERPRINT                                                                                \
  ((((((uint32_t)TENON_FINGERPRINT_DLTENSOR * 16777619u ^ (uint32_t)TENON_FINGERPRINT_DLTENSOR_ARRAYS) * \
          16777619u ^                                                                                    \
      (uint32_t)TENON_FINGERPRINT_CALL) *                                                                \
         16777619u ^                                                                                     \
     (uint32_t)TENON_FINGERPRINT_ATTRIBUTES) *                                                           \
        16777619u ^                                                                                      \
    (uint32_t)TENON_FINGERPRINT_TABLES) *                                                                \
       16777619u ^                                                                                       \
   (uint32_t)TENON_FINGERPRINT_PASSPORT)

/* Once per plugin, at namespace scope: ENTRY is a tenon_entry function; the rest are string literals and
 * one integer for the passport. The C++ SDK's entry is `tenon::plugin::entry<MyBackend>`. */
#ifdef __cplusplus
#define TENON_EXTERN_C extern "C"
#else
#define TENON_EXTERN_C
#endif
#define TENON_EXPORT_BACKEND(ENTRY, NAME, VERSION, LIBRARY, CPU_FEATURES, DRIVER, SCORE_CEILING)          \
  __attribute__((section(".note.tenon"), used,                                                            \
                 aligned(4))) static const tenon_passport_note tenon_passport_in_note = {                 \
      sizeof(TENON_NOTE_OWNER),                                                                           \
      sizeof(tenon_passport),                                                                             \
      TENON_NOTE_TYPE,                                                                                    \
      TENON_NOTE_OWNER,                                                                                   \
      {sizeof(tenon_passport), TENON_PASSPORT_MAGIC, TENON_ABI_MAJOR, TENON_ABI_MINOR, TENON_FINGERPRINT, \
       SCORE_CEILING, NAME, VERSION, LIBRARY, CPU_FEATURES, DRIVER}};                                     \
  TENON_EXTERN_C __attribute__((visibility("default"))) const tenon_backend_table* tenon_backend_entry(   \
      const tenon_host* host);                                                                            \
  const tenon_backend_table* tenon_backend_entry(const tenon_host* host) { return ENTRY(host); }

#ifdef __cplusplus
} /* extern "C" */
#endif
