// A program outside Tenon's tree. Its argument is the backend that must do a relu.
#include <tenon/tenon.h>

#include <iostream>

int main(int, char** arguments) {
  const tenon::use_backend scope(arguments[1]);
  const tenon::Tensor y = tenon::relu(tenon::from_values<float>({-1, 0, 2}));
  for (const tenon::OpCount& count : tenon::op_counts()) {
    if (count.op == "relu") std::cout << "relu ran on " << count.backend << ": " << y << "\n";
    if (count.op == "relu" && count.backend == arguments[1]) return y.to_vector<float>().back() == 2 ? 0 : 1;
  }
  return 1;
}
