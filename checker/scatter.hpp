// Words sorted by partition while they come: one buffer for each partition, all in one piece of memory.
//
// What comes next is written to one of hundreds of places. Their lines fit into a cache, if they are there
// when they are needed: the line after the one that is written to is asked for in time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "checker/lines.hpp"

namespace tcpmc::checker {

// Words of a partition are kept as what its number does not tell, in 32 bits if that will do.
template <typename Word, std::size_t Partitions>
class scatter {
 public:
  void put(std::size_t partition, Word rest) {
    std::uint32_t& n = used_[partition];
    if (n == capacity_) [[unlikely]]
      grow();
    if (narrow_)
      put<std::uint32_t>(partition * capacity_ + n++, static_cast<std::uint32_t>(rest));
    else
      put<Word>(partition * capacity_ + n++, rest);
  }
  // So many words were put.
  void count(std::size_t words) { all_ += words; }
  // Calls take(span of rests) with what was put for a partition, and forgets it.
  template <typename Take>
  void take(std::size_t partition, Take&& take) {
    const std::size_t from = partition * capacity_, n = std::exchange(used_[partition], 0);
    if (narrow_)
      take(std::span<const std::uint32_t>(at<std::uint32_t>(from), n));
    else
      take(std::span<const Word>(at<Word>(from), n));
  }

  // How many more words make `room` words a partition; it takes more all the same.
  std::size_t left(std::size_t room) const { return all_ < room * Partitions ? room * Partitions - all_ : 0; }
  // When nothing is in it: makes room for so many words in each partition, rests of so many bits.
  void begin(std::size_t room, unsigned rest_bits) {
    all_ = 0;
    const bool narrow = rest_bits <= 32;
    const std::size_t needed = room + room / 8 + 64;  // they are not equally many
    if (needed <= capacity_ && narrow == narrow_) return;
    narrow_ = narrow;
    reserve(needed + needed / 8);
  }

 private:
  template <typename T>
  T* at(std::size_t i) {
    return reinterpret_cast<T*>(memory_[0]) + i;
  }
  template <typename T>
  void put(std::size_t i, T value) {
    T* const place = at<T>(i);
    __builtin_prefetch(place + 64 / sizeof(T), 1);
    *place = value;
  }
  void reserve(std::size_t words) {
    const std::size_t line_words = 64 / (narrow_ ? sizeof(std::uint32_t) : sizeof(Word));
    const std::size_t in_lines = (words + line_words - 1) / line_words | 1;  // odd: not all in one cache set
    memory_ = lines();  // first, so that there are never two
    memory_ = lines(Partitions * in_lines + 1);
    capacity_ = in_lines * line_words;
  }
  __attribute__((noinline)) void grow() {
    const std::size_t before = capacity_, size = narrow_ ? sizeof(std::uint32_t) : sizeof(Word);
    const lines old = std::move(memory_);
    reserve(before + before / 2);
    for (std::size_t p = 0; p < Partitions; ++p)
      std::memcpy(memory_[0] + p * capacity_ * size, old[0] + p * before * size, used_[p] * size);
  }

  std::array<std::uint32_t, Partitions> used_{};  // words
  lines memory_;
  std::size_t capacity_ = 0;  // words of a partition
  std::size_t all_ = 0;
  bool narrow_ = false;
};

// Sorts words by key(word), a number of so many bits: by its digits, from the least one on. `room` is
// scratch.
template <typename Word, typename Key>
void sort_by(std::span<Word> words, std::vector<Word>& room, unsigned bits, Key&& key) {
  constexpr unsigned digit = 11, most_digits = (8 * sizeof(Word) + digit - 1) / digit;
  constexpr std::size_t values = std::size_t{1} << digit;
  const unsigned digits = (bits + digit - 1) / digit;
  const auto value = [](Word k, unsigned d) { return static_cast<std::size_t>(k >> (d * digit)) % values; };
  std::array<std::array<std::uint32_t, values>, most_digits> at;
  std::fill_n(at.begin(), digits, std::array<std::uint32_t, values>{});
  for (const Word w : words) {
    const Word k = key(w);
    for (unsigned d = 0; d < digits; ++d) ++at[d][value(k, d)];
  }
  room.resize(words.size());
  std::span<Word> from = words, to = room;
  for (unsigned d = 0; d < digits; ++d) {
    std::uint32_t sum = 0;
    for (std::uint32_t& a : at[d]) sum += std::exchange(a, sum);
    for (const Word w : from) to[at[d][value(key(w), d)]++] = w;
    std::swap(from, to);
  }
  if (from.data() != words.data()) std::copy(from.begin(), from.end(), words.begin());
}

}  // namespace tcpmc::checker
