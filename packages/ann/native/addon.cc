// The binding of @duet/ann to FAISS (1.7.3 and later): one class, `FaissIndex`.
//
// Two rules keep a caller from ever bringing the process down. Every argument is checked here before FAISS sees it,
// because FAISS throws some of its errors inside OpenMP regions, where no handler can catch them. And nothing that
// JavaScript can move or free is read off the JavaScript thread: inputs are copied on the way in.

#include <faiss/index_factory.h>
#include <napi.h>

#include <optional>

#include "change.h"
#include "search.h"

namespace {

using namespace duet;

/// Version of what JavaScript calls: src/native.ts refuses a build of another one.
constexpr int kVersion = 2;
/// Inner products of greater numbers overflow, and FAISS's k-means never ends once no vector has a nearest centroid.
constexpr float kMaxMagnitude = 1e15F;
constexpr int64_t kMaxK = 65536;
constexpr int64_t kMaxResults = int64_t{1} << 27;
constexpr int64_t kMaxThreads = 1024;
/// HNSW is built and searched with this efSearch: FAISS's default of 16 finds no k of 100.
constexpr int kEfSearch = 128;
/// The score of an empty place, as FAISS has it.
constexpr float kNoScore = std::numeric_limits<float>::lowest();

int64_t integer(const Napi::Value& value, const char* name, int64_t low, int64_t high) {
  double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  require(
      std::isfinite(number) && std::floor(number) == number && number >= static_cast<double>(low) &&
          number <= static_cast<double>(high),
      std::string(name) + " must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ".");
  return static_cast<int64_t>(number);
}

std::string text(const Napi::Value& value, const char* name) {
  require(value.IsString(), std::string(name) + " must be a string.");
  std::string result = value.As<Napi::String>().Utf8Value();
  require(!result.empty() && result.size() < 4096 && result.find('\0') == std::string::npos,
          std::string(name) + " must have 1 to 4095 bytes and no NUL.");
  return result;
}

bool isTyped(const Napi::Value& value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

/// Copies a typed array's numbers.
template <class Array, class Number>
std::vector<Number> copyOf(const Napi::Value& value, const char* name) {
  auto array = value.As<Array>();
  size_t length = array.ElementLength();
  const Number* data = length == 0 ? nullptr : array.Data();
  require(length == 0 || data != nullptr, std::string(name) + " is detached.");
  return std::vector<Number>(data, data + length);
}

std::vector<float> matrix(const Napi::Value& value, const char* name, int64_t dim) {
  require(isTyped(value, napi_float32_array), std::string(name) + " must be a Float32Array.");
  auto copy = copyOf<Napi::Float32Array, float>(value, name);
  require(!copy.empty() && copy.size() % static_cast<size_t>(dim) == 0,
          std::string(name) + " must hold a whole number of vectors of " + std::to_string(dim) + " numbers.");
  require(std::all_of(copy.begin(), copy.end(), [](float x) { return std::fabs(x) <= kMaxMagnitude; }),
          std::string(name) + " holds a number that is not finite or above 1e15.");
  return copy;
}

std::vector<int32_t> idsOf(const Napi::Value& value) {
  require(isTyped(value, napi_int32_array), "ids must be an Int32Array.");
  return copyOf<Napi::Int32Array, int32_t>(value, "ids");
}

/// A filter is undefined, a bitmap (Uint8Array), ids (Int32Array) or a range (Float64Array of from and to).
std::optional<Filter> filterOf(const Napi::Value& value, int64_t idLimit) {
  if (value.IsUndefined()) return std::nullopt;
  if (isTyped(value, napi_uint8_array)) return Filter::bitmap(copyOf<Napi::Uint8Array, uint8_t>(value, "allowed"));
  if (isTyped(value, napi_int32_array)) return Filter::of(idsOf(value), idLimit);
  require(isTyped(value, napi_float64_array), "A filter must be a Uint8Array, an Int32Array or a Float64Array.");
  auto range = copyOf<Napi::Float64Array, double>(value, "range");
  require(range.size() == 2 && range[0] >= 0 && range[0] <= range[1] && range[1] <= static_cast<double>(kMaxVectors),
          "A range must hold two ids, the lower first.");
  return Filter::range(static_cast<int64_t>(range[0]), std::min(static_cast<int64_t>(range[1]), idLimit));
}

/// A job on libuv's pool that settles a promise: `work` runs there, `result` makes its answer a JavaScript value here.
/// A failed check becomes a TypeError, too many results a RangeError, an error of FAISS an Error.
template <class Work, class Result>
class Job final : public Napi::AsyncWorker {
 public:
  Job(Napi::Env env, Work work, Result result)
      : Napi::AsyncWorker(env),
        work_(std::move(work)),
        result_(std::move(result)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise start() {
    auto promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      answer_.emplace(work_());
    } catch (const std::invalid_argument& error) {
      kind_ = Kind::type;
      SetError(error.what());
    } catch (const std::length_error& error) {
      kind_ = Kind::range;
      SetError(error.what());
    } catch (const std::exception& error) {
      SetError(error.what());
    } catch (...) {
      SetError("FAISS failed without a reason.");
    }
  }
  void OnOK() override { deferred_.Resolve(result_(Env(), *answer_)); }
  void OnError(const Napi::Error& error) override {
    if (kind_ == Kind::type) return deferred_.Reject(Napi::TypeError::New(Env(), error.Message()).Value());
    if (kind_ == Kind::range) return deferred_.Reject(Napi::RangeError::New(Env(), error.Message()).Value());
    deferred_.Reject(error.Value());
  }

 private:
  Work work_;
  Result result_;
  std::optional<decltype(std::declval<Work>()())> answer_;
  enum class Kind { other, type, range } kind_ = Kind::other;
  Napi::Promise::Deferred deferred_;
};

template <class Work, class Result>
Napi::Value start(Napi::Env env, Work work, Result result) {
  return (new Job<Work, Result>(env, std::move(work), std::move(result)))->start();
}

using Keys = std::vector<uint64_t>;

/// Fills ids and scores, from `at` on, with ranked keys; `to` − `at` places in all.
void place(const Keys& keys, size_t at, size_t to, int32_t* ids, float* scores) {
  for (uint64_t key : keys) {
    ids[at] = static_cast<int32_t>(Ranked::id(key));
    scores[at++] = Ranked::score(key);
  }
  std::fill(ids + at, ids + to, -1);
  std::fill(scores + at, scores + to, kNoScore);
}

class FaissIndex : public Napi::ObjectWrap<FaissIndex> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "FaissIndex",
        {StaticMethod<&FaissIndex::create>("create"), StaticMethod<&FaissIndex::read>("read"),
         InstanceMethod<&FaissIndex::train>("train"), InstanceMethod<&FaissIndex::add>("add"),
         InstanceMethod<&FaissIndex::remove>("remove"), InstanceMethod<&FaissIndex::search>("search"),
         InstanceMethod<&FaissIndex::rangeSearch>("rangeSearch"),
         InstanceMethod<&FaissIndex::reconstruct>("reconstruct"), InstanceMethod<&FaissIndex::merge>("merge"),
         InstanceMethod<&FaissIndex::write>("write"), InstanceMethod<&FaissIndex::setNprobe>("setNprobe"),
         InstanceMethod<&FaissIndex::info>("info"), InstanceMethod<&FaissIndex::close>("close")});
  }

