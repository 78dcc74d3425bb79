// Value <-> dense small id: the reason why a global state is a handful of integers.
//
// Ids are given in the order of first use and never change. Rows of integers are stored back to back.
#pragma once

#include <tsl/robin_set.h>
#include <xxhash.h>

#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

namespace tcpmc::system {

using id = std::uint32_t;
inline constexpr id none = std::numeric_limits<id>::max();

// For keys made of ids: tsl's maps use the low bits of a hash, which the identity would leave equal.
struct bytes_hash {
  template <typename Key>
  std::size_t operator()(const Key& key) const {
    return XXH3_64bits(&key, sizeof key);
  }
};

class row_interner {
 public:
  row_interner() : ids_(0, hasher{this}, equal{this}) { ids_.max_load_factor(0.8f); }
  row_interner(const row_interner&) = delete;
  row_interner& operator=(const row_interner&) = delete;

  // The id of a row; a new one if the row has not been seen.
  id operator()(std::span<const int> row) {
    const auto known = ids_.find(row);
    if (known != ids_.end()) return *known;
    if (starts_.size() >= std::numeric_limits<id>::max() - 1)
      throw std::length_error("more than 2^32 local states");
    if (row.size() > std::numeric_limits<std::uint32_t>::max() - values_.size())
      throw std::length_error("local states with more than 2^32 values");
    const id fresh = static_cast<id>(size());
    values_.insert(values_.end(), row.begin(), row.end());
    starts_.push_back(static_cast<std::uint32_t>(values_.size()));
    ids_.insert(fresh);
    return fresh;
  }

  std::span<const int> operator[](id i) const {
    return {values_.data() + starts_[i], starts_[i + 1] - starts_[i]};
  }
  std::size_t size() const { return starts_.size() - 1; }

 private:
  struct hasher {
    using is_transparent = void;
    const row_interner* of;
    std::size_t operator()(std::span<const int> row) const {
      return XXH3_64bits(row.data(), row.size_bytes());
    }
    std::size_t operator()(id i) const { return (*this)((*of)[i]); }
  };
  struct equal {
    using is_transparent = void;
    const row_interner* of;
    static bool same(std::span<const int> a, std::span<const int> b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
    bool operator()(id a, id b) const { return a == b; }
    bool operator()(std::span<const int> a, id b) const { return same(a, (*of)[b]); }
    bool operator()(id a, std::span<const int> b) const { return same((*of)[a], b); }
  };

  std::vector<int> values_;
  std::vector<std::uint32_t> starts_{0};
  tsl::robin_set<id, hasher, equal> ids_;
};

}  // namespace tcpmc::system
