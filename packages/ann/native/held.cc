#include "held.h"

namespace duet {

void Held::take(faiss::Index* made) {
  owned_.reset(made);
  if (auto* mapped = dynamic_cast<faiss::IndexIDMap2*>(made)) {
    // An IndexIDMap that also finds rows by id, in a hash table; a Locator does.
    auto* plain = new faiss::IndexIDMap(mapped->index);
    plain->own_fields = true;
    plain->id_map.swap(mapped->id_map);
    plain->ntotal = plain->index->ntotal;
    mapped->own_fields = false;
    owned_.reset(made = plain);
  }
  auto* index = made;
  if ((map = dynamic_cast<faiss::IndexIDMap*>(index))) index = map->index;
  ivf = dynamic_cast<faiss::IndexIVF*>(index);
  hnsw = dynamic_cast<faiss::IndexHNSW*>(index);
  flat = dynamic_cast<faiss::IndexFlat*>(hnsw ? hnsw->storage : index);
  scalar = dynamic_cast<faiss::IndexIVFScalarQuantizer*>(index);
  require(flat || scalar || dynamic_cast<faiss::IndexIVFFlat*>(index), "This kind of FAISS index is not supported.");
  require(made->metric_type == faiss::METRIC_INNER_PRODUCT && index->metric_type == faiss::METRIC_INNER_PRODUCT,
          "Only inner product indexes are supported.");
  require(made->d >= 1 && made->d <= kMaxDim && made->ntotal >= 0 && made->ntotal <= kMaxVectors,
          "The index's size is out of range.");
  require(index->d == made->d && index->ntotal == made->ntotal, "The index does not fit its ids.");
  if (flat) checkFlat();
  if (hnsw) checkGraph();
  if (ivf) checkLists();
  if (map) {
    require(!ivf && static_cast<int64_t>(map->id_map.size()) == map->ntotal, "The index does not fit its ids.");
  }
  size_ = made->ntotal;
  if (ivf) nprobe = std::min(ivf->nprobe, ivf->nlist);
  findIdLimit();
}

template <class Visit>
void Held::eachId(const Visit& visit) const {
  if (ivf) {
    for (size_t list = 0; list < ivf->nlist; list++) {
      const auto* ids = ivf->invlists->get_ids(list);
      size_t n = ivf->invlists->list_size(list);
      for (size_t row = 0; row < n; row++) visit(ids[row], static_cast<uint32_t>(list), static_cast<uint32_t>(row));
    }
    return;
  }
  const auto* ids = rowIds();
  for (int64_t row = 0; row < size(); row++) visit(ids ? ids[row] : row, 0U, static_cast<uint32_t>(row));
}

std::shared_ptr<const Locator> Held::locator() {
  std::lock_guard<std::mutex> guard(locatorLock_);
  if (!locator_) {
    auto made = std::make_shared<Locator>(idLimit_, size());
    eachId([&](int64_t id, uint32_t list, uint32_t row) { made->put(id, {list, row}); });
    made->seal();
    locator_ = std::move(made);
  }
  return locator_;
}

void Held::findIdLimit() {
  if (rowsAreIds()) {
    idLimit_ = size();
    return;
  }
  int64_t least = 0, greatest = -1;
  eachId([&](int64_t id, uint32_t, uint32_t) {
    least = std::min(least, id);
    greatest = std::max(greatest, id);
  });
  require(least >= 0 && greatest < kMaxVectors, "The index holds an id outside 0 … 2147483646: its file is damaged.");
  idLimit_ = greatest + 1;
}

void Held::checkFlat() const {
  require(flat->metric_type == faiss::METRIC_INNER_PRODUCT && flat->d == owned_->d && flat->ntotal == owned_->ntotal &&
              flat->code_size == 4 * static_cast<size_t>(flat->d) &&
              flat->codes.size() == flat->code_size * static_cast<size_t>(flat->ntotal),
          "The index's vectors do not fit it.");
}

void Held::checkLists() const {
  auto* quantizer = dynamic_cast<faiss::IndexFlat*>(ivf->quantizer);
  size_t trained = ivf->is_trained ? ivf->nlist : 0;
  require(quantizer && quantizer->d == ivf->d && ivf->nlist >= 1 && ivf->nprobe >= 1 &&
              quantizer->metric_type == faiss::METRIC_INNER_PRODUCT &&
              static_cast<size_t>(quantizer->ntotal) == trained &&
              quantizer->codes.size() == trained * 4 * static_cast<size_t>(ivf->d),
          "The index's coarse quantizer does not fit it.");
  auto dim = static_cast<size_t>(ivf->d);
  size_t bytes = storage() == Storage::f32 ? 4 : storage() == Storage::f16 ? 2 : 1;
  require(ivf->invlists && ivf->invlists->nlist == ivf->nlist && ivf->invlists->code_size == ivf->code_size &&
              ivf->code_size == bytes * dim,
          "The index's lists do not fit it.");
  if (scalar) {
    require(scalar->sq.qtype == faiss::ScalarQuantizer::QT_fp16 || scalar->sq.qtype == faiss::ScalarQuantizer::QT_8bit,
            "This kind of scalar quantizer is not supported.");
    require(storage() == Storage::f16 || !scalar->is_trained || scalar->sq.trained.size() == 2 * dim,
            "The index's scalar quantizer does not fit it.");
  }
  // Ids are looked up with a Locator, which is made when it is needed.
  ivf->set_direct_map_type(faiss::DirectMap::NoMap);
}

void Held::checkGraph() const {
  const auto& graph = hnsw->hnsw;
  auto n = static_cast<size_t>(hnsw->ntotal);
  const char* damaged = "The index's graph does not fit it.";
  int levels = static_cast<int>(graph.cum_nneighbor_per_level.size()) - 1;
  require(graph.levels.size() == n && graph.offsets.size() == n + 1 && graph.offsets[0] == 0 && levels >= 1 &&
              graph.neighbors.size() == graph.offsets[n] && graph.cum_nneighbor_per_level[0] == 0 &&
              graph.max_level < levels && graph.efSearch >= 1,
          damaged);
  for (int level = 0; level < levels; level++) require(graph.nb_neighbors(level) >= 0, damaged);
  require(n == 0 ? graph.entry_point == -1
                 : graph.entry_point >= 0 && static_cast<size_t>(graph.entry_point) < n && graph.max_level >= 0 &&
                       graph.levels[static_cast<size_t>(graph.entry_point)] == graph.max_level + 1,
          damaged);
  for (size_t vertex = 0; vertex < n; vertex++) {
    int own = graph.levels[vertex];
    require(own >= 1 && own <= graph.max_level + 1 &&
                graph.offsets[vertex + 1] - graph.offsets[vertex] ==
                    static_cast<size_t>(graph.cum_nneighbor_per_level[static_cast<size_t>(own)]),
            damaged);
  }
  for (size_t vertex = 0; vertex < n; vertex++) {
    for (int level = 0; level < graph.levels[vertex]; level++) {
      size_t at, end;
      graph.neighbor_range(static_cast<int64_t>(vertex), level, &at, &end);
      for (; at < end && graph.neighbors[at] >= 0; at++) {
        auto other = static_cast<size_t>(graph.neighbors[at]);
        require(other < n && graph.levels[other] > level, damaged);
      }
    }
  }
}

}  // namespace duet
