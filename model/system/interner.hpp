// Value <-> dense small id: the reason why a global state is a handful of integers.
//
// Ids are given in the order of first use and never change. Rows of integers are stored back to back; where
// there are very many, as contents of channels, in as few bytes as they take.
#pragma once

#include <tsl/robin_set.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstddef>
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
    if (starts_.size() == starts_.capacity()) starts_.reserve(2 * starts_.size());
    values_.insert(values_.end(), row.begin(), row.end());
    starts_.push_back(static_cast<std::uint32_t>(values_.size()));  // finds room, or rows would be mixed up
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

// The same where rows are many and seldom looked at. A value takes as many groups of seven bits as it has
// (LEB128), its `last` lowest bits being the highest ones there: they are mostly zero. Rows are found by an
// open table of their ids.
template <unsigned last>
class packed_row_interner {
 public:
  id operator()(std::span<const int> row) {
    if (5 * (size() + 1) > 4 * index_.size()) widen();
    sought_.clear();
    for (const int value : row) {
      auto rest = std::rotr(static_cast<std::uint32_t>(value), last);
      for (; rest > 0x7f; rest >>= 7) sought_.push_back(static_cast<std::uint8_t>(rest | 0x80));
      sought_.push_back(static_cast<std::uint8_t>(rest));
    }
    std::size_t slot = slot_of(sought_);
    for (; index_[slot] != 0; slot = after(slot))
      if (std::ranges::equal(bytes_of(index_[slot] - 1), sought_)) return index_[slot] - 1;
    if (starts_.size() >= std::numeric_limits<id>::max() - 1)
      throw std::length_error("more than 2^32 local states");
    if (sought_.size() > std::numeric_limits<std::uint32_t>::max() - bytes_.size())
      throw std::length_error("local states with more than 2^32 values");
    if (starts_.size() == starts_.capacity()) starts_.reserve(2 * starts_.size());
    bytes_.insert(bytes_.end(), sought_.begin(), sought_.end());
    starts_.push_back(static_cast<std::uint32_t>(bytes_.size()));  // finds room, or rows would be mixed up
    index_[slot] = static_cast<id>(size());
    return static_cast<id>(size() - 1);
  }

  std::vector<int> operator[](id i) const {
    std::vector<int> row;
    std::uint32_t value = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes_of(i)) {
      value |= std::uint32_t{byte & 0x7fu} << bits;
      bits += 7;
      if ((byte & 0x80) != 0) continue;
      row.push_back(static_cast<int>(std::rotl(value, last)));
      value = bits = 0;
    }
    return row;
  }
  std::size_t size() const { return starts_.size() - 1; }

 private:
  std::span<const std::uint8_t> bytes_of(id i) const {
    return {bytes_.data() + starts_[i], starts_[i + 1] - starts_[i]};
  }
  std::size_t slot_of(std::span<const std::uint8_t> row) const {
    return (XXH3_64bits(row.data(), row.size()) >> 32) * index_.size() >> 32;
  }
  std::size_t after(std::size_t slot) const { return slot + 1 < index_.size() ? slot + 1 : 0; }
  void widen() {
    index_ = std::vector<id>(index_.size() + index_.size() / 4);  // as it was, if there is no memory
    for (id i = 0; i < size(); ++i) {
      std::size_t slot = slot_of(bytes_of(i));
      while (index_[slot] != 0) slot = after(slot);
      index_[slot] = i + 1;
    }
  }

  std::vector<std::uint8_t> bytes_, sought_;
  std::vector<std::uint32_t> starts_{0};
  std::vector<id> index_ = std::vector<id>(16);  // of rows, from 1 on; 0: free
};

}  // namespace tcpmc::system
