// The visited set where states are pairs: a bit for each, exact.
//
// A word has two halves, and the right one a part that is coarse and a column that goes with it. For every
// coarse right there is a matrix of bits: its rows are the left halves that occur with it, its columns those
// that go with it, numbered as they are met. Where two parts of a system do most things without each other, a
// good part of each matrix is reached: then a state takes a few bits, and what is looked at again and again
// fits into a cache. A row has the words from the first to the last that is needed. Where something is new in
// a row it gets a second one for that, until what is new is taken: it is what the next level is made of.
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
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "checker/lines.hpp"
#include "checker/scatter.hpp"

namespace tcpmc::checker {

class matrix_set {
 public:
  using word = std::uint64_t;
  using half = std::uint32_t;  // the number of one
  static constexpr half no_half = std::numeric_limits<half>::max();

  // Which bits of a word are the left half, the coarse right and the column; there may be none.
  struct split {
    word left = 0, right = 0, column = 0;
  };
  // What is looked up in an array is one number: its bits are next to each other, and few, as the arrays must
  // not get large.
  static bool fits(const split& s) {
    return number::fits(s.left) && number::fits(s.right) && number::fits(s.right | s.column) &&
           std::popcount(s.column) <= most_column_bits;
  }

  explicit matrix_set(const split& s)
      : split_(s),
        left_(s.left),
        right_half_(s.right | s.column),
        right_(s.right),
        left_numbers_(left_.bits()),
        right_numbers_(right_half_.bits()),
        coarse_numbers_(right_.bits()) {
    assert(fits(s));
    add_slab();
    new (slabs_[0][0]) row();
    used_ = words_of(0);
  }

  // When words change: repack(word) gives what a half becomes. Numbers and places stay.
  template <typename Repack>
  void change_words(const split& to, Repack&& repack) {
    matrix_set empty(to);
    for (half l = 0; l < lefts_.size(); ++l) {
      lefts_[l] = repack(lefts_[l]);
      empty.left_numbers_[empty.left_.of(lefts_[l])] = l + 1;
    }
    for (half r = 0; r < rights_.size(); ++r) {
      const auto& [coarse, column] = rights_[r];
      word& w = matrices_[coarse].rights[column];
      w = repack(w);
      empty.right_numbers_[empty.right_half_.of(w)] = r + 1;
      empty.coarse_numbers_[empty.right_.of(w)] = coarse + 1;
    }
    split_ = to;
    left_ = empty.left_;
    right_half_ = empty.right_half_;
    right_ = empty.right_;
    left_numbers_ = std::move(empty.left_numbers_);
    right_numbers_ = std::move(empty.right_numbers_);
    coarse_numbers_ = std::move(empty.coarse_numbers_);
  }

  // ---- Halves ----

  half left_number(word w) const { return left_numbers_[left_.of(w)] - 1; }          // no_half: none
  half right_number(word w) const { return right_numbers_[right_half_.of(w)] - 1; }  // no_half: none
  // By one thread for each side, while no other one is here. A number alone makes no place for a word.
  half number_left(word w) {
    std::uint32_t& known = left_numbers_[left_.of(w)];
    if (known == 0) {
      lefts_.push_back(w & split_.left);
      left_met_.push_back(0);
      known = static_cast<std::uint32_t>(lefts_.size());
    }
    return known - 1;
  }
  half number_right(word w) {
    std::uint32_t& known = right_numbers_[right_half_.of(w)];
    if (known == 0) {
      std::uint32_t& of_coarse = coarse_numbers_[right_.of(w)];
      if (of_coarse == 0) {
        matrices_.emplace_back();
        of_coarse = static_cast<std::uint32_t>(matrices_.size());
      }
      matrix& m = matrices_[of_coarse - 1];
      rights_.push_back({of_coarse - 1, static_cast<std::uint32_t>(m.rights.size())});
      m.rights.push_back(w & (split_.right | split_.column));
      m.met.resize((m.rights.size() + 63) / 64, 0);
      known = static_cast<std::uint32_t>(rights_.size());
    }
    return known - 1;
  }
  std::size_t lefts() const { return lefts_.size(); }
  std::size_t rights() const { return rights_.size(); }
  std::size_t coarse_rights() const { return matrices_.size(); }
  // Whether some word with it was inserted, for left halves; was taken as fresh, for right ones.
  bool is_met_left(half left) const { return left_met_[left] != 0; }
  bool is_met(half right) const {
    const auto& [coarse, column] = rights_[right];
    return (matrices_[coarse].met[column / 64] >> column % 64 & 1) != 0;
  }
  word left_word(half left) const { return lefts_[left]; }
  word right_word(half right) const { return right_word(rights_[right].coarse, rights_[right].column); }
  word right_word(std::uint32_t coarse_right, std::uint32_t column) const {
    return matrices_[coarse_right].rights[column];
  }
  std::uint32_t coarse(half right) const { return rights_[right].coarse; }
  std::uint32_t column(half right) const { return rights_[right].column; }
  std::size_t columns(std::uint32_t coarse_right) const { return matrices_[coarse_right].rights.size(); }

