// The largest of many sets of bits: none of those that are kept is a part of another one.
//
// While they are few, they are looked at one by one. Where they are many they are also kept by bits, as
// inverted lists: for every bit the rows that have it, 64 rows to a word. A larger or a smaller set is then
// found by intersecting lists (subset queries on inverted files and tries: Savnik 2013).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tcpmc::checker {

using bit_word = std::uint64_t;
using bit_set = std::vector<bit_word>;  // what is missing at the end is not in it

inline bool includes(std::span<const bit_word> large, std::span<const bit_word> small) {
  const std::size_t n = std::min(large.size(), small.size());
  bit_word missing = 0;
  for (std::size_t i = 0; i < n; ++i) missing |= small[i] & ~large[i];
  for (std::size_t i = n; i < small.size(); ++i) missing |= small[i];
  return missing == 0;
}
inline std::uint32_t size_of(std::span<const bit_word> set) {
  int sum = 0;
  for (const bit_word w : set) sum += std::popcount(w);
  return static_cast<std::uint32_t>(sum);
}

// Each row is a set with its size, and whatever is known of it.
template <typename Known>
class antichain {
 public:
  std::size_t size() const { return rows_of_.size(); }
  std::span<const bit_word> row(std::size_t i) const { return {words_.data() + i * stride_, stride_}; }
  std::uint32_t size_of_row(std::size_t i) const { return rows_of_[i].size; }
  Known& known(std::size_t i) { return rows_of_[i].known; }
  const Known& known(std::size_t i) const { return rows_of_[i].known; }

  // Whether `set` is a part of a row. `scratch` is overwritten.
  bool covers(std::span<const bit_word> set, bit_set& scratch) const {
    if (columns_.empty()) {
      const std::uint32_t size = size_of(set);
      for (std::size_t i = 0; i < rows_of_.size(); ++i)
        if (rows_of_[i].size >= size && includes(row(i), set)) return true;
      return false;
    }
    if (!includes(any_, set)) return false;
    scratch.assign(set.begin(), set.end());
    for (std::size_t w = 0; w < std::min(scratch.size(), core_.size()); ++w) scratch[w] &= ~core_[w];
    for (std::size_t block = 0; block * bits < rows_of_.size(); ++block)
      if (rows_that<true>(block, scratch) != 0) return true;
    return false;
  }

  // Takes in a set that no row covers, instead of the rows that it covers: dropped(known) is called for each.
  // From `many` rows on they are kept by bits as well.
  template <typename Dropped>
  void add(const bit_set& set, Known known, std::size_t many, bit_set& scratch, Dropped&& dropped) {
    const std::uint32_t size = size_of(set);
    drop_covered(set, size, scratch, dropped);
    if (set.size() > stride_) widen(set.size());
    words_.insert(words_.end(), set.begin(), set.end());
    rows_of_.push_back({known, size});
    words_.resize(rows_of_.size() * stride_, 0);
    if (!columns_.empty())
      enter(rows_of_.size() - 1);
    else if (rows_of_.size() >= many)
      make_columns();
  }

  // Forgets what was kept by bits, until rows are many again.
  void forget_columns() { columns_ = {}; }

 private:
  static constexpr std::size_t bits = 64;
  struct kept {
    Known known;
    std::uint32_t size;
  };

  template <typename Dropped>
  void drop_covered(const bit_set& by, std::uint32_t size, bit_set& scratch, Dropped& dropped) {
    if (columns_.empty()) {
      for (std::size_t i = rows_of_.size(); i-- > 0;)
        if (rows_of_[i].size < size && includes(by, row(i))) drop(i, dropped);
      return;
    }
    if (!includes(by, core_)) return;
    scratch.assign(any_.begin(), any_.end());
    for (std::size_t w = 0; w < std::min(scratch.size(), by.size()); ++w) scratch[w] &= ~by[w];
    // From the end, so that the last row, which takes the place of a dropped one, was looked at before.
    for (std::size_t block = (rows_of_.size() + bits - 1) / bits; block-- > 0;)
      for (bit_word rows = rows_that<false>(block, scratch); rows != 0;) {
        const auto high = bits - 1 - static_cast<std::size_t>(std::countl_zero(rows));
        drop(block * bits + high, dropped);
        rows &= ~(bit_word{1} << high);
      }
  }

  template <typename Dropped>
  void drop(std::size_t i, Dropped& dropped) {
    dropped(rows_of_[i].known);
    const std::size_t last = rows_of_.size() - 1;
    if (!columns_.empty()) {
      mark(i, false);
      if (i != last) mark(last, false);
    }
    std::copy_n(row(last).begin(), stride_, words_.begin() + static_cast<std::ptrdiff_t>(i * stride_));
    words_.resize(last * stride_);
    rows_of_[i] = rows_of_[last];
    rows_of_.pop_back();
    if (!columns_.empty() && i != last) mark(i, true);
  }

  // The rows of a block of 64 that have all bits of `which`, or none of them.
  template <bool have>
  bit_word rows_that(std::size_t block, const bit_set& which) const {
    const std::size_t left = rows_of_.size() - block * bits;
    bit_word rows = left >= bits ? ~bit_word{0} : (bit_word{1} << left) - 1;
    const bit_word* columns = columns_.data() + block * stride_ * bits;
    // Backwards: what was found later is rarer.
    for (std::size_t w = std::min(which.size(), stride_); w-- > 0;)
      for (bit_word rest = which[w]; rest != 0;) {
        const auto high = bits - 1 - static_cast<std::size_t>(std::countl_zero(rest));
        const bit_word column = columns[w * bits + high];
        rows &= have ? column : ~column;
        if (rows == 0) return 0;
        rest &= ~(bit_word{1} << high);
      }
    return rows;
  }

  void widen(std::size_t stride) {
    bit_set wider(rows_of_.size() * stride, 0);
    for (std::size_t i = 0; i < rows_of_.size(); ++i)
      std::copy_n(row(i).begin(), stride_, wider.begin() + static_cast<std::ptrdiff_t>(i * stride));
    words_ = std::move(wider);
    stride_ = stride;
    if (!columns_.empty()) make_columns();
  }
  void make_columns() {
    columns_.clear();
    core_.assign(stride_, ~bit_word{0});
    any_.assign(stride_, 0);
    for (std::size_t i = 0; i < rows_of_.size(); ++i) enter(i);
  }
  void enter(std::size_t i) {
    columns_.resize(std::max(columns_.size(), (i / bits + 1) * stride_ * bits), 0);
    for (std::size_t w = 0; w < stride_; ++w) {
      core_[w] &= row(i)[w];
      any_[w] |= row(i)[w];
    }
    mark(i, true);
  }
  void mark(std::size_t i, bool has) {
    bit_word* columns = columns_.data() + i / bits * stride_ * bits;
    const bit_word bit = bit_word{1} << i % bits;
    for (std::size_t w = 0; w < stride_; ++w)
      for (bit_word rest = row(i)[w]; rest != 0; rest &= rest - 1) {
        bit_word& column = columns[w * bits + static_cast<std::size_t>(std::countr_zero(rest))];
        column = has ? column | bit : column & ~bit;
      }
  }

  std::size_t stride_ = 0;  // words of a row
  bit_set words_;           // row by row
  std::vector<kept> rows_of_;
  // Where there are many, for every 64 rows and every bit the rows that have it.
  bit_set columns_;
  bit_set core_;  // bits that all rows have, or fewer of them
  bit_set any_;   // bits that some row has or had
};

}  // namespace tcpmc::checker
