// SOFTMAX: one work-item a row, which subtracts the row's largest element before it exponentiates.

kernel void softmax(global RAW* out, global const RAW* x, Layout rows, long extent, long out_stride, long x_stride,
                    uint member) {
  const long id = (long)get_global_id(0);
  if (id >= rows.size) return;
  const Place place = place_of(&rows, id, 2);
  out += place.at[0];
  x += place.at[1];
  C largest = decode(x[0]);
  for (long i = 1; i < extent; ++i) largest = maximum(largest, decode(x[i * x_stride]));
  C sum = 0;
  for (long i = 0; i < extent; ++i) sum += exp(decode(x[i * x_stride]) - largest);
  if (member == TENON_SOFTMAX_SOFTMAX) {
    for (long i = 0; i < extent; ++i) {
      out[i * out_stride] = encode(exp(decode(x[i * x_stride]) - largest) / sum);
    }
  } else {
    const C logarithm = log(sum);
    for (long i = 0; i < extent; ++i) {
      out[i * out_stride] = encode((decode(x[i * x_stride]) - largest) - logarithm);
    }
  }
}