  // ---- Places ----

  // Words `first`, `first` + 1, ... of a row, `size` of them, which stand behind it; the others are no
  // places.
  struct row {
    word* fresh = nullptr;  // as many; none: nothing is
    std::uint32_t first = 0, size = 0;
    half left = no_half;
    std::uint32_t coarse_right = 0, place = 0;

    word* visited() { return reinterpret_cast<word*>(this + 1); }
  };
  // A row without places if there is none.
  row& row_at(half left, std::uint32_t coarse_right) {
    const matrix& m = matrices_[coarse_right];
    const std::uint32_t at = left < m.row_at.size() ? m.row_at[left] : 0;
    return *reinterpret_cast<row*>(slabs_[at / slab_words][0] + sizeof(word) * (at % slab_words));
  }
  // Memory for what is new, and which rows have some; each thread has its own. What was new before the last
  // turn stays until the next one.
  class freshness {
   public:
    word* words(std::size_t n) {
      auto& [all, slab, used] = now_;
      if (slab == all.size() || used + n > all[slab].size()) {
        if (slab < all.size()) ++slab;
        used = 0;
        if (slab == all.size()) all.emplace_back(std::max(n, slab_words));
        if (all[slab].size() < n) all[slab] = std::vector<word>(n);
      }
      word* const at = all[slab].data() + used;
      used += n;
      std::fill_n(at, n, word{0});
      return at;
    }
    // When all was taken.
    void turn() {
      std::swap(now_, before_);
      now_.slab = now_.used = 0;
    }

   private:
    friend matrix_set;
    static constexpr std::size_t slab_words = 8192;
    struct slabs {
      std::vector<std::vector<word>> all;
      std::size_t slab = 0, used = 0;
    };
    slabs now_, before_;
    std::vector<std::uint64_t> rows_;
  };
  // Some columns of a row: a word of bits.
  struct part {
    std::uint32_t at;
    word bits;

    // Calls visit(column) for each.
    template <typename Visit>
    void for_each(Visit&& visit) const {
      for (word w = bits; w != 0; w &= w - 1)
        visit(64 * at + static_cast<std::uint32_t>(std::countr_zero(w)));
    }
  };
  // Columns of rows, for later.
  class row_columns {
   public:
    void add(half left, std::uint32_t coarse_right, std::uint32_t column) {
      if (rows_.empty() || rows_.back().left != left || rows_.back().coarse_right != coarse_right)
        rows_.push_back({left, coarse_right, 0});
      columns_.push_back(column);
      rows_.back().end = columns_.size();
    }
    std::size_t size() const { return columns_.size(); }
    void clear() {
      rows_.clear();
      columns_.clear();
    }
    // Calls visit(left half, coarse right, columns).
    template <typename Visit>
    void for_each(Visit&& visit) const {
      std::size_t from = 0;
      for (const auto& [left, coarse, end] : rows_) {
        visit(left, coarse, std::span(columns_).subspan(from, end - from));
        from = end;
      }
    }

