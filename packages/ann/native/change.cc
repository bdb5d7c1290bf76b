#include "change.h"

#include <faiss/impl/IDSelector.h>
#include <faiss/index_io.h>
#include <omp.h>

namespace duet {

namespace {

/// FAISS parallelises with OpenMP inside one call. The setting belongs to the calling thread, so each job sets it.
void useThreads(int64_t threads) { omp_set_num_threads(static_cast<int>(threads)); }

size_t removeLocked(Held& held, const std::vector<int32_t>& ids) {
  std::vector<uint8_t> bits(static_cast<size_t>(held.idLimit() + 7) / 8);
  for (int32_t id : ids) {
    if (id >= 0 && id < held.idLimit()) bits[static_cast<size_t>(id) >> 3] |= static_cast<uint8_t>(1U << (id & 7));
  }
  // 1.7.3 measures the bitmap in bytes, whatever its documentation says.
  size_t removed = held.index().remove_ids(faiss::IDSelectorBitmap(bits.size(), bits.data()));
  held.changed(0);
  return removed;
}

void requireChangeable(const Held& held) {
  require(held.index().is_trained, "Train the index before adding vectors.");
  require(!held.readOnly(), "An index that was read with mmap cannot be changed.");
}

void requireRemovable(const Held& held) {
  require(!held.rowsAreIds(), "This index numbers its vectors itself: IDMap,Flat and IVF keep ids.");
  require(!held.hnsw, "An HNSW index cannot remove vectors.");
}

/// Whether two IVF indexes would put and encode a vector alike.
bool sameLists(const Held& one, const Held& other) {
  if (!one.ivf || !other.ivf) return !one.ivf && !other.ivf;
  auto bytes = [](const Held& held) { return held.centroids().stride * held.ivf->nlist; };
  if (one.ivf->nlist != other.ivf->nlist || one.storage() != other.storage() || bytes(one) != bytes(other))
    return false;
  if (std::memcmp(one.centroids().data, other.centroids().data, bytes(one)) != 0) return false;
  return !one.scalar ||
         (one.scalar->by_residual == other.scalar->by_residual && one.scalar->sq.trained == other.scalar->sq.trained);
}

}  // namespace

void trainOn(Held& held, const std::vector<float>& sample, int seed, int64_t threads) {
  std::unique_lock<std::shared_mutex> guard(held.lock);
  auto& index = held.index();
  int64_t n = static_cast<int64_t>(sample.size()) / held.dim();
  require(index.ntotal == 0, "An index is trained before vectors are added.");
  if (held.ivf) {
    require(!held.readOnly(), "An index that was read with mmap cannot be changed.");
    require(n >= static_cast<int64_t>(held.ivf->nlist), "Training " + std::to_string(held.ivf->nlist) +
                                                            " lists needs at least as many vectors; there are " +
                                                            std::to_string(n) + ".");
    held.ivf->cp.seed = seed;
    held.ivf->cp.min_points_per_centroid = 1;
  }
  useThreads(threads);
  openblas_set_num_threads(static_cast<int>(threads));
  try {
    index.train(n, sample.data());
  } catch (...) {
    openblas_set_num_threads(1);
    throw;
  }
  openblas_set_num_threads(1);
}

void addTo(Held& held, const std::vector<float>& vectors, const std::vector<int32_t>& ids, int64_t threads) {
  std::unique_lock<std::shared_mutex> guard(held.lock);
  requireChangeable(held);
  auto& index = held.index();
  int64_t n = static_cast<int64_t>(vectors.size()) / held.dim();
  require(std::max(held.idLimit(), held.size()) + n <= kMaxVectors, "An index holds at most 2,147,483,647 vectors.");
  useThreads(threads);
  if (held.rowsAreIds()) {
    require(ids.empty(), "This index numbers its vectors itself: IDMap,Flat and IVF keep ids.");
    index.add(n, vectors.data());
    return held.changed(held.size());
  }
  std::vector<faiss::Index::idx_t> wanted(ids.begin(), ids.end());
  if (ids.empty()) {
    for (int64_t i = 0; i < n; i++) wanted.push_back(held.idLimit() + i);
  } else {
    require(static_cast<int64_t>(ids.size()) == n, "There must be one id for each vector.");
    std::vector<int32_t> sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    require(sorted.front() >= 0 && sorted.back() < kMaxVectors, "ids must be from 0 to 2147483646.");
    require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "ids must all be different.");
    if (sorted.front() < held.idLimit()) {
      if (held.hnsw) {
        auto locator = held.locator();
        bool known = std::any_of(sorted.begin(), sorted.end(), [&](int32_t id) { return locator->find(id).found(); });
        require(!known, "An HNSW index cannot replace vectors.");
      } else {
        removeLocked(held, ids);
      }
    }
  }
  index.add_with_ids(n, vectors.data(), wanted.data());
  held.changed(1 + *std::max_element(wanted.begin(), wanted.end()));
}

