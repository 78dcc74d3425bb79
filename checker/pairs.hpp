// Short codes for states that are pairs of halves.
//
// Where a state has many components, its word is long, but few of all words are met: the halves that occur
// are far fewer than the states (in reuse-with-data there are 1.4 million halves of 29 million states), and a
// state is two of them. So the halves are numbered as they are met, and a state's code is its left half's
// number times the most that there may be of right halves, plus its right half's number: 40 bits for a word
// of 90. Nothing is lost: a code can be made into its word again. (As a tree of numbered parts: Laarman, van
// de Pol and Weber 2011; here it has one inner node, and the root is in visited.hpp.)
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <vector>

namespace tcpmc::checker {

// The halves that were met on one side, numbered from 0 on.
template <typename Word>
class numbered_halves {
 public:
  using number = std::uint32_t;
  static constexpr number none = std::numeric_limits<number>::max();

  // A half is what a word has in `mask`.
  explicit numbered_halves(Word mask) : mask_(mask), index_(64) {
    while (mask != 0 && (mask & 1) == 0) mask >>= 1, ++down_;
    for (; mask != 0; mask >>= 8) ++bytes_;
    kept_.resize(sizeof(Word));
  }

  number count() const { return count_; }
  Word mask() const { return mask_; }
  Word operator[](number n) const { return half(n) << down_; }

  // When words change: repack(word) gives what a half becomes. Numbers stay.
  template <typename Repack>
  void change_words(Word mask, Repack&& repack) {
    index_ = std::vector<number>();
    numbered_halves changed(mask);
    for (number n = 0; n < count_; ++n) changed.add(repack((*this)[n]));
    // Two states that become one would be a wrong answer.
    if (changed.count_ != count_) throw std::logic_error("repacking made two halves one");
    *this = std::move(changed);
  }

  // A look-up in three steps, so that many can be made at once, each step asking for what the next one needs.
  struct search {
    Word half = 0;
    std::size_t slot = 0;
    number found = none;
  };
  search begin(Word w) const {
    const Word h = (w & mask_) >> down_;
    const search s{h, slot_of(h), none};
    __builtin_prefetch(&index_[s.slot]);
    return s;
  }
  void go_on(search& s) const {
    s.found = index_[s.slot] - 1;
    if (s.found != none) __builtin_prefetch(place(s.found));
  }
  number end(search s) const {
    while (s.found != none && half(s.found) != s.half) {
      s.slot = after(s.slot);
      s.found = index_[s.slot] - 1;
    }
    return s.found;
  }

  // Numbers the half of a word, if it has no number yet. By one thread, while no other one is here.
  void add(Word w) {
    search s = begin(w);
    go_on(s);
    if (end(s) != none) return;
    if (count_ == none - 1) throw std::bad_alloc();
    if (4 * (std::size_t{count_} + 1) > 3 * index_.size()) widen();
    if (const std::size_t size = kept_.size() + bytes_; size > kept_.capacity())
      kept_.reserve(size + size / 4);
    kept_.resize(kept_.size() + bytes_);
    std::memcpy(kept_.data() + count_ * bytes_, &s.half, bytes_);
    enter(count_++);
  }

 private:
  const std::byte* place(number n) const { return kept_.data() + n * bytes_; }
  Word half(number n) const {
    Word h;
    std::memcpy(&h, place(n), sizeof h);  // and some of the next one
    return h & mask_ >> down_;
  }
  // Mixed as in MurmurHash3 (Appleby 2011), whose top bits depend on all others.
  std::size_t slot_of(Word h) const {
    auto x = static_cast<std::uint64_t>(h);
    if constexpr (sizeof h > sizeof x) x ^= static_cast<std::uint64_t>(h >> 64) * 0x9e3779b97f4a7c15;
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
    return static_cast<std::size_t>((x >> 32) * index_.size() >> 32);
  }
  std::size_t after(std::size_t slot) const { return slot + 1 < index_.size() ? slot + 1 : 0; }
  void enter(number n) {
    std::size_t slot = slot_of(half(n));
    while (index_[slot] != 0) slot = after(slot);
    index_[slot] = n + 1;
  }
  void widen() {
    const std::size_t slots = index_.size() + index_.size() / 4;
    index_ = std::vector<number>();  // first, so that there are never two; {} would keep the memory
    index_.assign(slots, 0);
    for (number n = 0; n < count_; ++n) enter(n);
  }

  Word mask_;
  unsigned down_ = 0;      // zeros below the mask
  std::size_t bytes_ = 0;  // of a half
  number count_ = 0;
  std::vector<number> index_;    // by hash: a number + 1; 0: free; at most 75 % are not
  std::vector<std::byte> kept_;  // by number: the half's bits; behind the last one there is room for a word
};

template <typename Word>
class pair_codes {
 public:
  using code = std::uint64_t;

  // Each bit of a word is in one of two halves.
  pair_codes(Word left, Word right) : left_(left), right_(right) {
    assert((left & right) == 0);
    fit();
  }
  // When words change: repack(word) gives what a half becomes. Codes stay.
  template <typename Repack>
  void change_words(Word left, Word right, Repack&& repack) {
    left_.change_words(left, repack);
    right_.change_words(right, repack);
  }

  // Calls coded(code) for each word, or without(word) where it has none yet. By any number of threads.
  template <typename Coded, typename Without>
  void code_all(std::span<const Word> words, Coded&& coded, Without&& without) const {
    std::array<typename halves::search, at_once> left, right;
    for (; !words.empty(); words = words.subspan(std::min(at_once, words.size()))) {
      const std::size_t n = std::min(at_once, words.size());
      for (std::size_t i = 0; i < n; ++i) {
        left[i] = left_.begin(words[i]);
        right[i] = right_.begin(words[i]);
      }
      for (std::size_t i = 0; i < n; ++i) {
        left_.go_on(left[i]);
        right_.go_on(right[i]);
      }
      for (std::size_t i = 0; i < n; ++i) {
        const code l = left_.end(left[i]), r = right_.end(right[i]);
        if (l < most_left_ && r < most_right_)
          coded(l * most_right_ + r);
        else
          without(words[i]);
      }
    }
  }
  Word word_of(code c) const {
    return left_[static_cast<typename halves::number>(c / most_right_)] |
           right_[static_cast<typename halves::number>(c % most_right_)];
  }

  // Numbers the halves of a word. By one thread, while no other one is here.
  void number(Word w) {
    left_.add(w);
    right_.add(w);
  }
  // Whether there are halves whose numbers are too large for codes.
  bool outgrown() const { return left_.count() > most_left_ || right_.count() > most_right_; }
  // Makes room for these and half as many. Codes that were given before mean nothing then.
  void fit() {
    const auto with_room = [](code count) { return std::min<code>(count + count / 2 + 64, halves::none); };
    most_right_ = with_room(right_.count());
    width_ = static_cast<unsigned>(std::bit_width(with_room(left_.count()) * most_right_ - 1));
    const code last = std::numeric_limits<code>::max() >> (64 - width_);
    most_left_ = std::min<code>((last - (most_right_ - 1)) / most_right_ + 1, halves::none);
  }
  // Codes are below 2^width().
  unsigned width() const { return width_; }

 private:
  using halves = numbered_halves<Word>;
  static constexpr std::size_t at_once = 128;

  halves left_, right_;
  code most_left_ = 0, most_right_ = 0;
  unsigned width_ = 0;
};

}  // namespace tcpmc::checker
