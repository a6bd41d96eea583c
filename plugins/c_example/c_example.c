/* A backend in plain C11: the contract needs no C++. It adds and multiplies float32 tensors with any strides
 * and declines everything else. */
#include <tenon/plugin/abi.h>

static const tenon_host* host;

static int is_float32(const DLTensor* tensor) {
  return tensor->dtype.code == kDLFloat && tensor->dtype.bits == 32 && tensor->dtype.lanes == 1;
}

static uint32_t member_of(const tenon_call* call) {
  return ((const tenon_member_attributes*)call->attributes)->member;
}

static float* elements(const DLTensor* tensor) { return (float*)((char*)tensor->data + tensor->byte_offset); }

static float apply(uint32_t member, float a, float b) { return member == TENON_BINARY_ADD ? a + b : a * b; }

static int32_t supports(tenon_backend* backend, const tenon_call* call) {
  (void)backend;
  return call->op == TENON_OP_BINARY && is_float32(&call->inputs[0]) &&
         (member_of(call) == TENON_BINARY_ADD || member_of(call) == TENON_BINARY_MUL);
}

/* out[i] = a[i] (+ or *) b[i] over the logical index i, counted up like an odometer: the last axis turns
 * fastest. */
static tenon_status run(tenon_backend* backend, const tenon_call* call) {
  if (!supports(backend, call)) {
    host->set_error("c-example adds and multiplies float32 tensors, nothing else");
    return TENON_UNSUPPORTED;
  }
  const DLTensor* const views[3] = {&call->outputs[0], &call->inputs[0], &call->inputs[1]};
  const uint32_t member = member_of(call);
  const int32_t rank = views[0]->ndim;
  const int64_t* const shape = views[0]->shape;
  int64_t index[TENON_MAX_RANK] = {0};
  int64_t at[3] = {0, 0, 0};
  int64_t left = 1;
  for (int32_t axis = 0; axis < rank; ++axis) left *= shape[axis];

  for (; left > 0; --left) {
    elements(views[0])[at[0]] = apply(member, elements(views[1])[at[1]], elements(views[2])[at[2]]);
    for (int32_t axis = rank - 1; axis >= 0; --axis) {
      const int wraps = ++index[axis] == shape[axis];
      const int64_t steps = wraps ? 1 - shape[axis] : 1;
      for (int n = 0; n < 3; ++n) at[n] += steps * views[n]->strides[axis];
      if (!wraps) break;
      index[axis] = 0;
    }
  }
  return TENON_OK;
}

static tenon_status create(tenon_backend** backend) {
  *backend = NULL; /* it keeps no state */
  return TENON_OK;
}

static void destroy(tenon_backend* backend) { (void)backend; }

static int32_t score(tenon_backend* backend) {
  (void)backend;
  return 2;
}

static int32_t device_count(tenon_backend* backend) {
  (void)backend;
  return 1;
}

static tenon_status device_properties(tenon_backend* backend, int32_t index,
                                      tenon_device_properties* properties) {
  (void)backend;
  (void)index;
  const tenon_device_properties cpu = {
      .struct_size = properties->struct_size, .device = {kDLCPU, 0}, .name = "CPU", .library = "plain C"};
  if (properties->struct_size < sizeof cpu) return TENON_UNSUPPORTED;
  *properties = cpu;
  return TENON_OK;
}

/* The functions for device memory are left null: this backend borrows the host's buffers. */
static const tenon_backend_table table = {
    .struct_size = sizeof(tenon_backend_table),
    .abi_major = TENON_ABI_MAJOR,
    .abi_minor = TENON_ABI_MINOR,
    .create = create,
    .destroy = destroy,
    .score = score,
    .device_count = device_count,
    .device_properties = device_properties,
    .supports = supports,
    .run = run,
};

static const tenon_backend_table* entry(const tenon_host* offered) {
  host = offered;
  return &table;
}

TENON_EXPORT_BACKEND(entry, "c-example", "1.0", "", "", "", 2)