size_t removeFrom(Held& held, const std::vector<int32_t>& ids, int64_t threads) {
  std::unique_lock<std::shared_mutex> guard(held.lock);
  requireChangeable(held);
  requireRemovable(held);
  useThreads(threads);
  return removeLocked(held, ids);
}

std::vector<float> reconstructFrom(Held& held, const std::vector<int32_t>& ids) {
  std::shared_lock<std::shared_mutex> guard(held.lock);
  auto dim = static_cast<size_t>(held.dim());
  std::vector<float> vectors(ids.size() * dim);
  auto locator = held.rowsAreIds() ? nullptr : held.locator();
  for (size_t i = 0; i < ids.size(); i++) {
    Locator::Place place;
    if (locator) {
      place = locator->find(ids[i]);
    } else if (ids[i] >= 0 && ids[i] < held.size()) {
      place = {0, static_cast<uint32_t>(ids[i])};
    }
    require(place.found(), "There is no vector " + std::to_string(ids[i]) + ".");
    float* vector = vectors.data() + i * dim;
    if (held.scalar) {
      held.ivf->reconstruct_from_offset(place.list, place.row, vector);
    } else {
      const Rows rows = held.ivf ? held.list(place.list) : held.rows();
      std::memcpy(vector, rows.at(place.row), dim * sizeof(float));
    }
  }
  return vectors;
}

void mergeInto(Held& held, Held& other) {
  require(&held != &other, "An index cannot be merged with itself.");
  std::scoped_lock guard(held.lock, other.lock);
  requireChangeable(held);
  requireChangeable(other);
  require(!held.hnsw && !other.hnsw, "HNSW indexes cannot be merged.");
  require(held.dim() == other.dim() && !held.map == !other.map && sameLists(held, other),
          "Only indexes of one kind, with the same dimension and the same trained lists, can be merged.");
  require(std::max(held.idLimit(), held.size()) + std::max(other.idLimit(), other.size()) <= kMaxVectors,
          "An index holds at most 2,147,483,647 vectors.");
  useThreads(1);
  int64_t first = held.idLimit();
  if (held.ivf) {
    held.ivf->merge_from(*other.ivf, first);
  } else {
    // FAISS merges Flat indexes of one C++ class only; one that was read has another than one that was built.
    held.flat->codes.insert(held.flat->codes.end(), other.flat->codes.begin(), other.flat->codes.end());
    held.flat->ntotal += other.flat->ntotal;
    if (held.map) {
      for (auto id : other.map->id_map) held.map->id_map.push_back(first + id);
      held.map->ntotal = held.flat->ntotal;
    }
    other.index().reset();
  }
  held.changed(first + other.idLimit());
  other.changed(0);
}

std::shared_ptr<Held> readFrom(const std::string& path, bool mmap) {
  auto held = std::make_shared<Held>();
  held->take(faiss::read_index(path.c_str(), mmap ? faiss::IO_FLAG_MMAP : 0));
  require(held->index().is_trained, "The index is not trained.");
  // FAISS's default starts 32 threads for each search that goes through it.
  if (held->readOnly()) dynamic_cast<faiss::OnDiskInvertedLists*>(held->ivf->invlists)->prefetch_nthread = 0;
  return held;
}

}  // namespace duet