   private:
    struct row_end {
      half left;
      std::uint32_t coarse_right;
      std::size_t end;  // of its columns
    };
    std::vector<row_end> rows_;
    std::vector<std::uint32_t> columns_;
  };
  enum class outcome : std::uint8_t { known, fresh, homeless };
  // Inserts the words of one part of a row; `part.bits` becomes those that were not there. By any number of
  // threads, if `shared`.
  template <bool shared>
  outcome insert(row& to, part& p, freshness& mine) {
    const std::uint32_t i = p.at - to.first;
    if (i >= to.size) [[unlikely]]
      return outcome::homeless;
    word& visited = to.visited()[i];
    p.bits &= ~seen<shared>(visited);
    if (p.bits != 0) p.bits &= ~put<shared>(visited, p.bits);
    if (p.bits == 0) return outcome::known;
    word* fresh = std::atomic_ref(to.fresh).load(std::memory_order_acquire);
    if (fresh == nullptr) [[unlikely]]
      fresh = begin_fresh(to, mine);
    put<shared>(fresh[i], p.bits);
    return outcome::fresh;
  }
  // The same for columns of a row: calls fresh() for each that was not there, and homeless(column).
  template <bool shared, typename Fresh, typename Homeless>
  void insert(row& to, std::span<const std::uint32_t> columns, freshness& mine, Fresh&& fresh,
              Homeless&& homeless) {
    word* const visited = to.visited();
    const std::uint32_t first = to.first, size = to.size;
    word* news = nullptr;
    for (const std::uint32_t column : columns) {
      const std::uint32_t i = column / 64 - first;
      if (i >= size) [[unlikely]] {
        homeless(column);
        continue;
      }
      if ((seen<shared>(visited[i]) >> column % 64 & 1) != 0) [[likely]]
        continue;
      const word bit = word{1} << column % 64;
      if ((put<shared>(visited[i], bit) & bit) != 0) continue;
      if (news == nullptr) news = std::atomic_ref(to.fresh).load(std::memory_order_acquire);
      if (news == nullptr) news = begin_fresh(to, mine);
      put<shared>(news[i], bit);
      fresh();
    }
  }
  template <bool shared>
  outcome insert(word w, freshness& mine) {
    const half left = left_number(w), right = right_number(w);
    if (left == no_half || right == no_half) return outcome::homeless;
    const auto& [coarse, column] = rights_[right];
    part p{column / 64, word{1} << column % 64};
    return insert<shared>(row_at(left, coarse), p, mine);
  }

  // A word will be inserted soon.
  void prefetch(word w) const {
    __builtin_prefetch(&left_numbers_[left_.of(w)]);
    __builtin_prefetch(&right_numbers_[right_half_.of(w)]);
  }

  // Makes places for columns of a row, one at least. By one thread, while no other one is here.
  void make_room(half left, std::uint32_t coarse, std::span<const std::uint32_t> columns, freshness& mine) {
    const auto [least, most] = std::minmax_element(columns.begin(), columns.end());
    matrix& m = matrices_[coarse];
    bytes_ -= m.bytes();
    if (left >= m.row_at.size()) m.row_at.resize(lefts_.size() + lefts_.size() / 4, 0);
    bytes_ += m.bytes();
    left_met_[left] = 1;
    row& r = row_at(left, coarse);
    const bool is_there = m.row_at[left] != 0;
    const std::uint32_t lowest = *least / 64, highest = *most / 64;
    const std::uint32_t from = is_there ? r.first : lowest, to = is_there ? r.first + r.size : lowest;
    if (from <= lowest && highest < to) return;
    const auto all = static_cast<std::uint32_t>((m.rights.size() + 63) / 64);
    const std::uint32_t first = std::min(from, lowest) / row_step * row_step;
    const std::uint32_t end = std::min(all, (std::max(to, highest + 1) + row_step - 1) / row_step * row_step);
    m.row_at[left] = take(end - first);
    row& longer = *new (&row_at(left, coarse)) row{nullptr, first, end - first, left, coarse, m.row_at[left]};
    std::fill_n(longer.visited(), longer.size, word{0});
    if (!is_there) return;
    std::copy_n(r.visited(), r.size, longer.visited() + (from - first));
    if (r.fresh != nullptr) {
      longer.fresh = mine.words(longer.size);
      std::copy_n(r.fresh, r.size, longer.fresh + (from - first));
    }
    give_back(r);
  }

