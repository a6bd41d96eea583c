// The arithmetic of one element, as abi.h defines it.

#if DTYPE == BOOLEAN
static C add(C a, C b) { return a | b; }
static C multiply(C a, C b) { return a & b; }
static C subtract(C a, C b) { return a ^ b; }  // no member: to have one text for all dtypes
static C negate(C x) { return x; }
#elif FLOATING
static C add(C a, C b) { return a + b; }
static C subtract(C a, C b) { return a - b; }
static C multiply(C a, C b) { return a * b; }
static C negate(C x) { return -x; }
#else
static C add(C a, C b) { return (C)((UNSIGNED)a + (UNSIGNED)b); }
static C subtract(C a, C b) { return (C)((UNSIGNED)a - (UNSIGNED)b); }
static C multiply(C a, C b) { return (C)((UNSIGNED)a * (UNSIGNED)b); }
static C negate(C x) { return (C)(0 - (UNSIGNED)x); }
#endif

// IEEE 754-2019's maximum and minimum: NaN wins, -0 < +0.
static C maximum(C a, C b) {
#if FLOATING
  if (isnan(a) || isnan(b)) return a + b;
  if (a == b) return signbit(a) ? b : a;
#endif
  return a > b ? a : b;
}

static C minimum(C a, C b) {
#if FLOATING
  if (isnan(a) || isnan(b)) return a + b;
  if (a == b) return signbit(a) ? a : b;
#endif
  return a < b ? a : b;
}

static C absolute(C x) {
#if FLOATING
  return fabs(x);
#elif DTYPE == INT32 || DTYPE == INT64
  return x < 0 ? negate(x) : x;
#else
  return x;
#endif
}

static C sign_of(C x) {
#if FLOATING
  if (isnan(x)) return x;
#endif
  if (x == 0) return 0;
  return x < 0 ? (C)-1 : (C)1;
}

#if FLOATING
// No overflow on either side: the exponential is of a negative number.
static C sigmoid(C x) {
  const C e = exp(-fabs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

// x/2 (1 + erf(x / sqrt 2)), where erfc(-z) is 1 + erf(z) without the cancellation at z << 0.
static C gelu(C x) {
#if DTYPE == FLOAT64
  return x / 2 * erfc(-x * M_SQRT1_2);
#else
  return x / 2 * erfc(-x * M_SQRT1_2_F);
#endif
}
#endif

// v[j] = f(v[j]) for every lane; f is a TENON_UNARY_ member that keeps the dtype.
#define EACH(EXPRESSION)              \
  for (int j = 0; j < LANES; ++j) {   \
    const C x = v[j];                 \
    v[j] = (EXPRESSION);              \
  }                                   \
  break

static void apply_unary(uint member, C* v) {
  switch (member) {
    case TENON_UNARY_NEG: EACH(negate(x));
    case TENON_UNARY_ABS: EACH(absolute(x));
    case TENON_UNARY_SIGN: EACH(sign_of(x));
    case TENON_UNARY_SQUARE: EACH(multiply(x, x));
    case TENON_UNARY_RELU: EACH(maximum(x, 0));
#if FLOATING
    case TENON_UNARY_EXP: EACH(exp(x));
    case TENON_UNARY_EXPM1: EACH(expm1(x));
    case TENON_UNARY_LOG: EACH(log(x));
    case TENON_UNARY_LOG1P: EACH(log1p(x));
    case TENON_UNARY_SQRT: EACH(sqrt(x));
    case TENON_UNARY_RSQRT: EACH(rsqrt(x));
    case TENON_UNARY_RECIPROCAL: EACH(1 / x);
    case TENON_UNARY_SIN: EACH(sin(x));
    case TENON_UNARY_COS: EACH(cos(x));
    case TENON_UNARY_TANH: EACH(tanh(x));
    case TENON_UNARY_SIGMOID: EACH(sigmoid(x));
    case TENON_UNARY_ERF: EACH(erf(x));
    case TENON_UNARY_GELU: EACH(gelu(x));
    case TENON_UNARY_FLOOR: EACH(floor(x));
    case TENON_UNARY_CEIL: EACH(ceil(x));
    case TENON_UNARY_ROUND: EACH(rint(x));
#endif
  }
}
