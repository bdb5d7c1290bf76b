// Inner products of a query with stored vectors, and the k best of them.
//
// FAISS scores one vector at a time through a call and pushes into a heap. Eight at a time, in registers, with only
// those above the worst of the k best leaving the loop, is what it takes to read vectors as fast as memory gives them;
// bench:retrieve measures it. The code is chosen by the CPU that runs, so that Debian's SSE2 build of FAISS gains too.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#define DUET_AVX2 __attribute__((target("avx2,fma,f16c")))
#endif

namespace duet {

/// How a vector is stored: 32-bit or 16-bit floats, or a byte a number.
enum class Storage { f32, f16, u8 };

/// Vectors one after another.
struct Rows {
  const uint8_t* data;
  size_t stride;
  const uint8_t* at(size_t row) const { return data + row * stride; }
};

struct Hit {
  float score;
  uint32_t row;
};

/// Rows that are scored before the k best are looked at again: they fit the first level cache with 32 dimensions.
constexpr size_t kRun = 128;

namespace detail {

inline float halfToFloat(uint16_t half) {
  uint32_t sign = (half & 0x8000U) << 16, exponent = (half >> 10) & 31U, mantissa = half & 0x3ffU;
  float value;
  if (exponent == 0) {
    value = static_cast<float>(mantissa) * 0x1p-24F;
  } else {
    uint32_t bits = ((exponent == 31 ? 255U : exponent + 112U) << 23) | (mantissa << 13);
    std::memcpy(&value, &bits, 4);
  }
  return sign ? -value : value;
}

template <Storage S>
inline float number(const uint8_t* row, size_t i) {
  if constexpr (S == Storage::u8) return row[i];
  if constexpr (S == Storage::f16) {
    uint16_t half;
    std::memcpy(&half, row + 2 * i, 2);
    return halfToFloat(half);
  }
  float value;
  std::memcpy(&value, row + 4 * i, 4);
  return value;
}

template <Storage S, class RowAt>
size_t scorePlain(const RowAt& rowAt, size_t n, const float* query, size_t dim, float bias, float atLeast, Hit* hits) {
  size_t found = 0;
  for (size_t r = 0; r < n; r++) {
    const uint8_t* row = rowAt(r);
    float sums[8] = {};
    size_t i = 0;
    for (; i + 8 <= dim; i += 8) {
      for (size_t j = 0; j < 8; j++) sums[j] += query[i + j] * number<S>(row, i + j);
    }
    float score = bias;
    for (; i < dim; i++) score += query[i] * number<S>(row, i);
    score += ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    if (score >= atLeast) hits[found++] = {score, static_cast<uint32_t>(r)};
  }
  return found;
}

#if defined(__x86_64__)
template <Storage S>
DUET_AVX2 inline __m256 load(const uint8_t* row, size_t i) {
  if constexpr (S == Storage::u8) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + i))));
  }
  if constexpr (S == Storage::f16) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * i)));
  }
  return _mm256_loadu_ps(reinterpret_cast<const float*>(row + 4 * i));
}

template <Storage S, class RowAt>
DUET_AVX2 size_t scoreAvx2(const RowAt& rowAt, size_t n, const float* query, size_t dim, float bias, float atLeast,
                           Hit* hits) {
  const size_t whole = dim - dim % 8;
  const __m256 limit = _mm256_set1_ps(atLeast);
  size_t found = 0;
  for (size_t r = 0; r < n; r += 8) {
    const uint8_t* rows[8];
    // A last group of fewer than eight repeats its last row.
    for (size_t j = 0; j < 8; j++) rows[j] = rowAt(std::min(r + j, n - 1));
    __m256 sums[8];
    for (auto& sum : sums) sum = _mm256_setzero_ps();
    for (size_t i = 0; i < whole; i += 8) {
      const __m256 part = _mm256_loadu_ps(query + i);
      for (size_t j = 0; j < 8; j++) sums[j] = _mm256_fmadd_ps(load<S>(rows[j], i), part, sums[j]);
    }
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(sums[4], sums[5]), _mm256_hadd_ps(sums[6], sums[7]));
    __m256 scores = _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
    scores = _mm256_add_ps(scores, _mm256_set1_ps(bias));
    if (whole < dim) {
      float rest[8] = {};
      for (size_t j = 0; j < 8; j++) {
        for (size_t i = whole; i < dim; i++) rest[j] += query[i] * number<S>(rows[j], i);
      }
      scores = _mm256_add_ps(scores, _mm256_loadu_ps(rest));
    }
    unsigned above = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(scores, limit, _CMP_GE_OQ)));
    if (n - r < 8) above &= (1U << (n - r)) - 1;
    if (above == 0) continue;
    float all[8];
    _mm256_storeu_ps(all, scores);
    for (; above != 0; above &= above - 1) {
      unsigned j = static_cast<unsigned>(__builtin_ctz(above));
      hits[found++] = {all[j], static_cast<uint32_t>(r + j)};
    }
  }
  return found;
}

