// The levels of a breadth-first search: all states at distance 0, 1, 2, ... from the start, as words.
//
// They are what the search goes through next, what a counterexample is rebuilt from (no state has a pointer to
// its parent), and what the visited set is rebuilt from. A level is a number of chunks, in no order. While they
// are few, chunks stay in memory; beyond a limit all are compressed (their bytes by significance, then
// Zstandard) and written to a file that has no name any more, so that nothing is left behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "checker/word.hpp"

namespace tcpmc::checker {

// A file or directory cannot be written or read: the message says which and why.
class storage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A file for chunks of bytes: append and read at any place, by several threads.
class chunk_file {
 public:
  explicit chunk_file(std::string directory) : directory_(std::move(directory)) {}
  ~chunk_file();
  chunk_file(const chunk_file&) = delete;
  chunk_file& operator=(const chunk_file&) = delete;

  std::uint64_t append(std::span<const std::byte> bytes);  // where they are
  void read(std::uint64_t at, std::span<std::byte> into) const;
  std::uint64_t size() const { return end_; }

 private:
  std::string directory_;
  int file_ = -1;
  std::mutex mutex_;
  std::uint64_t end_ = 0;
};

std::vector<std::byte> compress(std::span<const std::byte> bytes);
std::vector<std::byte> decompress(std::span<const std::byte> bytes, std::size_t size);

template <typename Word>
class level_store {
 public:
  static constexpr std::size_t chunk_words = 32768;

  explicit level_store(std::string directory) : file_(std::move(directory)) {}

  // Adds a chunk to a level, the last one or the one after it. `tag` comes back from read(). By any thread.
  void add(std::size_t level, std::span<const Word> words, unsigned width, std::uint32_t tag) {
    if (words.empty()) return;
    const std::size_t bytes = (width + 7) / 8;
    chunk c{std::vector<std::byte>(words.size() * bytes), 0, 0, static_cast<std::uint32_t>(words.size()), tag,
            static_cast<std::uint8_t>(bytes)};
    for (std::size_t b = 0; b < bytes; ++b)
      for (std::size_t i = 0; i < words.size(); ++i)
        c.bytes[b * words.size() + i] = static_cast<std::byte>(words[i] >> (8 * b) & 0xff);
    if (to_file_) write(c);
    const std::lock_guard lock(mutex_);
    if (level == levels_.size()) levels_.emplace_back();
    in_memory_ += c.bytes.size();
    levels_[level].words += words.size();
    levels_[level].chunks.push_back(std::move(c));
  }

  // Replaces `into` by a chunk's words; returns its tag. By any thread, while nothing is added to that level.
  std::uint32_t read(std::size_t level, std::size_t index, std::vector<Word>& into) const {
    const chunk& c = levels_[level].chunks[index];
    std::vector<std::byte> unpacked;
    if (c.bytes.empty()) {
      std::vector<std::byte> packed(c.length);
      file_.read(c.at, packed);
      unpacked = decompress(packed, std::size_t{c.count} * c.word_bytes);
    }
    const std::vector<std::byte>& bytes = c.bytes.empty() ? unpacked : c.bytes;
    into.assign(c.count, 0);
    for (std::size_t b = 0; b < c.word_bytes; ++b)
      for (std::size_t i = 0; i < c.count; ++i)
        into[i] |= static_cast<Word>(std::to_integer<std::uint8_t>(bytes[b * c.count + i])) << (8 * b);
    return c.tag;
  }

  std::size_t levels() const { return levels_.size(); }
  std::size_t chunks(std::size_t level) const { return level < levels_.size() ? levels_[level].chunks.size() : 0; }
  std::uint64_t words(std::size_t level) const { return level < levels_.size() ? levels_[level].words : 0; }
  std::uint64_t bytes_in_memory() const { return in_memory_; }
  std::uint64_t bytes_in_file() const { return file_.size(); }

  // From now on no more than `bytes` are kept in memory: if there are, all goes to the file, and what is added
  // later as well. Not while another thread uses the store.
  void keep_in_memory(std::uint64_t bytes) {
    if (to_file_ || in_memory_ <= bytes) return;
    to_file_ = true;
    for (stored_level& l : levels_)
      for (chunk& c : l.chunks) write(c);
    in_memory_ = 0;
  }

 private:
  struct chunk {
    std::vector<std::byte> bytes;  // by significance; empty: in the file
    std::uint64_t at = 0;
    std::size_t length = 0;
    std::uint32_t count = 0, tag = 0;
    std::uint8_t word_bytes = 0;
  };
  struct stored_level {
    std::vector<chunk> chunks;
    std::uint64_t words = 0;
  };

  void write(chunk& c) {
    const std::vector<std::byte> packed = compress(c.bytes);
    c.at = file_.append(packed);
    c.length = packed.size();
    c.bytes = {};
  }

  chunk_file file_;
  std::vector<stored_level> levels_;
  std::mutex mutex_;
  std::uint64_t in_memory_ = 0;
  bool to_file_ = false;
};

}  // namespace tcpmc::checker
