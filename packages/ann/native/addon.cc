// The binding of @duet/ann to FAISS (1.7.3 and later): one class, `FaissIndex`.
//
// Two rules keep a caller from ever bringing the process down. Every argument is checked here before FAISS sees it,
// because FAISS throws some of its errors inside OpenMP regions, where no handler can catch them. And nothing that
// JavaScript can move or free is read off the JavaScript thread: inputs are copied on the way in.

#include <napi.h>

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" void openblas_set_num_threads(int);

namespace {

constexpr int64_t kMaxDim = 8192;
/// Inner products of greater numbers overflow, and FAISS's k-means never ends once no vector has a nearest centroid.
constexpr float kMaxMagnitude = 1e15F;
constexpr int64_t kMaxK = 65536;
constexpr int64_t kMaxResults = int64_t{1} << 27;
constexpr int64_t kMaxVectors = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxThreads = 1024;
/// Up to so many allowed vectors, an exact scan of them is as fast as an approximate search.
constexpr int64_t kScanAllowed = 20000;

void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

/// A FAISS index and its lock: searches share it, everything that changes the index excludes them. Running jobs hold
/// a reference of their own, so closing an index never frees it under a search.
struct Held {
  std::shared_mutex lock;
  std::unique_ptr<faiss::Index> index;

