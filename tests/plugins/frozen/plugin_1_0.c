/* A plugin as it was compiled when the ABI was 1.0: it sees the frozen header alone. It negates float32
 * vectors. */
#include "abi_1_0.h"

static const tenon_host* host;

static int32_t supports(tenon_backend* backend, const tenon_call* call) {
  (void)backend;
  return call->op == TENON_OP_UNARY &&
         ((const tenon_member_attributes*)call->attributes)->member == TENON_UNARY_NEG;
}

static tenon_status run(tenon_backend* backend, const tenon_call* call) {
  if (!supports(backend, call)) {
    host->set_error("frozen-1-0 only negates");
    return TENON_UNSUPPORTED;
  }
  const float* const x = (const float*)((const char*)call->inputs[0].data + call->inputs[0].byte_offset);
  float* const out = (float*)((char*)call->outputs[0].data + call->outputs[0].byte_offset);
  for (int64_t i = 0; i < call->outputs[0].shape[0]; ++i) out[i] = -x[i];
  return TENON_OK;
}

static tenon_status create(tenon_backend** backend) {
  *backend = NULL;
  return TENON_OK;
}

static void destroy(tenon_backend* backend) { (void)backend; }

static int32_t score(tenon_backend* backend) {
  (void)backend;
  return 4;
}

static int32_t device_count(tenon_backend* backend) {
  (void)backend;
  return 1;
}

static tenon_status device_properties(tenon_backend* backend, int32_t index,
                                      tenon_device_properties* properties) {
  (void)backend;
  (void)index;
  if (properties->struct_size < sizeof *properties) return TENON_UNSUPPORTED;
  properties->device.device_type = kDLCPU;
  properties->name[0] = 'C';
  properties->name[1] = '\0';
  return TENON_OK;
}

static const tenon_backend_table table = {
    .struct_size = sizeof(tenon_backend_table),
    .abi_major = 1,
    .abi_minor = 0,
    .create = create,
    .destroy = destroy,
    .score = score,
    .device_count = device_count,
    .device_properties = device_properties,
    .supports = supports,
    .run = run,
};

static const tenon_backend_table* entry(const tenon_host* offered) {
  if (offered->abi_major != 1 || offered->struct_size < sizeof(tenon_host)) return NULL;
  host = offered;
  return &table;
}

TENON_EXPORT_BACKEND(entry, "frozen-1-0", "1.0", "", "", "", 4)
