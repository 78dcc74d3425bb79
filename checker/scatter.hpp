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

template <typename Word, std::size_t Partitions>
class scatter {
 public:
  scatter() { begin(0); }

  void put(std::size_t partition, Word w) {
    std::uint32_t& n = used_[partition];
    if (n == capacity_) [[unlikely]]
      grow();
    Word* const at = buffer(partition) + n++;
    __builtin_prefetch(at + line_words, 1);
    *at = w;
  }
  // So many words were put.
  void count(std::size_t words) { all_ += words; }
  std::span<const Word> operator[](std::size_t partition) { return {buffer(partition), used_[partition]}; }
  void clear(std::size_t partition) { used_[partition] = 0; }

  // Whether there are `room` words a partition; it takes more all the same.
  bool full(std::size_t room) const { return all_ >= room * Partitions; }
  // When all are clear: makes room for so many words in each.
  void begin(std::size_t room) {
    all_ = 0;
    const std::size_t needed = room + room / 8 + 4 * line_words;  // they are not equally many
    if (needed > capacity_) reserve(needed + needed / 4);
  }

 private:
  static constexpr std::size_t line_words = 64 / sizeof(Word);

  Word* buffer(std::size_t partition) { return reinterpret_cast<Word*>(memory_[0]) + partition * capacity_; }
  void reserve(std::size_t words) {
    const std::size_t in_lines = (words + line_words - 1) / line_words | 1;  // odd: not all in one cache set
    memory_ = lines();  // first, so that there are never two
    memory_ = lines(Partitions * in_lines + 1);
    capacity_ = in_lines * line_words;
  }
  __attribute__((noinline)) void grow() {
    scatter bigger;
    bigger.reserve(capacity_ + capacity_ / 2);
    for (std::size_t p = 0; p < Partitions; ++p)
      std::memcpy(bigger.buffer(p), buffer(p), used_[p] * sizeof(Word));
    memory_ = std::move(bigger.memory_);
    capacity_ = bigger.capacity_;
  }

  std::array<std::uint32_t, Partitions> used_{};  // words
  lines memory_;
  std::size_t capacity_ = 0;  // words of a partition
  std::size_t all_ = 0;
};

// Sorts words by key(word), a number of so many bits: by its digits, from the least one on. `room` is
// scratch.
template <typename Word, typename Key>
void sort_by(std::span<Word> words, std::vector<Word>& room, unsigned bits, Key&& key) {
  constexpr unsigned digit = 11;
  constexpr std::size_t values = std::size_t{1} << digit;
  room.resize(words.size());
  std::span<Word> from = words, to = room;
  for (unsigned shift = 0; shift < bits; shift += digit) {
    const auto value = [&](Word w) { return static_cast<std::size_t>(key(w) >> shift) % values; };
    std::array<std::uint32_t, values> at{};
    for (const Word w : from) ++at[value(w)];
    std::uint32_t sum = 0;
    for (std::uint32_t& a : at) sum += std::exchange(a, sum);
    for (const Word w : from) to[at[value(w)]++] = w;
    std::swap(from, to);
  }
  if (from.data() != words.data()) std::copy(from.begin(), from.end(), words.begin());
}

}  // namespace tcpmc::checker