inline bool hasAvx2() {
  static const bool has =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  return has;
}
#endif

template <Storage S, class RowAt>
size_t scoreAs(const RowAt& rowAt, size_t n, const float* query, size_t dim, float bias, float atLeast, Hit* hits) {
#if defined(__x86_64__)
  if (hasAvx2()) return scoreAvx2<S>(rowAt, n, query, dim, bias, atLeast, hits);
#endif
  return scorePlain<S>(rowAt, n, query, dim, bias, atLeast, hits);
}

}  // namespace detail

/// Scores the rows that `rowAt(0 … n − 1)` points to, and writes those of at least `atLeast`. No NaN is ever one.
/// @return how many; there is room for n
template <class RowAt>
size_t score(Storage storage, const RowAt& rowAt, size_t n, const float* query, size_t dim, float bias, float atLeast,
             Hit* hits) {
  switch (storage) {
    case Storage::f32:
      return detail::scoreAs<Storage::f32>(rowAt, n, query, dim, bias, atLeast, hits);
    case Storage::f16:
      return detail::scoreAs<Storage::f16>(rowAt, n, query, dim, bias, atLeast, hits);
    default:
      return detail::scoreAs<Storage::u8>(rowAt, n, query, dim, bias, atLeast, hits);
  }
}

/// A score and an id in one number: greater is better, and of equal scores the lower id.
struct Ranked {
  static uint64_t key(float score, uint32_t id) {
    uint32_t bits;
    std::memcpy(&bits, &score, 4);
    bits = (bits & 0x80000000U) ? ~bits : bits | 0x80000000U;
    return (uint64_t{bits} << 32) | ~id;
  }
  static float score(uint64_t key) {
    auto bits = static_cast<uint32_t>(key >> 32);
    bits = (bits & 0x80000000U) ? bits & 0x7fffffffU : ~bits;
    float score;
    std::memcpy(&score, &bits, 4);
    return score;
  }
  static uint32_t id(uint64_t key) { return ~static_cast<uint32_t>(key); }
};

/// The k best of what is offered. It keeps up to twice as many and selects now and then, which costs less than a heap.
class Best {
 public:
  explicit Best(size_t k) : k_(k) { kept_.reserve(2 * k + kRun); }

  /// A score has to be at least this to matter.
  float atLeast() const { return atLeast_; }

  void offer(float score, uint32_t id) {
    kept_.push_back(Ranked::key(score, id));
    if (kept_.size() >= 2 * k_ + kRun) select();
  }

  /// The keys of the k best, best first.
  const std::vector<uint64_t>& sorted() {
    if (kept_.size() > k_) select();
    std::sort(kept_.begin(), kept_.end(), std::greater<>());
    return kept_;
  }

 private:
  void select() {
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(k_ - 1), kept_.end(), std::greater<>());
    kept_.resize(k_);
    atLeast_ = Ranked::score(kept_.back());
  }

  size_t k_;
  float atLeast_ = -std::numeric_limits<float>::infinity();
  std::vector<uint64_t> kept_;
};

/// All that is offered and at least as good as a score.
class Within {
 public:
  Within(float atLeast, size_t limit) : atLeast_(atLeast), limit_(limit) {}

  float atLeast() const { return atLeast_; }

  void offer(float score, uint32_t id) {
    if (kept_.size() == limit_) {
      throw std::length_error("More than " + std::to_string(limit_) + " vectors are within the score.");
    }
    kept_.push_back(Ranked::key(score, id));
  }

  const std::vector<uint64_t>& sorted() {
    std::sort(kept_.begin(), kept_.end(), std::greater<>());
    return kept_;
  }

 private:
  float atLeast_;
  size_t limit_;
  std::vector<uint64_t> kept_;
};

}  // namespace duet
