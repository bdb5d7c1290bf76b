// The searches: which vectors a query is compared with. FAISS trains, encodes, keeps and writes the vectors; what to
// look at, and how a filter changes that, is decided here, without FAISS's OpenMP regions, whose errors nobody can
// catch.

#pragma once

#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include "filter.h"
#include "held.h"
#include "scan.h"

namespace duet {

/// Up to so many allowed vectors, looking at exactly them is as fast as an approximate search, and finds all.
constexpr double kScanAllowed = 20000;
/// A vector looked up by id comes from anywhere in memory, and takes as long as so many that are read in order.
constexpr double kGatherCost = 4;

/// How much of an index a search looks at.
struct Effort {
  /// Lists to visit, 0: the index's own, more of them under a filter.
  int64_t nprobe;
  /// How many of the best a graph's search keeps in sight, 0: the index's own.
  int64_t efSearch;
  /// How many are wanted: a graph's search keeps at least so many in sight. 0: all within a score, from every vector of
  /// a graph.
  size_t k;
};

/// One search of several queries, k results each (`Best`) or all within a score (`Within`).
template <class Sink>
class Search {
 public:
  Search(Held& held, const Filter* filter, Effort effort)
      : held_(held), filter_(filter), effort_(effort), dim_(static_cast<size_t>(held.dim())) {}

  void run(const std::vector<float>& queries, std::vector<Sink>& sinks) {
    std::vector<Query> prepared;
    for (size_t q = 0; q < sinks.size(); q++) prepared.push_back(prepare(queries.data() + q * dim_));
    if (filter_ && gathers()) return gather(prepared, sinks);
    if (exhaustive()) return scan(prepared, sinks);
    for (size_t q = 0; q < sinks.size(); q++) {
      if (held_.hnsw) {
        walk(prepared[q], sinks[q]);
      } else {
        probe(prepared[q], sinks[q]);
      }
    }
  }

 private:
  /// A query in terms of the stored numbers: a byte c of dimension i stands for least_i + width_i · (c + ½) / 255.
  struct Query {
    const float* vector;
    /// `vector`, or what the stored numbers are multiplied with instead.
    std::vector<float> scaled;
    float bias = 0;
    const float* weights() const { return scaled.empty() ? vector : scaled.data(); }
  };

  Query prepare(const float* vector) const {
    Query query{vector, {}};
    if (held_.storage() != Storage::u8) return query;
    const auto& trained = held_.scalar->sq.trained;
    query.scaled.resize(dim_);
    for (size_t i = 0; i < dim_; i++) {
      query.scaled[i] = vector[i] * trained[dim_ + i] / 255.0F;
      query.bias += vector[i] * trained[i] + 0.5F * query.scaled[i];
    }
    return query;
  }

  bool residual() const { return held_.scalar && held_.scalar->by_residual; }
  double lists() const { return static_cast<double>(held_.ivf->nlist); }
  bool exhaustive() const { return held_.flat && (!held_.hnsw || effort_.k == 0); }
  size_t inSight() const {
    int64_t asked = effort_.efSearch > 0 ? effort_.efSearch : held_.hnsw->hnsw.efSearch;
    return std::max(static_cast<size_t>(asked), effort_.k);
  }
  double ownNprobe() const { return static_cast<double>(held_.nprobe.load()); }
  /// Vectors that a search without a filter looks at.
  double lookedAt() const { return ownNprobe() / lists() * static_cast<double>(held_.size()); }

  /// Whether looking at exactly the allowed vectors costs less than searching for them.
  bool gathers() const {
    auto allowed = static_cast<double>(filter_->count()), n = static_cast<double>(held_.size());
    if (exhaustive()) return kGatherCost * allowed <= n;
    if (effort_.nprobe > 0 || effort_.efSearch > 0) return false;
    if (allowed <= kScanAllowed) return true;
    // A search under a filter looks through 1 / share times as many vectors, or vertices with some 40 links each.
    double through = (held_.ivf ? lookedAt() : 40.0 * static_cast<double>(inSight())) * n / allowed;
    return kGatherCost * allowed <= through;
  }

  template <class RowAt, class IdAt>
  void offer(const RowAt& rowAt, const IdAt& idAt, size_t n, const Query& query, float bias, const Filter* filter,
             Sink& sink) {
    size_t found = score(held_.storage(), rowAt, n, query.weights(), dim_, bias, sink.atLeast(), hits_);
    for (size_t i = 0; i < found; i++) {
      int64_t id = idAt(hits_[i].row);
      if (!filter || filter->allows(id)) sink.offer(hits_[i].score, static_cast<uint32_t>(id));
    }
  }

