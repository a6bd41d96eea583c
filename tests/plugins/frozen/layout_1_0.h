/* Where every field of ABI 1.0 lies, and how large its structs are. Checked in C and in C++; these numbers
 * never change: sizes may grow once a newer minor appends fields, then `==` below becomes `>=`. */
#pragma once

#include <tenon/plugin/abi.h>

#include <assert.h> /* C11's static_assert */

static_assert(sizeof(DLTensor) == 48 && offsetof(DLTensor, strides) == 32, "DLTensor");
static_assert(sizeof(tenon_number) == 16, "tenon_number");

static_assert(sizeof(tenon_member_attributes) == 8, "tenon_member_attributes");
static_assert(sizeof(tenon_init_attributes) == 56, "tenon_init_attributes");
static_assert(offsetof(tenon_init_attributes, member) == 4, "tenon_init_attributes.member");
static_assert(offsetof(tenon_init_attributes, value) == 8, "tenon_init_attributes.value");
static_assert(offsetof(tenon_init_attributes, seed) == 40, "tenon_init_attributes.seed");
static_assert(offsetof(tenon_init_attributes, offset) == 48, "tenon_init_attributes.offset");
static_assert(sizeof(tenon_reduce_attributes) == 12, "tenon_reduce_attributes");
static_assert(offsetof(tenon_reduce_attributes, axes) == 8, "tenon_reduce_attributes.axes");
static_assert(sizeof(tenon_matmul_attributes) == 40, "tenon_matmul_attributes");
static_assert(offsetof(tenon_matmul_attributes, activation) == 4, "tenon_matmul_attributes.activation");
static_assert(offsetof(tenon_matmul_attributes, alpha) == 8, "tenon_matmul_attributes.alpha");
static_assert(offsetof(tenon_matmul_attributes, beta) == 24, "tenon_matmul_attributes.beta");
static_assert(sizeof(tenon_index_attributes) == 12, "tenon_index_attributes");
static_assert(offsetof(tenon_index_attributes, axis) == 8, "tenon_index_attributes.axis");

static_assert(sizeof(tenon_call) == 48, "tenon_call");
static_assert(offsetof(tenon_call, op) == 4, "tenon_call.op");
static_assert(offsetof(tenon_call, num_inputs) == 8, "tenon_call.num_inputs");
static_assert(offsetof(tenon_call, num_outputs) == 12, "tenon_call.num_outputs");
static_assert(offsetof(tenon_call, inputs) == 16, "tenon_call.inputs");
static_assert(offsetof(tenon_call, outputs) == 24, "tenon_call.outputs");
static_assert(offsetof(tenon_call, attributes) == 32, "tenon_call.attributes");
static_assert(offsetof(tenon_call, stream) == 40, "tenon_call.stream");

static_assert(sizeof(tenon_host) == 48, "tenon_host");
static_assert(offsetof(tenon_host, abi_major) == 4, "tenon_host.abi_major");
static_assert(offsetof(tenon_host, log) == 8, "tenon_host.log");
static_assert(offsetof(tenon_host, set_error) == 16, "tenon_host.set_error");
static_assert(offsetof(tenon_host, num_threads) == 24, "tenon_host.num_threads");
static_assert(offsetof(tenon_host, allocate) == 32, "tenon_host.allocate");
static_assert(offsetof(tenon_host, deallocate) == 40, "tenon_host.deallocate");

static_assert(sizeof(tenon_device_properties) == 288, "tenon_device_properties");
static_assert(offsetof(tenon_device_properties, flags) == 4, "tenon_device_properties.flags");
static_assert(offsetof(tenon_device_properties, device) == 8, "tenon_device_properties.device");
static_assert(offsetof(tenon_device_properties, name) == 16, "tenon_device_properties.name");
static_assert(offsetof(tenon_device_properties, library) == 80, "tenon_device_properties.library");
static_assert(offsetof(tenon_device_properties, total_memory) == 272, "tenon_device_properties.total_memory");
static_assert(offsetof(tenon_device_properties, free_memory) == 280, "tenon_device_properties.free_memory");

static_assert(sizeof(tenon_backend_table) == 96, "tenon_backend_table");
static_assert(offsetof(tenon_backend_table, abi_major) == 4, "tenon_backend_table.abi_major");
static_assert(offsetof(tenon_backend_table, create) == 8, "tenon_backend_table.create");
static_assert(offsetof(tenon_backend_table, destroy) == 16, "tenon_backend_table.destroy");
static_assert(offsetof(tenon_backend_table, score) == 24, "tenon_backend_table.score");
static_assert(offsetof(tenon_backend_table, device_count) == 32, "tenon_backend_table.device_count");
static_assert(offsetof(tenon_backend_table, device_properties) == 40,
              "tenon_backend_table.device_properties");
static_assert(offsetof(tenon_backend_table, allocate) == 48, "tenon_backend_table.allocate");
static_assert(offsetof(tenon_backend_table, deallocate) == 56, "tenon_backend_table.deallocate");
static_assert(offsetof(tenon_backend_table, copy) == 64, "tenon_backend_table.copy");
static_assert(offsetof(tenon_backend_table, synchronize) == 72, "tenon_backend_table.synchronize");
static_assert(offsetof(tenon_backend_table, supports) == 80, "tenon_backend_table.supports");
static_assert(offsetof(tenon_backend_table, run) == 88, "tenon_backend_table.run");

static_assert(sizeof(tenon_passport) == 276, "tenon_passport");
static_assert(offsetof(tenon_passport, magic) == 4, "tenon_passport.magic");
static_assert(offsetof(tenon_passport, abi_major) == 8, "tenon_passport.abi_major");
static_assert(offsetof(tenon_passport, abi_minor) == 10, "tenon_passport.abi_minor");
static_assert(offsetof(tenon_passport, fingerprint) == 12, "tenon_passport.fingerprint");
static_assert(offsetof(tenon_passport, score_ceiling) == 16, "tenon_passport.score_ceiling");
static_assert(offsetof(tenon_passport, name) == 20, "tenon_passport.name");
static_assert(offsetof(tenon_passport, version) == 52, "tenon_passport.version");
static_assert(offsetof(tenon_passport, library) == 84, "tenon_passport.library");
static_assert(offsetof(tenon_passport, cpu_features) == 148, "tenon_passport.cpu_features");
static_assert(offsetof(tenon_passport, driver) == 212, "tenon_passport.driver");
static_assert(offsetof(tenon_passport_note, passport) == 20, "tenon_passport_note.passport");
