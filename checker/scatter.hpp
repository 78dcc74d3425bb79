// Words sorted by partition while they come: one buffer for each partition.
//
// Writing to hundreds of buffers in turn would touch as many pages, more than a processor remembers the places
// of. So a line of words is collected for each partition in a small block first, and written in one go when it
// is complete (software write-combining: Balkesen, Teubner, Alonso and Ozsu 2013).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace tcpmc::checker {

template <typename Word, std::size_t Partitions>
class scatter {
 public:
  void put(std::size_t partition, Word w) {
    std::uint8_t& n = collected_[partition];
    lines_[partition][n] = w;
    if (++n == line_words) write(partition);
  }
  // Requires that nothing is put before the next clear().
  std::span<const Word> operator[](std::size_t partition) {
    if (collected_[partition] != 0) write(partition);
    return buffers_[partition];
  }
  void clear(std::size_t partition) { buffers_[partition].clear(); }

  // Whether a buffer has reached `room`; it takes more all the same.
  bool full(std::size_t room) const { return longest_ >= room; }
  void begin() { longest_ = 0; }  // when all are clear

 private:
  static constexpr std::size_t line_words = 64 / sizeof(Word);

  void write(std::size_t partition) {
    std::vector<Word>& b = buffers_[partition];
    b.insert(b.end(), lines_[partition].begin(), lines_[partition].begin() + collected_[partition]);
    collected_[partition] = 0;
    if (b.size() > longest_) longest_ = b.size();
  }

  alignas(64) std::array<std::array<Word, line_words>, Partitions> lines_{};
  std::array<std::uint8_t, Partitions> collected_{};
  std::size_t longest_ = 0;
  std::array<std::vector<Word>, Partitions> buffers_;
};

}  // namespace tcpmc::checker
