// The levels of a breadth-first search: all states at distance 0, 1, 2, ... from the start, as words.
//
// They are what the search goes through next, what a counterexample is rebuilt from (no state has a pointer
// to its parent), and what the visited set is rebuilt from. A level is a number of chunks, in no order. While
// they are few, chunks stay in memory; beyond a limit all are appended to a log.
//
// A chunk is packed: of each word what differs from the one before it (an exclusive-or), without the leading
// zeros, and how many bytes that are. Words that a search finds one after the other have much in common:
// about two bytes are left of one, in a quarter of the time that Zstandard takes to come to three quarters of
// that.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "checker/log.hpp"

namespace tcpmc::checker {

template <typename Word>
class level_store {
 public:
  static constexpr std::size_t chunk_words = 8192;

  static constexpr std::uint32_t record_kind = 1;

  explicit level_store(record_log& log) : log_(log) {}

  // Adds a chunk to a level, the last one or the one after it. `tag` comes back from read(). By any thread;
  // `room` is scratch.
  void add(std::size_t level, std::span<const Word> words, std::uint32_t tag, std::vector<std::byte>& room) {
    if (words.empty()) return;
    chunk c;
    c.bytes = pack(words, room);
    c.head.kind = record_kind;
    c.head.level = static_cast<std::uint32_t>(level);
    c.head.tag = tag;
    c.head.count = static_cast<std::uint32_t>(words.size());
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
    into.resize(c.head.count);
    unpack(c.bytes.empty() ? log_.read(c.head, c.at) : c.bytes, into);
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
    c.at = log_.append(c.head, c.bytes);
    c.bytes = std::vector<std::byte>();  // {} would keep the memory
  }
  void enter(chunk c) {
    if (c.head.level >= levels_.size()) levels_.resize(c.head.level + 1);
    stored_level& l = levels_[c.head.level];
    l.words += c.head.count;
    l.chunks.push_back(std::move(c));
  }

  // Half a byte for each word, how many bytes there are of it, and all these bytes. 15 means 16.
  static std::size_t tag_bytes(std::size_t words) { return (words + 1) / 2; }
  static std::vector<std::byte> pack(std::span<const Word> words, std::vector<std::byte>& room) {
    const std::size_t tags = tag_bytes(words.size());
    room.resize(std::max(room.size(), tags + (words.size() + 1) * sizeof(Word)));
    std::byte* to = room.data() + tags;
    Word last = 0;
    const auto put = [&](Word w) {
      const Word rest = w ^ std::exchange(last, w);
      const unsigned tag = std::min(bytes_of(rest), 15u);
      std::memcpy(to, &rest, sizeof rest);  // what is too much is written over by the next
      to += tag == 15 ? 16 : tag;
      return tag;
    };
    for (std::size_t i = 0; i < words.size(); i += 2) {
      const unsigned first = put(words[i]), second = i + 1 < words.size() ? put(words[i + 1]) : 0;
      room[i / 2] = static_cast<std::byte>(first | second << 4);
    }
    return {room.data(), to};
  }
  static void unpack(std::span<const std::byte> bytes, std::span<Word> into) {
    const auto damaged = [] { throw storage_error("a level that was read back is damaged"); };
    std::size_t at = tag_bytes(into.size());
    if (bytes.size() < at) damaged();
    Word last = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
      const unsigned tag = std::to_integer<unsigned>(bytes[i / 2]) >> (4 * (i % 2)) & 15;
      const std::size_t size = tag == 15 ? 16 : tag;
      if (size > sizeof(Word) || size > bytes.size() - at) damaged();
      Word rest = 0;
      if (bytes.size() - at >= sizeof rest) [[likely]] {
        std::memcpy(&rest, bytes.data() + at, sizeof rest);
        if (size < sizeof rest) rest &= (Word{1} << 8 * size) - 1;
      } else {
        std::memcpy(&rest, bytes.data() + at, size);
      }
      at += size;
      into[i] = last ^= rest;
    }
    if (at != bytes.size()) damaged();
  }
  static unsigned bytes_of(Word w) {
    if constexpr (sizeof(Word) > sizeof(std::uint64_t)) {
      const auto high = static_cast<std::uint64_t>(w >> 64);
      if (high != 0) return 8 + bytes_of_narrow(high);
    }
    return bytes_of_narrow(static_cast<std::uint64_t>(w));
  }
  static unsigned bytes_of_narrow(std::uint64_t w) {
    return (static_cast<unsigned>(std::bit_width(w)) + 7) / 8;
  }

  record_log& log_;
  std::vector<stored_level> levels_;
  mutable std::mutex mutex_;
  std::uint64_t in_memory_ = 0;
  bool to_log_ = false;
};

}  // namespace tcpmc::checker
