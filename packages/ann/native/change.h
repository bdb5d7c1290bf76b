// What changes an index, or takes vectors out of it. Each call holds the index's lock and has checked all that FAISS
// would throw about where nobody can catch it.

#pragma once

#include "held.h"

extern "C" void openblas_set_num_threads(int);

namespace duet {

void trainOn(Held& held, const std::vector<float>& sample, int seed, int64_t threads);

/// `ids` empty: the vectors get the next ids. An id that is there already gets the new vector.
void addTo(Held& held, const std::vector<float>& vectors, const std::vector<int32_t>& ids, int64_t threads);

/// Returns how many of the ids there were.
size_t removeFrom(Held& held, const std::vector<int32_t>& ids, int64_t threads);

/// The vectors of these ids, [ids × dim].
std::vector<float> reconstructFrom(Held& held, const std::vector<int32_t>& ids);

/// Moves all vectors of `other` into `held`, with ids after its own.
void mergeInto(Held& held, Held& other);

/// Reads an index file. With `mmap` its lists stay on the disk and cannot be changed.
std::shared_ptr<Held> readFrom(const std::string& path, bool mmap);

}  // namespace duet