  faiss::IndexIVF* ivf() const { return dynamic_cast<faiss::IndexIVF*>(index.get()); }
};

/// FAISS parallelises with OpenMP inside one call. The setting belongs to the calling thread, so each job sets it.
void useThreads(int threads) { omp_set_num_threads(threads); }

int64_t integer(const Napi::Value& value, const char* name, int64_t low, int64_t high) {
  double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  require(std::isfinite(number) && std::floor(number) == number && number >= static_cast<double>(low) &&
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

std::vector<float> matrix(const Napi::Value& value, const char* name, int64_t dim) {
  require(value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array,
          std::string(name) + " must be a Float32Array.");
  auto array = value.As<Napi::Float32Array>();
  size_t length = array.ElementLength();
  require(length > 0 && length % dim == 0,
          std::string(name) + " must hold a whole number of vectors of " + std::to_string(dim) + " numbers.");
  const float* data = array.Data();
  require(data != nullptr, std::string(name) + " is detached.");
  std::vector<float> copy(data, data + length);
  require(std::all_of(copy.begin(), copy.end(), [](float x) { return std::fabs(x) <= kMaxMagnitude; }),
          std::string(name) + " holds a number that is not finite or above 1e15.");
  return copy;
}

/// A job on libuv's pool that settles a promise. Errors, also FAISS's, become its rejection.
class Job : public Napi::AsyncWorker {
 public:
  Job(Napi::Env env, std::shared_ptr<Held> held)
      : Napi::AsyncWorker(env), held_(std::move(held)), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise start() {
    auto promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  virtual void work() = 0;
  virtual Napi::Value result() { return Env().Undefined(); }

  void Execute() final {
    try {
      work();
    } catch (const std::exception& error) {
      SetError(error.what());
    } catch (...) {
      SetError("FAISS failed without a reason.");
    }
  }
  void OnOK() final { deferred_.Resolve(result()); }
  void OnError(const Napi::Error& error) final { deferred_.Reject(error.Value()); }

  std::shared_ptr<Held> held_;

 private:
  Napi::Promise::Deferred deferred_;
};

class TrainJob final : public Job {
 public:
  TrainJob(Napi::Env env, std::shared_ptr<Held> held, std::vector<float> sample, int seed, int threads)
      : Job(env, std::move(held)), sample_(std::move(sample)), seed_(seed), threads_(threads) {}

  void work() override {
    std::unique_lock<std::shared_mutex> guard(held_->lock);
    auto& index = *held_->index;
    int64_t n = static_cast<int64_t>(sample_.size()) / index.d;
    require(index.ntotal == 0, "An index is trained before vectors are added.");
    if (auto* ivf = held_->ivf()) {
      require(n >= static_cast<int64_t>(ivf->nlist), "Training " + std::to_string(ivf->nlist) +
                                                         " lists needs at least as many vectors; there are " +
                                                         std::to_string(n) + ".");
      ivf->cp.seed = seed_;
      ivf->cp.min_points_per_centroid = 1;
    }
    useThreads(threads_);
    openblas_set_num_threads(threads_);
    try {
      index.train(n, sample_.data());
    } catch (...) {
      openblas_set_num_threads(1);
      throw;
    }
    openblas_set_num_threads(1);
  }

 private:
  std::vector<float> sample_;
  int seed_;
  int threads_;
};

class AddJob final : public Job {
 public:
  AddJob(Napi::Env env, std::shared_ptr<Held> held, std::vector<float> vectors, int threads)
      : Job(env, std::move(held)), vectors_(std::move(vectors)), threads_(threads) {}

  void work() override {
    std::unique_lock<std::shared_mutex> guard(held_->lock);
    auto& index = *held_->index;
    int64_t n = static_cast<int64_t>(vectors_.size()) / index.d;
    require(index.is_trained, "Train the index before adding vectors.");
    require(index.ntotal + n <= kMaxVectors, "An index holds at most 2,147,483,647 vectors.");
    useThreads(threads_);
    index.add(n, vectors_.data());
  }

 private:
  std::vector<float> vectors_;
  int threads_;
};

class SearchJob final : public Job {
 public:
  SearchJob(Napi::Env env, std::shared_ptr<Held> held, std::vector<float> queries, int64_t k, int64_t nprobe,
            std::vector<uint8_t> allowed)
      : Job(env, std::move(held)), queries_(std::move(queries)), k_(k), nprobe_(nprobe), allowed_(std::move(allowed)) {}

  void work() override {
    std::shared_lock<std::shared_mutex> guard(held_->lock);
    auto& index = *held_->index;
    int64_t n = static_cast<int64_t>(queries_.size()) / index.d;
    require(index.is_trained, "Train the index before searching it.");
    require(allowed_.empty() || static_cast<int64_t>(allowed_.size()) == (index.ntotal + 7) / 8,
            "allowed must hold one bit for each vector: " + std::to_string((index.ntotal + 7) / 8) + " bytes.");
    scores_.resize(n * k_);
    labels_.resize(n * k_);
    useThreads(1);
    // 1.7.3 measures the bitmap in bytes, whatever its documentation says.
    faiss::IDSelectorBitmap selector(allowed_.size(), allowed_.data());
    faiss::IDSelector* selected = allowed_.empty() ? nullptr : &selector;
    if (auto* ivf = held_->ivf()) {
      faiss::SearchParametersIVF parameters;
      parameters.nprobe = nprobe(*ivf);
      parameters.sel = selected;
      index.search(n, queries_.data(), k_, scores_.data(), labels_.data(), &parameters);
    } else if (selected) {
      faiss::SearchParameters parameters;
      parameters.sel = selected;
      index.search(n, queries_.data(), k_, scores_.data(), labels_.data(), &parameters);
    } else {
      index.search(n, queries_.data(), k_, scores_.data(), labels_.data());
    }
    // A label outside the index would send its reader to another item.
    for (int64_t label : labels_) {
      require(label >= -1 && label < index.ntotal, "The index holds an id outside itself: its file is damaged.");
    }
  }

  Napi::Value result() override {
    auto ids = Napi::Int32Array::New(Env(), labels_.size());
    auto scores = Napi::Float32Array::New(Env(), scores_.size());
    std::copy(labels_.begin(), labels_.end(), ids.Data());
    std::copy(scores_.begin(), scores_.end(), scores.Data());
    auto answer = Napi::Object::New(Env());
    answer.Set("ids", ids);
    answer.Set("scores", scores);
    return answer;
  }

 private:
  /// The lists to visit. FAISS keeps nprobe under a filter, where recall falls with the share allowed (.989 to .426 at
  /// 1 %). So a few allowed vectors are all looked at, which only they cost, and of more the share looked at is kept.
  size_t nprobe(const faiss::IndexIVF& ivf) const {
    if (nprobe_ > 0) return std::min<size_t>(nprobe_, ivf.nlist);
    if (allowed_.empty()) return std::min(ivf.nprobe, ivf.nlist);
    int64_t count = 0;
    for (uint8_t byte : allowed_) count += __builtin_popcount(byte);
    if (count <= kScanAllowed) return ivf.nlist;
    double wanted = std::ceil(static_cast<double>(ivf.nprobe) * static_cast<double>(ivf.ntotal) /
                              static_cast<double>(count));
    return static_cast<size_t>(std::clamp(wanted, 1.0, static_cast<double>(ivf.nlist)));
  }

  std::vector<float> queries_;
  int64_t k_;
  int64_t nprobe_;
  std::vector<uint8_t> allowed_;
  std::vector<float> scores_;
  std::vector<int64_t> labels_;
};

class WriteJob final : public Job {
 public:
  WriteJob(Napi::Env env, std::shared_ptr<Held> held, std::string path)
      : Job(env, std::move(held)), path_(std::move(path)) {}

  void work() override {
    std::shared_lock<std::shared_mutex> guard(held_->lock);
    faiss::write_index(held_->index.get(), path_.c_str());
  }

 private:
  std::string path_;
};

class FaissIndex : public Napi::ObjectWrap<FaissIndex> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "FaissIndex",
                       {StaticMethod<&FaissIndex::create>("create"), StaticMethod<&FaissIndex::read>("read"),
                        InstanceMethod<&FaissIndex::train>("train"), InstanceMethod<&FaissIndex::add>("add"),
                        InstanceMethod<&FaissIndex::search>("search"), InstanceMethod<&FaissIndex::write>("write"),
                        InstanceMethod<&FaissIndex::setNprobe>("setNprobe"),
                        InstanceMethod<&FaissIndex::info>("info"), InstanceMethod<&FaissIndex::close>("close")});
  }

  explicit FaissIndex(const Napi::CallbackInfo& call) : Napi::ObjectWrap<FaissIndex>(call) {
    if (call.Length() != 1 || !call[0].IsExternal()) {
      throw Napi::TypeError::New(call.Env(), "Use FaissIndex.create or FaissIndex.read.");
    }
    held_ = *call[0].As<Napi::External<std::shared_ptr<Held>>>().Data();
  }

  static Napi::Value wrap(Napi::Env env, std::shared_ptr<Held> held) {
    auto* constructor = env.GetInstanceData<Napi::FunctionReference>();
    return constructor->New({Napi::External<std::shared_ptr<Held>>::New(env, &held)});
  }

 private:
  /// Turns what FAISS or a check throws into a JavaScript exception.
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

  /// create(factory, dim): an empty inner product index. TypeScript parses the factory first (see factory.ts).
  static Napi::Value create(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto factory = text(call[0], "factory");
      int dim = static_cast<int>(integer(call[1], "dim", 1, kMaxDim));
      auto held = std::make_shared<Held>();
      held->index.reset(faiss::index_factory(dim, factory.c_str(), faiss::METRIC_INNER_PRODUCT));
      requireSupported(*held);
      return wrap(call.Env(), std::move(held));
    });
  }

  /// read(path): TypeScript has checked the file's structure (see file.ts).
  static Napi::Value read(const Napi::CallbackInfo& call) {
    class ReadJob final : public Job {
     public:
      ReadJob(Napi::Env env, std::string path) : Job(env, std::make_shared<Held>()), path_(std::move(path)) {}
      void work() override {
        held_->index.reset(faiss::read_index(path_.c_str()));
        requireSupported(*held_);
        require(held_->index->is_trained, "The index is not trained.");
      }
      Napi::Value result() override { return wrap(Env(), held_); }

     private:
      std::string path_;
    };
    return guarded(call.Env(), [&] { return (new ReadJob(call.Env(), text(call[0], "path")))->start(); });
  }

  /// The kinds whose search and filter are known not to throw inside OpenMP, and the state that they rely on.
  static void requireSupported(const Held& held) {
    auto* index = held.index.get();
    auto* ivf = held.ivf();
    require(dynamic_cast<faiss::IndexFlat*>(index) || dynamic_cast<faiss::IndexIVFFlat*>(index) ||
                dynamic_cast<faiss::IndexIVFScalarQuantizer*>(index),
            "This kind of FAISS index is not supported.");
    require(index->metric_type == faiss::METRIC_INNER_PRODUCT, "Only inner product indexes are supported.");
    require(index->d >= 1 && index->d <= kMaxDim && index->ntotal >= 0 && index->ntotal <= kMaxVectors,
            "The index's size is out of range.");
    if (ivf) {
      require(ivf->quantizer && dynamic_cast<faiss::IndexFlat*>(ivf->quantizer) && ivf->quantizer->d == ivf->d &&
                  ivf->nlist >= 1 && ivf->nprobe >= 1 &&
                  ivf->quantizer->ntotal == (ivf->is_trained ? static_cast<int64_t>(ivf->nlist) : 0),
              "The index's coarse quantizer does not fit it.");
      require(ivf->invlists && ivf->invlists->nlist == ivf->nlist && ivf->invlists->code_size == ivf->code_size,
              "The index's lists do not fit it.");
    }
  }

  Napi::Value train(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto sample = matrix(call[0], "sample", held->index->d);
      auto seed = integer(call[1], "seed", 0, std::numeric_limits<int32_t>::max());
      auto threads = integer(call[2], "threads", 1, kMaxThreads);
      return (new TrainJob(call.Env(), held, std::move(sample), static_cast<int>(seed), static_cast<int>(threads)))
          ->start();
    });
  }

  Napi::Value add(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto vectors = matrix(call[0], "vectors", held->index->d);
      auto threads = integer(call[1], "threads", 1, kMaxThreads);
      return (new AddJob(call.Env(), held, std::move(vectors), static_cast<int>(threads)))->start();
    });
  }

  /// search(queries, k, nprobe (0: the index's own), allowed | undefined) → {ids: Int32Array, scores: Float32Array}.
  Napi::Value search(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      auto queries = matrix(call[0], "queries", held->index->d);
      auto k = integer(call[1], "k", 1, kMaxK);
      auto nprobe = integer(call[2], "nprobe", 0, kMaxVectors);
      require(static_cast<int64_t>(queries.size()) / held->index->d <= kMaxResults / k,
              "One search gives at most " + std::to_string(kMaxResults) + " results: send fewer queries at once.");
      std::vector<uint8_t> allowed;
      if (!call[3].IsUndefined()) {
        require(call[3].IsTypedArray() && call[3].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array,
                "allowed must be a Uint8Array.");
        auto bits = call[3].As<Napi::Uint8Array>();
        require(bits.ElementLength() > 0 && bits.Data() != nullptr, "allowed must not be empty.");
        allowed.assign(bits.Data(), bits.Data() + bits.ElementLength());
      }
      return (new SearchJob(call.Env(), held, std::move(queries), k, nprobe, std::move(allowed)))->start();
    });
  }

  Napi::Value write(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      return (new WriteJob(call.Env(), held, text(call[0], "path")))->start();
    });
  }

  /// Sets the nprobe that searches use by default and that `write` keeps in the file.
  void setNprobe(const Napi::CallbackInfo& call) {
    guarded(call.Env(), [&] {
      auto held = open();
      std::unique_lock<std::shared_mutex> guard(held->lock);
      auto* ivf = held->ivf();
      require(ivf != nullptr, "Only an IVF index has an nprobe.");
      ivf->nprobe = static_cast<size_t>(integer(call[0], "nprobe", 1, static_cast<int64_t>(ivf->nlist)));
    });
  }

  Napi::Value info(const Napi::CallbackInfo& call) {
    return guarded(call.Env(), [&] {
      auto held = open();
      std::shared_lock<std::shared_mutex> guard(held->lock);
      auto answer = Napi::Object::New(call.Env());
      answer.Set("dim", Napi::Number::New(call.Env(), held->index->d));
      answer.Set("size", Napi::Number::New(call.Env(), static_cast<double>(held->index->ntotal)));
      auto* ivf = held->ivf();
      answer.Set("nprobe", Napi::Number::New(call.Env(), ivf ? static_cast<double>(ivf->nprobe) : 0));
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
  return exports;
}

}  // namespace

NODE_API_MODULE(faiss, init)
