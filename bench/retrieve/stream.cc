// The memory-bandwidth limit of an exact scan: how long this machine takes to read so many bytes once, in order, on one
// core, doing no more with them than adding them up. Prints the microseconds of each of REPEATS readings, one a line.
//
//   stream BYTES REPEATS

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::vector<float> numbers(std::strtoull(argv[1], nullptr, 10) / 4, 1.0F);
  // As many sums as keep the adder from being what is waited for; the compiler makes vectors of them.
  float sums[64] = {};
  for (int repeat = 0; repeat < std::atoi(argv[2]); repeat++) {
    auto began = std::chrono::steady_clock::now();
    for (size_t i = 0; i + 64 <= numbers.size(); i += 64) {
      for (size_t j = 0; j < 64; j++) sums[j] += numbers[i + j];
    }
    std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    std::printf("%.1f\n", took.count());
  }
  float sum = 0;
  for (float part : sums) sum += part;
  return sum < 0 ? 1 : 0;
}