  // ---- What is new ----

  // The rows where something is new, those with the same coarse right next to each other; forgets them. By
  // one thread, with what all threads have.
  void take_rows(freshness& mine, std::vector<std::uint64_t>& into) {
    into.insert(into.end(), mine.rows_.begin(), mine.rows_.end());
    mine.rows_.clear();
  }
  void order(std::vector<std::uint64_t>& rows) const {
    std::vector<std::uint64_t> room;
    const auto left_bits = static_cast<unsigned>(std::bit_width(lefts_.size()));
    sort_by(std::span(rows), room, static_cast<unsigned>(std::bit_width(matrices_.size())) + left_bits,
            [&](std::uint64_t r) { return (r >> 32) << left_bits | (r & no_number); });
  }
  // What is new in a row: words of bits, as in `row`.
  struct fresh_row {
    const word* bits = nullptr;
    std::uint32_t first = 0, size = 0;
    half left = no_half;
    std::uint32_t coarse_right = 0;

    part at(std::uint32_t i) const { return {first + i, bits[i]}; }  // i < size
    // Calls visit(column) for each.
    template <typename Visit>
    void for_each(Visit&& visit) const {
      for (std::uint32_t i = 0; i < size; ++i) at(i).for_each(visit);
    }
  };
  word word_at(const fresh_row& of, std::uint32_t column) const {
    return lefts_[of.left] | right_word(of.coarse_right, column);
  }
  // A row will be taken soon: first the row is asked for, then what is new in it.
  void prefetch_row(std::uint64_t of) { __builtin_prefetch(&row_of(of)); }
  void prefetch_fresh(std::uint64_t of) {
    __builtin_prefetch(std::atomic_ref(row_of(of).fresh).load(std::memory_order_relaxed));
  }
  // Calls visit(left word, right words by column, part) for what is new in one of these rows; then nothing
  // is. What is returned is there until the second turn from now. By any thread, each row by one.
  template <typename Visit>
  fresh_row take_fresh(std::uint64_t of, Visit&& visit) {
    row& r = row_of(of);
    const fresh_row taken{r.fresh, r.first, r.size, r.left, r.coarse_right};
    std::atomic_ref(r.fresh).store(nullptr, std::memory_order_relaxed);  // another thread may prefetch it
    const word left = lefts_[r.left];
    matrix& m = matrices_[r.coarse_right];
    for (std::uint32_t i = 0; i < taken.size; ++i) {
      const part p = taken.at(i);
      if (p.bits == 0) continue;
      const std::atomic_ref<word> met(m.met[p.at]);
      if ((p.bits & ~met.load(std::memory_order_relaxed)) != 0)
        met.fetch_or(p.bits, std::memory_order_relaxed);
      visit(left, std::span<const word>(m.rights), p);
    }
    return taken;
  }

  // Memory of the matrices.
  std::size_t bytes() const {
    return bytes_ + lefts_.size() * sizeof(word) + rights_.size() * (sizeof(right_half) + sizeof(word)) +
           matrices_.size() * sizeof(matrix);
  }

