// Which ids a search may find: those of a bitmap, of a list, or of a range.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace duet {

class Filter {
 public:
  /// One bit an id, lowest bit of the first byte first.
  static Filter bitmap(std::vector<uint8_t> bits) {
    Filter filter;
    filter.bits_ = std::move(bits);
    filter.to_ = static_cast<int64_t>(filter.bits_.size()) * 8;
    size_t i = 0;
    for (; i + 8 <= filter.bits_.size(); i += 8) filter.count_ += __builtin_popcountll(filter.word(i));
    for (; i < filter.bits_.size(); i++) filter.count_ += __builtin_popcount(filter.bits_[i]);
    return filter;
  }

  /// Ids of `idLimit` and above, and negative ones, belong to no vector and are left out.
  static Filter of(const std::vector<int32_t>& ids, int64_t idLimit) {
    std::vector<uint8_t> bits(static_cast<size_t>(idLimit + 7) / 8);
    for (int32_t id : ids) {
      if (id >= 0 && id < idLimit) bits[static_cast<size_t>(id) >> 3] |= static_cast<uint8_t>(1U << (id & 7));
    }
    return bitmap(std::move(bits));
  }

  /// from ≤ id < to.
  static Filter range(int64_t from, int64_t to) {
    Filter filter;
    filter.from_ = from;
    filter.to_ = std::max(from, to);
    filter.count_ = filter.to_ - from;
    return filter;
  }

  /// How many ids it allows, whether or not a vector has them.
  int64_t count() const { return count_; }

  bool allows(int64_t id) const {
    if (id < from_ || id >= to_) return false;
    return bits_.empty() || ((bits_[static_cast<size_t>(id) >> 3] >> (id & 7)) & 1) != 0;
  }

  /// Calls `visit` with each allowed id, rising.
  template <class Visit>
  void forEach(const Visit& visit) const {
    if (bits_.empty()) {
      for (int64_t id = from_; id < to_; id++) visit(id);
      return;
    }
    for (size_t i = 0; i < bits_.size(); i += 8) {
      for (uint64_t word = this->word(i); word != 0; word &= word - 1) {
        visit(static_cast<int64_t>(8 * i) + __builtin_ctzll(word));
      }
    }
  }

 private:
  uint64_t word(size_t at) const {
    uint64_t word = 0;
    std::memcpy(&word, bits_.data() + at, std::min<size_t>(8, bits_.size() - at));
    return word;
  }

  std::vector<uint8_t> bits_;
  int64_t from_ = 0;
  int64_t to_ = 0;
  int64_t count_ = 0;
};

}  // namespace duet
