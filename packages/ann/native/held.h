// A FAISS index with its lock, what kind it is, and where each id's vector lies.

#pragma once

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/invlists/OnDiskInvertedLists.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "scan.h"

namespace duet {

constexpr int64_t kMaxDim = 8192;
constexpr int64_t kMaxVectors = std::numeric_limits<int32_t>::max();

inline void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

/// Where the vector of an id lies: its list (0 without lists) and its place in it.
class Locator {
 public:
  struct Place {
    uint32_t list = 0;
    uint32_t row = UINT32_MAX;
    bool found() const { return row != UINT32_MAX; }
  };

  explicit Locator(int64_t idLimit, int64_t size) : direct_(idLimit <= 4 * size + 1024) {
    if (direct_) places_.resize(static_cast<size_t>(idLimit));
  }

  void put(int64_t id, Place place) {
    if (direct_) {
      places_[static_cast<size_t>(id)] = place;
    } else {
      sparse_.emplace_back(id, place);
    }
  }

  void seal() {
    std::sort(sparse_.begin(), sparse_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  }

  Place find(int64_t id) const {
    if (direct_)
      return id >= 0 && id < static_cast<int64_t>(places_.size()) ? places_[static_cast<size_t>(id)] : Place{};
    auto at =
        std::lower_bound(sparse_.begin(), sparse_.end(), id, [](const auto& a, int64_t b) { return a.first < b; });
    return at != sparse_.end() && at->first == id ? at->second : Place{};
  }

 private:
  bool direct_;
  std::vector<Place> places_;
  std::vector<std::pair<int64_t, Place>> sparse_;
};

/// Searches share the lock, everything that changes the index excludes them. Running jobs hold a reference of their
/// own, so closing an index never frees it under a search.
class Held {
 public:
  std::shared_mutex lock;

  /// Takes an index that was just made or read, and checks all that searches rely on. TypeScript has checked a file's
  /// lengths (see file.ts); here are the numbers inside that FAISS or a search would follow.
  void take(faiss::Index* made);

  faiss::Index& index() const { return *owned_; }
  int dim() const { return owned_->d; }
  int64_t size() const { return size_; }
  /// One more than the greatest id there has been: bitmaps have so many bits.
  int64_t idLimit() const { return idLimit_; }
  /// Rows are numbered as they were added, and their numbers are their ids.
  bool rowsAreIds() const { return !ivf && !map; }

  /// Ids of rows of a Flat or HNSW index, null where they are the rows' numbers.
  const faiss::Index::idx_t* rowIds() const { return map ? map->id_map.data() : nullptr; }

  Storage storage() const {
    if (!scalar) return Storage::f32;
    return scalar->sq.qtype == faiss::ScalarQuantizer::QT_fp16 ? Storage::f16 : Storage::u8;
  }

  Rows rows() const { return {flat->codes.data(), flat->code_size}; }
  Rows list(size_t number) const { return {ivf->invlists->get_codes(number), ivf->code_size}; }
  Rows centroids() const {
    auto* quantizer = static_cast<const faiss::IndexFlat*>(ivf->quantizer);
    return {quantizer->codes.data(), quantizer->code_size};
  }

  /// The writer, who holds the lock, calls it after vectors came, with one more than the greatest of their ids.
  void changed(int64_t idLimit) {
    if (idLimit > idLimit_) idLimit_ = idLimit;
    size_ = owned_->ntotal;
    if (rowsAreIds()) idLimit_ = size();
    locator_.reset();
  }

  /// Where ids lie, found out once after each change: an index may never be asked. The caller shares the lock.
  std::shared_ptr<const Locator> locator();

  /// An IVF index that was read with mmap: FAISS ends the process where something is added to it.
  bool readOnly() const { return ivf && dynamic_cast<faiss::OnDiskInvertedLists*>(ivf->invlists) != nullptr; }

  /// Lists that a search visits by default, 0 where there are none. FAISS's own is set when the index is written.
  std::atomic<size_t> nprobe = 0;

  faiss::IndexIDMap* map = nullptr;
  faiss::IndexIVF* ivf = nullptr;
  faiss::IndexIVFScalarQuantizer* scalar = nullptr;
  faiss::IndexHNSW* hnsw = nullptr;
  /// The vectors of a Flat or HNSW index.
  faiss::IndexFlat* flat = nullptr;

 private:
  template <class Visit>
  void eachId(const Visit& visit) const;

  void findIdLimit();

  void checkFlat() const;

  void checkLists() const;

  /// Each link of the graph leads to a vertex that has the link's level.
  void checkGraph() const;

  std::unique_ptr<faiss::Index> owned_;
  // Read without the lock by the JavaScript thread, which must not wait for a writer.
  std::atomic<int64_t> size_ = 0;
  std::atomic<int64_t> idLimit_ = 0;
  std::mutex locatorLock_;
  std::shared_ptr<const Locator> locator_;
};

}  // namespace duet
