// The visited set where states are pairs: a bit for each, exact.
//
// A word is read as five numbers: what its two halves are (left and right, coarsely), a row that goes with
// the left half, a column that goes with the right one, and a rest. For every (left, right, rest) that occurs
// there is a matrix of bits. Its rows are those that occur with this left, its columns those that occur with
// this right, numbered as they are met. Where two parts of a system do most things without each other, a good
// part of each matrix is reached: then a state takes a few bits, and what is looked at again and again fits
// into a cache.
//
// (That reachable sets are nearly products of what they are made of is what symbolic model checking lives on:
// Burch, Clarke, McMillan, Dill and Hwang 1990. Here they are plain bits: nothing is compressed, and a
// look-up is three.)
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "checker/lines.hpp"

namespace tcpmc::checker {

class matrix_set {
 public:
  using word = std::uint64_t;

  // Which bits of a word are which number; there may be none.
  struct split {
    word left = 0, right = 0, rest = 0, row = 0, column = 0;
  };
  // What is looked up in an array is one number: its bits are next to each other, and few, as the arrays must
  // not get large.
  static bool fits(const split& s) {
    return number::fits(s.left) && number::fits(s.right) && number::fits(s.left | s.row) &&
           number::fits(s.right | s.column) && number::fits(s.left | s.right | s.rest);
  }

  explicit matrix_set(const split& s)
      : row_(s.left | s.row),
        column_(s.right | s.column),
        left_(s.left),
        right_(s.right),
        matrix_(s.left | s.right | s.rest),
        row_numbers_(row_.bits()),
        column_numbers_(column_.bits()),
        rows_(left_.bits()),
        columns_(right_.bits()),
        matrix_numbers_(matrix_.bits()),
        matrices_(1) {
    assert(fits(s));
  }

  // Inserts words; calls fresh(word) for each that was not there yet, in their order. A word whose place does
  // not exist is not inserted: homeless(word) is called. By any number of threads, if `shared`.
  template <bool shared, typename Fresh, typename Homeless>
  void insert(std::span<const word> words, Fresh&& fresh, Homeless&& homeless) {
    std::array<place, at_once> places;
    for (; !words.empty(); words = words.subspan(std::min(at_once, words.size()))) {
      const std::size_t found = find(words.first(std::min(at_once, words.size())), places, homeless);
      for (std::size_t i = 0; i < found; ++i) {
        const place& p = places[i];
        const word bit = word{1} << p.column % 64;
        if constexpr (shared) {
          const std::atomic_ref<word> line(*p.bits);
          if ((line.load(std::memory_order_relaxed) & bit) != 0) continue;
          if ((line.fetch_or(bit, std::memory_order_relaxed) & bit) != 0) continue;
        } else {
          if ((*p.bits & bit) != 0) continue;
          *p.bits |= bit;
        }
        fresh(p.of);
      }
    }
  }

  // Makes a place for a word. By one thread, while no other one is here.
  void make_room(word w) {
    const auto numbered = [](std::uint32_t& known, std::uint32_t& so_far) {
      if (known == 0) known = ++so_far;
      return known - 1;
    };
    std::uint32_t &rows = rows_[left_.of(w)], &columns = columns_[right_.of(w)];
    const std::uint32_t row = numbered(row_numbers_[row_.of(w)], rows);
    const std::uint32_t column = numbered(column_numbers_[column_.of(w)], columns);
    std::uint32_t& at = matrix_numbers_[matrix_.of(w)];
    if (at == 0) {
      at = static_cast<std::uint32_t>(matrices_.size());
      matrices_.emplace_back();
      bytes_ += sizeof(matrix);
    }
    matrix& m = matrices_[at];
    bytes_ -= m.bytes();
    if (column >= m.columns()) m.widen((columns + columns / 4) / 64 + 1);
    if (row >= m.row_at.size()) m.row_at.resize(rows + rows / 4, no_row);
    if (m.row_at[row] == no_row) {
      m.row_at[row] = m.rows++;
      const std::size_t needed = std::size_t{m.rows} * m.stride;
      if (needed > m.bits.capacity()) m.bits.reserve(needed + needed / 4);
      m.bits.resize(needed);
    }
    bytes_ += m.bytes();
  }