  explicit FaissIndex(const Napi::CallbackInfo& call) : Napi::ObjectWrap<FaissIndex>(call) {
    if (!call[0].IsExternal()) {
      throw Napi::TypeError::New(call.Env(), "Use FaissIndex.create or FaissIndex.read.");
    }
    held_ = *call[0].As<Napi::External<std::shared_ptr<Held>>>().Data();
  }

  static Napi::Value wrap(Napi::Env env, std::shared_ptr<Held> held) {
    return env.GetInstanceData<Napi::FunctionReference>()->New(
        {Napi::External<std::shared_ptr<Held>>::New(env, &held)});
  }

 private:
  /// Runs `body`, and turns what FAISS or a check throws into a JavaScript exception.
  template <typename Body>
  static auto guarded(Napi::Env env, Body body) -> decltype(body()) {
    try {
      return body();
    } catch (const Napi::Error&) {
      throw;
    } catch (const std::invalid_argument& error) {
      throw Napi::TypeError::New(env, error.what());
    } catch (const std::exception& error) {
      throw Napi::Error::New(env, error.what());
    }
  }

  std::shared_ptr<Held> open() const {
    require(held_ != nullptr, "The index is closed.");
    return held_;
  }

  static Napi::Value nothing(Napi::Env env, bool) { return env.Undefined(); }