 private:
  static constexpr int most_bits = 24;
  static constexpr std::uint32_t row_step = 4;  // words by which rows grow
  static constexpr std::size_t slab_words = std::size_t{1} << 15, most_slabs = std::size_t{1} << 17;
  static constexpr int most_column_bits = 20;
  static_assert((std::size_t{1} << most_column_bits) / 64 < slab_words);
  static constexpr std::uint32_t no_number = std::numeric_limits<std::uint32_t>::max();

  // Bits of a word that are next to each other, as a number.
  class number {
   public:
    static bool fits(word mask) {
      const number n(mask);
      return (n.mask_ & (n.mask_ + 1)) == 0 && std::popcount(n.mask_) <= most_bits;
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
    const std::uint32_t& operator[](std::size_t i) const {
      return reinterpret_cast<const std::uint32_t*>(at_[0])[i];
    }

   private:
    lines at_;
  };

  struct right_half {
    std::uint32_t coarse, column;
  };
  struct matrix {
    std::vector<std::uint32_t> row_at;  // by left half: which word of the slabs it begins with; 0: none
    std::vector<word> rights;           // right halves, by column
    std::vector<word> met;              // bits, by column

    std::size_t bytes() const { return row_at.capacity() * sizeof(std::uint32_t); }
  };

  template <bool shared>
  static word seen(word& visited) {
    if constexpr (shared)
      return std::atomic_ref(visited).load(std::memory_order_relaxed);
    else
      return visited;
  }
  row& row_of(std::uint64_t r) { return row_at(static_cast<half>(r), static_cast<std::uint32_t>(r >> 32)); }
  // Sets bits; returns what was there.
  template <bool shared>
  static word put(word& to, word bits) {
    if constexpr (shared)
      return std::atomic_ref(to).fetch_or(bits, std::memory_order_relaxed);
    else
      return std::exchange(to, to | bits);
  }
  word* begin_fresh(row& r, freshness& mine) {
    word* const words = mine.words(r.size);
    word* before = nullptr;
    // What another thread was first with stays; then these words are for nothing.
    if (!std::atomic_ref(r.fresh).compare_exchange_strong(before, words, std::memory_order_acq_rel))
      return before;
    mine.rows_.push_back(std::uint64_t{r.coarse_right} << 32 | r.left);
    return words;
  }
  // Where there is room for a row of n words.
  static_assert(sizeof(row) % sizeof(word) == 0);
  static constexpr std::uint32_t words_of(std::uint32_t n) { return n + sizeof(row) / sizeof(word); }
  std::uint32_t take(std::uint32_t n) {
    if (n < free_.size() && !free_[n].empty()) {
      const std::uint32_t at = free_[n].back();
      free_[n].pop_back();
      return at;
    }
    if (used_ + words_of(n) > slab_words) add_slab();
    const auto at = static_cast<std::uint32_t>((slabs_.size() - 1) * slab_words + used_);
    used_ += words_of(n);
    return at;
  }
  void give_back(row& r) {
    free_.resize(std::max<std::size_t>(free_.size(), r.size + 1));
    free_[r.size].push_back(r.place);
  }
  void add_slab() {
    if (slabs_.size() == most_slabs) throw std::bad_alloc();
    slabs_.emplace_back(slab_words * sizeof(word) / 64);
    used_ = 0;
    bytes_ += slab_words * sizeof(word);
  }

  split split_;
  number left_, right_half_, right_;
  table left_numbers_, right_numbers_;  // of halves, from 1 on; 0: not met
  table coarse_numbers_;                // of coarse rights, from 1 on
  std::vector<word> lefts_;
  std::vector<right_half> rights_;
  std::vector<std::uint8_t> left_met_;            // by left half
  std::vector<matrix> matrices_;                  // by coarse right
  std::vector<lines> slabs_;                      // of rows; the first one is the one without places
  std::size_t used_ = 0;                          // words of the last slab
  std::vector<std::vector<std::uint32_t>> free_;  // where rows were that moved, by size
  std::size_t bytes_ = 0;                         // of rows, and of where they are
};

}  // namespace tcpmc::checker