  /// Looks at all vectors of a Flat index. Each run of them is read from memory once for all queries.
  void scan(const std::vector<Query>& queries, std::vector<Sink>& sinks) {
    const Rows rows = held_.rows();
    const auto* ids = held_.rowIds();
    auto size = static_cast<size_t>(held_.size());
    for (size_t from = 0; from < size; from += kRun) {
      size_t n = std::min(kRun, size - from);
      auto rowAt = [&](size_t i) { return rows.at(from + i); };
      auto idAt = [&](size_t i) { return ids ? ids[from + i] : static_cast<int64_t>(from + i); };
      for (size_t q = 0; q < queries.size(); q++) offer(rowAt, idAt, n, queries[q], 0, filter_, sinks[q]);
    }
  }

  /// Looks at exactly the allowed vectors, in the order in which they lie in memory.
  void gather(const std::vector<Query>& queries, std::vector<Sink>& sinks) {
    struct Allowed {
      Locator::Place place;
      int64_t id;
      const uint8_t* row;
    };
    std::vector<Allowed> allowed;
    allowed.reserve(static_cast<size_t>(std::min(filter_->count(), held_.size())));
    if (held_.rowsAreIds()) {
      const Rows rows = held_.rows();
      filter_->forEach([&](int64_t id) {
        if (id < held_.size())
          allowed.push_back({{0, static_cast<uint32_t>(id)}, id, rows.at(static_cast<size_t>(id))});
      });
    } else {
      auto locator = held_.locator();
      filter_->forEach([&](int64_t id) {
        auto place = locator->find(id);
        if (!place.found()) return;
        const Rows rows = held_.ivf ? held_.list(place.list) : held_.rows();
        allowed.push_back({place, id, rows.at(place.row)});
      });
      std::sort(allowed.begin(), allowed.end(), [](const Allowed& a, const Allowed& b) { return a.row < b.row; });
    }
    const Allowed* next = nullptr;
    for (size_t from = 0; from < allowed.size(); from += static_cast<size_t>(next - &allowed[from])) {
      // A run ends with its list where what is stored is the difference from the list's centroid.
      size_t end = std::min(allowed.size(), from + kRun);
      for (size_t i = from + 1; residual() && i < end; i++) {
        if (allowed[i].place.list != allowed[from].place.list) end = i;
      }
      next = allowed.data() + end;
      size_t ahead = std::min(allowed.size(), end + kRun);
      for (size_t i = end; i < ahead; i++) {
        __builtin_prefetch(allowed[i].row);
        __builtin_prefetch(allowed[i].row + 64);
      }
      auto rowAt = [&](size_t i) { return allowed[from + i].row; };
      auto idAt = [&](size_t i) { return allowed[from + i].id; };
      for (size_t q = 0; q < queries.size(); q++) {
        float bias = queries[q].bias + (residual() ? centroidScore(queries[q], allowed[from].place.list) : 0);
        offer(rowAt, idAt, end - from, queries[q], bias, nullptr, sinks[q]);
      }
    }
  }

  float centroidScore(const Query& query, size_t list) const {
    Hit hit{0, 0};
    const uint8_t* centroid = held_.centroids().at(list);
    constexpr float any = -std::numeric_limits<float>::infinity();
    score(
        Storage::f32, [&](size_t) { return centroid; }, 1, query.vector, dim_, 0, any, &hit);
    return hit.score;
  }

  /// The `n` lists whose centroids are nearest, best first, as `Ranked` keys.
  template <class Into>
  void nearestLists(const Query& query, Into& into) {
    const Rows centroids = held_.centroids();
    for (size_t from = 0; from < held_.ivf->nlist; from += kRun) {
      size_t n = std::min(kRun, held_.ivf->nlist - from);
      auto rowAt = [&](size_t i) { return centroids.at(from + i); };
      size_t found = score(Storage::f32, rowAt, n, query.vector, dim_, 0, into.atLeast(), hits_);
      for (size_t i = 0; i < found; i++) into.offer(hits_[i].score, static_cast<uint32_t>(from + hits_[i].row));
    }
  }

  /// Looks into the lists of an IVF index, nearest first: nprobe of them, and under a filter until as many allowed
  /// vectors have been looked at as vectors are without one. FAISS keeps nprobe under a filter, and its recall falls
  /// with the share that is allowed (.989 to .426 at 1 %).
  void probe(const Query& query, Sink& sink) {
    bool further = filter_ && effort_.nprobe == 0;
    auto nprobe =
        static_cast<size_t>(effort_.nprobe > 0 ? std::min(static_cast<double>(effort_.nprobe), lists()) : ownNprobe());
    if (!further) {
      Best nearest(nprobe);
      nearestLists(query, nearest);
      for (uint64_t list : nearest.sorted()) visit(query, list, sink);
      return;
    }
    Within all(-std::numeric_limits<float>::infinity(), held_.ivf->nlist);
    nearestLists(query, all);
    double wanted = lookedAt(), seen = 0;
    size_t visited = 0;
    for (uint64_t list : all.sorted()) {
      if (visited >= nprobe && seen >= wanted) break;
      seen += static_cast<double>(visit(query, list, sink));
      visited++;
    }
  }

