// The levels of a breadth-first search: all states at distance 0, 1, 2, ... from the start, as words.
//
// They are what the search goes through next, what a counterexample is rebuilt from (no state has a pointer
// to its parent), and what the visited set is rebuilt from. A level is a number of chunks, in no order. While
// they are few, chunks stay in memory; beyond a limit all are compressed (their bytes by significance, then
// Zstandard) and appended to a log.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "checker/log.hpp"

namespace tcpmc::checker {

template <typename Word>
class level_store {
 public:
  static constexpr std::size_t chunk_words = 32768;

  static constexpr std::uint32_t record_kind = 1;

  explicit level_store(record_log& log) : log_(log) {}

  // Adds a chunk to a level, the last one or the one after it. `tag` comes back from read(). By any thread.
  void add(std::size_t level, std::span<const Word> words, unsigned width, std::uint32_t tag) {
    if (words.empty()) return;
    const std::size_t bytes = std::max(1u, (width + 7) / 8);  // no chunk is empty: that is one in the log
    chunk c;
    c.bytes.resize(words.size() * bytes);
    c.head.kind = record_kind;
    c.head.level = static_cast<std::uint32_t>(level);
    c.head.tag = tag;
    c.head.count = static_cast<std::uint32_t>(words.size());
    for (std::size_t b = 0; b < bytes; ++b)
      for (std::size_t i = 0; i < words.size(); ++i)
        c.bytes[b * words.size() + i] = static_cast<std::byte>(words[i] >> (8 * b) & 0xff);
    if (to_log_) write(c);
    const std::lock_guard lock(mutex_);
    in_memory_ += c.bytes.size();
    enter(std::move(c));
  }
  // Adds a chunk that is in the log already.
  void add(const record_log::found& there) {
    chunk c;
    c.head = there.head;
    c.at = there.at;
    enter(std::move(c));
  }

  // Replaces `into` by a chunk's words; returns its tag. By any thread, while nothing is added to that level.
  std::uint32_t read(std::size_t level, std::size_t index, std::vector<Word>& into) const {
    const chunk& c = chunk_at(level, index);
    std::vector<std::byte> unpacked;
    if (c.bytes.empty()) {
      const std::vector<std::byte> packed = log_.read(c.head, c.at);
      unpacked = decompress(packed);
      if (unpacked.size() % c.head.count != 0) throw storage_error("a level that was read back is damaged");
    }
    const std::vector<std::byte>& bytes = c.bytes.empty() ? unpacked : c.bytes;
    const std::size_t count = c.head.count;
    into.assign(count, 0);
    for (std::size_t b = 0; b < bytes.size() / count; ++b)
      for (std::size_t i = 0; i < count; ++i)
        into[i] |= static_cast<Word>(std::to_integer<std::uint8_t>(bytes[b * count + i])) << (8 * b);
    return c.head.tag;
  }

  std::size_t levels() const { return levels_.size(); }
  std::size_t chunks(std::size_t level) const {
    return level < levels_.size() ? levels_[level].chunks.size() : 0;
  }
  std::uint64_t words(std::size_t level) const { return level < levels_.size() ? levels_[level].words : 0; }

  // From now on no more than `bytes` are kept in memory: if there are, all goes to the log, and what is added
  // later as well. Not while another thread uses the store.
  void keep_in_memory(std::uint64_t bytes) {
    if (to_log_ || in_memory_ < bytes) return;
    to_log_ = true;
    for (stored_level& l : levels_)
      for (chunk& c : l.chunks) write(c);
    in_memory_ = 0;
  }

 private:
  struct chunk {
    std::vector<std::byte> bytes;  // by significance; empty: in the log
    record head;
    std::uint64_t at = 0;
  };
  struct stored_level {
    std::vector<chunk> chunks;
    std::uint64_t words = 0;
  };

  // Chunks of a level stay where they are while nothing is added to it, even if levels are added.
  const chunk& chunk_at(std::size_t level, std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return levels_[level].chunks[index];
  }
  void write(chunk& c) {
    const std::vector<std::byte> packed = compress(c.bytes);
    c.at = log_.append(c.head, packed);
    c.bytes = std::vector<std::byte>();  // {} would keep the memory
  }
  void enter(chunk c) {
    if (c.head.level >= levels_.size()) levels_.resize(c.head.level + 1);
    stored_level& l = levels_[c.head.level];
    l.words += c.head.count;
    l.chunks.push_back(std::move(c));
  }

  record_log& log_;
  std::vector<stored_level> levels_;
  mutable std::mutex mutex_;
  std::uint64_t in_memory_ = 0;
  bool to_log_ = false;
};

}  // namespace tcpmc::checker