  // Memory of the matrices.
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr unsigned most_bits = 24;
  static constexpr std::uint32_t no_row = std::numeric_limits<std::uint32_t>::max();

  // Bits of a word that are next to each other, as a number.
  class number {
   public:
    static bool fits(word mask) {
      const number n(mask);
      return (n.mask_ & (n.mask_ + 1)) == 0 && n.bits() <= most_bits;
    }
    explicit number(word mask)
        : down_(static_cast<unsigned>(std::countr_zero(mask)) % 64), mask_(mask >> down_) {}
    std::size_t of(word w) const { return static_cast<std::size_t>(w >> down_ & mask_); }
    unsigned bits() const { return static_cast<unsigned>(std::popcount(mask_)); }

   private:
    unsigned down_;
    word mask_;
  };

  // An array over numbers of so many bits, zero at first; memory is taken where something is written.
  class table {
   public:
    explicit table(unsigned bits) : at_((sizeof(std::uint32_t) << bits) / 64 + 1) {}
    std::uint32_t& operator[](std::size_t i) { return reinterpret_cast<std::uint32_t*>(at_[0])[i]; }
    std::uint32_t operator[](std::size_t i) const { return reinterpret_cast<std::uint32_t*>(at_[0])[i]; }

   private:
    lines at_;
  };

  struct matrix {
    std::vector<word> bits;             // row by row; a column's number is its bit
    std::vector<std::uint32_t> row_at;  // by row number: which one it is here
    std::uint32_t rows = 0, stride = 0;

    std::uint32_t columns() const { return 64 * stride; }
    void widen(std::uint32_t to) {
      std::vector<word> wider(std::size_t{rows} * to);
      for (std::size_t r = 0; r < rows; ++r)
        std::copy_n(bits.begin() + static_cast<std::ptrdiff_t>(r * stride), stride,
                    wider.begin() + static_cast<std::ptrdiff_t>(r * to));
      bits = std::move(wider);
      stride = to;
    }
    std::size_t bytes() const {
      return bits.capacity() * sizeof(word) + row_at.capacity() * sizeof(std::uint32_t);
    }
  };

  struct place {
    word* bits;
    word of;
    std::uint32_t column;
  };
  static constexpr std::size_t at_once = 256;

  // The places of words, which are asked for; returns how many have one.
  template <typename Homeless>
  std::size_t find(std::span<const word> words, std::array<place, at_once>& into, Homeless&& homeless) {
    std::array<std::uint32_t, at_once> rows, columns, numbers;
    for (std::size_t i = 0; i < words.size(); ++i) {
      rows[i] = row_numbers_[row_.of(words[i])] - 1;  // the most there is if it has none
      columns[i] = column_numbers_[column_.of(words[i])] - 1;
      numbers[i] = matrix_numbers_[matrix_.of(words[i])];
    }
    std::size_t n = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      matrix& m = matrices_[numbers[i]];
      const std::uint32_t at = rows[i] < m.row_at.size() ? m.row_at[rows[i]] : no_row;
      if (at == no_row || columns[i] >= m.columns()) [[unlikely]] {
        homeless(words[i]);
        continue;
      }
      word* const bits = m.bits.data() + std::size_t{at} * m.stride + columns[i] / 64;
      __builtin_prefetch(bits, 1);
      into[n++] = {bits, words[i], columns[i]};
    }
    return n;
  }

  number row_, column_, left_, right_, matrix_;
  table row_numbers_, column_numbers_;  // by (left, row), by (right, column); from 1 on, 0: not met
  table rows_, columns_;                // how many there are, by left, by right
  table matrix_numbers_;                // by (left, right, rest)
  std::vector<matrix> matrices_;        // the first one has no rows
  std::size_t bytes_ = 0;
};

}  // namespace tcpmc::checker