  /// create(factory, dim): an empty inner product index. TypeScript parses the factory first (see factory.ts).
  static Napi::Value create(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto factory = text(call[0], "factory");
      int dim = static_cast<int>(integer(call[1], "dim", 1, kMaxDim));
      auto held = std::make_shared<Held>();
      held->take(faiss::index_factory(dim, factory.c_str(), faiss::METRIC_INNER_PRODUCT));
      if (held->hnsw) held->hnsw->hnsw.efSearch = kEfSearch;
      return wrap(call.Env(), std::move(held));
    });
  }

  /// read(path, mmap): TypeScript has checked the file's structure (see file.ts).
  static Napi::Value read(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto path = text(call[0], "path");
      require(call[1].IsBoolean(), "mmap must be true or false.");
      bool mmap = call[1].As<Napi::Boolean>();
      return start(
          call.Env(), [=] { return readFrom(path, mmap); }, wrap);
    });
  }

  /// train(sample, seed, threads)
  Napi::Value train(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto sample = matrix(call[0], "sample", held->dim());
      auto seed = static_cast<int>(integer(call[1], "seed", 0, std::numeric_limits<int32_t>::max()));
      auto threads = integer(call[2], "threads", 1, kMaxThreads);
      return start(
          call.Env(),
          [=, sample = std::move(sample)] {
            trainOn(*held, sample, seed, threads);
            return true;
          },
          nothing);
    });
  }

  /// add(vectors, ids | undefined, threads)
  Napi::Value add(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto vectors = matrix(call[0], "vectors", held->dim());
      auto ids = call[1].IsUndefined() ? std::vector<int32_t>() : idsOf(call[1]);
      require(call[1].IsUndefined() || !ids.empty(), "There must be one id for each vector.");
      auto threads = integer(call[2], "threads", 1, kMaxThreads);
      return start(
          call.Env(),
          [=, vectors = std::move(vectors), ids = std::move(ids)] {
            addTo(*held, vectors, ids, threads);
            return true;
          },
          nothing);
    });
  }

  /// remove(ids, threads) → how many there were
  Napi::Value remove(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto ids = idsOf(call[0]);
      auto threads = integer(call[1], "threads", 1, kMaxThreads);
      return start(
          call.Env(), [=, ids = std::move(ids)] { return removeFrom(*held, ids, threads); },
          [](Napi::Env env, size_t removed) -> Napi::Value {
            return Napi::Number::New(env, static_cast<double>(removed));
          });
    });
  }

  /// search(queries, k, nprobe (0: the index's own), efSearch (the same), filter | undefined)
  ///   → {ids: Int32Array, scores: Float32Array}, both [queries × k]
  Napi::Value search(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto queries = matrix(call[0], "queries", held->dim());
      auto k = static_cast<size_t>(integer(call[1], "k", 1, kMaxK));
      auto nprobe = integer(call[2], "nprobe", 0, kMaxVectors);
      auto efSearch = integer(call[3], "efSearch", 0, kMaxK);
      auto filter = filterOf(call[4], held->idLimit());
      size_t count = queries.size() / static_cast<size_t>(held->dim());
      require(count <= static_cast<size_t>(kMaxResults) / k,
              "One search gives at most " + std::to_string(kMaxResults) + " results: send fewer queries at once.");
      return start(
          call.Env(),
          [=, queries = std::move(queries), filter = std::move(filter)] {
            std::shared_lock<std::shared_mutex> guard(held->lock);
            require(held->index().is_trained, "Train the index before searching it.");
            auto most = std::min(k, static_cast<size_t>(std::max<int64_t>(1, held->size())));
            std::vector<Best> best(count, Best(most));
            Search<Best>(*held, filter ? &*filter : nullptr, {nprobe, efSearch, most}).run(queries, best);
            std::vector<Keys> found;
            for (auto& one : best) found.push_back(one.sorted());
            return found;
          },
          [k](Napi::Env env, const std::vector<Keys>& found) -> Napi::Value {
            auto ids = Napi::Int32Array::New(env, found.size() * k);
            auto scores = Napi::Float32Array::New(env, found.size() * k);
            for (size_t q = 0; q < found.size(); q++) place(found[q], q * k, (q + 1) * k, ids.Data(), scores.Data());
            auto answer = Napi::Object::New(env);
            answer.Set("ids", ids);
            answer.Set("scores", scores);
            return answer;
          });
    });
  }

  /// rangeSearch(queries, minScore, limit, nprobe, filter | undefined)
  ///   → {offsets: Int32Array [queries + 1], ids, scores}, all of at least minScore, best first
  Napi::Value rangeSearch(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto queries = matrix(call[0], "queries", held->dim());
      double minScore = call[1].IsNumber() ? call[1].As<Napi::Number>().DoubleValue() : std::nan("");
      require(!std::isnan(minScore), "minScore must be a number.");
      auto limit = static_cast<size_t>(integer(call[2], "limit", 1, kMaxResults));
      auto nprobe = integer(call[3], "nprobe", 0, kMaxVectors);
      auto filter = filterOf(call[4], held->idLimit());
      size_t count = queries.size() / static_cast<size_t>(held->dim());
      return start(
          call.Env(),
          [=, queries = std::move(queries), filter = std::move(filter)] {
            std::shared_lock<std::shared_mutex> guard(held->lock);
            require(held->index().is_trained, "Train the index before searching it.");
            std::vector<Within> within(count, Within(static_cast<float>(minScore), limit));
            Search<Within>(*held, filter ? &*filter : nullptr, {nprobe, 0, 0}).run(queries, within);
            std::vector<Keys> found;
            for (auto& one : within) found.push_back(one.sorted());
            return found;
          },
          [](Napi::Env env, const std::vector<Keys>& found) -> Napi::Value {
            auto offsets = Napi::Int32Array::New(env, found.size() + 1);
            for (size_t q = 0; q < found.size(); q++) {
              offsets[q + 1] = static_cast<int32_t>(static_cast<size_t>(offsets[q]) + found[q].size());
            }
            auto total = static_cast<size_t>(offsets[found.size()]);
            auto ids = Napi::Int32Array::New(env, total);
            auto scores = Napi::Float32Array::New(env, total);
            for (size_t q = 0, at = 0; q < found.size(); at += found[q++].size()) {
              place(found[q], at, at + found[q].size(), ids.Data(), scores.Data());
            }
            auto answer = Napi::Object::New(env);
            answer.Set("offsets", offsets);
            answer.Set("ids", ids);
            answer.Set("scores", scores);
            return answer;
          });
    });
  }

  /// reconstruct(ids) → Float32Array [ids × dim]
  Napi::Value reconstruct(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto ids = idsOf(call[0]);
      require(static_cast<int64_t>(ids.size()) <= kMaxResults / held->dim(), "Ask for fewer vectors at once.");
      return start(
          call.Env(), [=, ids = std::move(ids)] { return reconstructFrom(*held, ids); },
          [](Napi::Env env, const std::vector<float>& vectors) -> Napi::Value {
            auto answer = Napi::Float32Array::New(env, vectors.size());
            std::copy(vectors.begin(), vectors.end(), answer.Data());
            return answer;
          });
    });
  }

  /// merge(other): moves all of the other's vectors here; it is empty afterwards.
  Napi::Value merge(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto* constructor = call.Env().GetInstanceData<Napi::FunctionReference>();
      require(call[0].IsObject() && call[0].As<Napi::Object>().InstanceOf(constructor->Value()),
              "other must be a FaissIndex.");
      auto* unwrapped = Unwrap(call[0].As<Napi::Object>());
      require(unwrapped != nullptr, "other must be a FaissIndex.");
      auto other = unwrapped->open();
      return start(
          call.Env(),
          [=] {
            mergeInto(*held, *other);
            return true;
          },
          nothing);
    });
  }

  Napi::Value write(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto path = text(call[0], "path");
      return start(
          call.Env(),
          [=] {
            std::unique_lock<std::shared_mutex> guard(held->lock);
            require(!held->readOnly(), "An index that was read with mmap is its file: copy that.");
            if (held->ivf) held->ivf->nprobe = held->nprobe;
            faiss::write_index(&held->index(), path.c_str());
            return true;
          },
          nothing);
    });
  }

  /// Sets the nprobe that searches use by default and that `write` keeps in the file.
  void setNprobe(const Napi::CallbackInfo& call) {
    guarded(call.Env(), [&] {
      auto held = open();
      require(held->ivf != nullptr, "Only an IVF index has an nprobe.");
      held->nprobe = static_cast<size_t>(integer(call[0], "nprobe", 1, static_cast<int64_t>(held->ivf->nlist)));
    });
  }

  Napi::Value info(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto answer = Napi::Object::New(call.Env());
      auto set = [&](const char* name, double value) { answer.Set(name, Napi::Number::New(call.Env(), value)); };
      set("dim", held->dim());
      set("size", static_cast<double>(held->size()));
      set("idLimit", static_cast<double>(held->idLimit()));
      set("nprobe", static_cast<double>(held->nprobe));
      return answer;
    });
  }

  void close(const Napi::CallbackInfo&) { held_.reset(); }

  std::shared_ptr<Held> held_;
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // FAISS sends batches of queries to BLAS; its threads would compete with the pool's.
  openblas_set_num_threads(1);
  auto constructor = FaissIndex::define(env);
  // One reference per environment: a static one crashes as soon as a worker_thread loads the binding too.
  auto* reference = new Napi::FunctionReference();
  *reference = Napi::Persistent(constructor);
  env.SetInstanceData(reference);
  exports.Set("FaissIndex", constructor);
  exports.Set("version", Napi::Number::New(env, kVersion));
  return exports;
}

}  // namespace

NODE_API_MODULE(faiss, init)