  /// @return how many vectors of the list are allowed
  size_t visit(const Query& query, uint64_t nearest, Sink& sink) {
    size_t number = Ranked::id(nearest);
    float bias = query.bias + (residual() ? Ranked::score(nearest) : 0);
    size_t size = held_.ivf->invlists->list_size(number);
    if (size == 0) return 0;
    const Rows rows = held_.list(number);
    const auto* ids = held_.ivf->invlists->get_ids(number);
    size_t allowed = size;
    if (filter_) {
      picked_.resize(size);
      allowed = 0;
      for (size_t row = 0; row < size; row++) {
        picked_[allowed] = static_cast<uint32_t>(row);
        allowed += filter_->allows(ids[row]) ? 1 : 0;
      }
    }
    for (size_t from = 0; from < allowed; from += kRun) {
      size_t n = std::min(kRun, allowed - from);
      if (filter_) {
        auto rowAt = [&](size_t i) { return rows.at(picked_[from + i]); };
        offer(
            rowAt, [&](size_t i) { return ids[picked_[from + i]]; }, n, query, bias, nullptr, sink);
      } else {
        auto rowAt = [&](size_t i) { return rows.at(from + i); };
        offer(
            rowAt, [&](size_t i) { return ids[from + i]; }, n, query, bias, nullptr, sink);
      }
    }
    return allowed;
  }

  /// Walks an HNSW graph (Malkov and Yashunin, algorithms 2 and 5). What the filter leaves out is walked over but not
  /// kept, so the walk goes on until efSearch allowed vectors are in sight. FAISS's own caps efSearch at the index's.
  void walk(const Query& query, Sink& sink) {
    const auto& graph = held_.hnsw->hnsw;
    if (graph.entry_point < 0) return;
    const Rows rows = held_.rows();
    const auto* ids = held_.rowIds();
    std::vector<uint32_t> around;
    constexpr float any = -std::numeric_limits<float>::infinity();
    auto scoreAround = [&](float atLeast) {
      hitsAround_.resize(around.size());
      auto rowAt = [&](size_t i) { return rows.at(around[i]); };
      hitsAround_.resize(score(Storage::f32, rowAt, around.size(), query.vector, dim_, 0, atLeast, hitsAround_.data()));
    };
    auto neighbours = [&](uint32_t vertex, int level, const auto& take) {
      size_t at, end;
      graph.neighbor_range(vertex, level, &at, &end);
      around.clear();
      for (; at < end && graph.neighbors[at] >= 0; at++) {
        if (take(static_cast<size_t>(graph.neighbors[at])))
          around.push_back(static_cast<uint32_t>(graph.neighbors[at]));
      }
    };

    around = {static_cast<uint32_t>(graph.entry_point)};
    scoreAround(any);
    if (hitsAround_.empty()) return;
    uint64_t nearest = Ranked::key(hitsAround_[0].score, around[0]);
    for (int level = graph.max_level; level > 0; level--) {
      for (uint64_t before = 0; before != nearest;) {
        before = nearest;
        neighbours(Ranked::id(nearest), level, [](size_t) { return true; });
        scoreAround(Ranked::score(nearest));
        for (const Hit& hit : hitsAround_) nearest = std::max(nearest, Ranked::key(hit.score, around[hit.row]));
      }
    }

    size_t ef = inSight();
    std::vector<bool> seen(static_cast<size_t>(held_.size()));
    std::priority_queue<uint64_t> frontier;
    std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> best;
    auto idOf = [&](uint32_t row) { return ids ? ids[row] : static_cast<int64_t>(row); };
    auto reach = [&](uint64_t key) {
      frontier.push(key);
      if (filter_ && !filter_->allows(idOf(Ranked::id(key)))) return;
      best.push(key);
      if (best.size() > ef) best.pop();
    };
    seen[Ranked::id(nearest)] = true;
    reach(nearest);
    while (!frontier.empty() && (best.size() < ef || frontier.top() >= best.top())) {
      uint32_t vertex = Ranked::id(frontier.top());
      frontier.pop();
      neighbours(vertex, 0, [&](size_t other) {
        bool is = seen[other];
        seen[other] = true;
        return !is;
      });
      scoreAround(best.size() < ef ? any : Ranked::score(best.top()));
      for (const Hit& hit : hitsAround_) reach(Ranked::key(hit.score, around[hit.row]));
    }
    for (; !best.empty(); best.pop()) {
      sink.offer(Ranked::score(best.top()), static_cast<uint32_t>(idOf(Ranked::id(best.top()))));
    }
  }

  Held& held_;
  const Filter* filter_;
  Effort effort_;
  size_t dim_;
  Hit hits_[kRun];
  std::vector<Hit> hitsAround_;
  std::vector<uint32_t> picked_;
};

}  // namespace duet
