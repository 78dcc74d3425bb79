// Words sorted by partition while they come: one buffer for each partition.
//
// Writing to hundreds of buffers in turn would touch as many pages, more than a processor remembers the
// places of. So a line of words is collected for each partition in a small block first, and written in one go
// when it is complete (software write-combining: Balkesen, Teubner, Alonso and Ozsu 2013).
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
  void put(std::size_t partition, Word w) {
    std::uint8_t& n = collected_[partition];
    lines_[partition][n] = w;
    if (++n == line_words) write(partition);
  }
  // What was put, once; then it has to be cleared.
  std::span<const Word> operator[](std::size_t partition) {
    buffer& b = buffers_[partition];
    const std::size_t rest = collected_[partition];
    if (rest != 0) write(partition);
    if (b.used == 0) return {};
    return {reinterpret_cast<const Word*>(b.all[0]),
            b.used * line_words - (rest != 0 ? line_words - rest : 0)};
  }
  void clear(std::size_t partition) { buffers_[partition].used = 0; }

  // Whether a buffer has reached `room` words; it takes more all the same.
  bool full(std::size_t room) const { return longest_ * line_words >= room; }
  // When all are clear: makes room for so many words in each.
  void begin(std::size_t room) {
    longest_ = 0;
    const std::size_t needed = room / line_words + 8;
    if (needed <= buffers_[0].all.count()) return;
    for (buffer& b : buffers_) {
      b.all = lines();  // first, so that there are never two
      b.all = lines(needed + needed / 4);
    }
  }

 private:
  static constexpr std::size_t line_words = 64 / sizeof(Word);
  struct buffer {
    lines all;
    std::size_t used = 0;
  };

  void write(std::size_t partition) {
    buffer& b = buffers_[partition];
    if (b.used == b.all.count()) {
      lines more(b.used + b.used / 2 + 8);
      if (b.used != 0) std::memcpy(more[0], b.all[0], 64 * b.used);
      b.all = std::move(more);
    }
    std::memcpy(b.all[b.used], lines_[partition].data(), 64);
    longest_ = std::max(longest_, ++b.used);
    collected_[partition] = 0;
  }

  alignas(64) std::array<std::array<Word, line_words>, Partitions> lines_{};
  std::array<std::uint8_t, Partitions> collected_{};
  std::size_t longest_ = 0;  // in lines
  std::array<buffer, Partitions> buffers_;
};

// Sorts words of so many bits by their 22 highest ones.
template <typename Word>
void sort_by_high_bits(std::vector<Word>& words, std::vector<Word>& room, unsigned width) {
  constexpr unsigned digit = 11;
  constexpr std::size_t values = std::size_t{1} << digit;
  room.resize(words.size());
  for (const unsigned digits_above : {2u, 1u}) {
    const unsigned shift = width > digits_above * digit ? width - digits_above * digit : 0;
    std::array<std::uint32_t, values> at{};
    for (const Word w : words) ++at[static_cast<std::size_t>(w >> shift) % values];
    std::uint32_t sum = 0;
    for (std::uint32_t& a : at) sum += std::exchange(a, sum);
    for (const Word w : words) room[at[static_cast<std::size_t>(w >> shift) % values]++] = w;
    words.swap(room);
  }
}

}  // namespace tcpmc::checker
