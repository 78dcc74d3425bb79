// The visited set: exact, compact, growing while the search runs.
//
// A state is a word of `width` bits. An invertible mix spreads words over [0, 2^width); the mixed word's top
// bits choose a partition, the next ones a bucket of one cache line, and only what the place does not tell is
// stored (quotienting: Cleary 1984; as a tree or table of states: van der Vegt and Laarman 2011). So an entry
// takes 24 to 64 bits, and the word can be computed back from it: nothing is ever lost or confused.
//
// Buckets are numbered by scaling: bucket = r * buckets / 2^bits for the mixed word's rest r. So any number
// of buckets will do, a bucket holds an interval of rests, and the low bits of r tell apart all rests of an
// interval. A full bucket hands its entries to the next ones; three bits of an entry say how far it is from
// home (1 + distance, so that no entry is zero), and the few that would be further than 6 go to a stash.
// Nothing is removed, hence an entry at distance d has d full buckets before it, and a look-up ends at the
// first bucket that has room.
//
// Partitions grow one at a time, by an eighth, in one sequential pass. So each is at least 80 % and at most
// 90 % full; and as their sizes are spread over such a step, a large set is always about 85 % full. As the
// number of buckets grows the rests get shorter, and narrower entries are used. Different partitions may be
// used by different threads at the same time.
#pragma once

#include <tsl/robin_set.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "checker/lines.hpp"
#include "checker/word.hpp"

namespace tcpmc::checker {

// How entries of one width lie in a line of 64 bytes: a high and a low part, each in a row of its own. The
// low part is zero for a free slot only. Slots are used from the first on.
template <typename High, typename Low, int Slots>
struct split_line {
  static constexpr int slots = Slots;
  static constexpr unsigned entry_bits = 8 * (sizeof(High) + sizeof(Low));
  static constexpr std::size_t low_at = sizeof(High) * Slots;

  static std::uint32_t equal(const std::byte* line, std::uint64_t entry) {
    return lanes<High, Slots>(line, static_cast<High>(entry >> (8 * sizeof(Low)))) &
           lanes<Low, Slots>(line + low_at, static_cast<Low>(entry));
  }
  static std::uint32_t free(const std::byte* line) { return lanes<Low, Slots>(line + low_at, Low{0}); }
  static void put(std::byte* line, int slot, std::uint64_t entry) {
    const auto high = static_cast<High>(entry >> (8 * sizeof(Low)));
    const auto low = static_cast<Low>(entry);
    std::memcpy(line + sizeof(High) * static_cast<std::size_t>(slot), &high, sizeof high);
    std::memcpy(line + low_at + sizeof(Low) * static_cast<std::size_t>(slot), &low, sizeof low);
  }
  static std::uint64_t get(const std::byte* line, int slot) {
    High high;
    Low low;
    std::memcpy(&high, line + sizeof(High) * static_cast<std::size_t>(slot), sizeof high);
    std::memcpy(&low, line + low_at + sizeof(Low) * static_cast<std::size_t>(slot), sizeof low);
    return std::uint64_t{high} << (8 * sizeof(Low)) | low;
  }
};

template <typename Entry, int Slots>
struct whole_line {
  static constexpr int slots = Slots;
  static constexpr unsigned entry_bits = 8 * sizeof(Entry);

  static std::uint32_t equal(const std::byte* line, Entry entry) { return lanes<Entry, Slots>(line, entry); }
  static std::uint32_t free(const std::byte* line) { return lanes<Entry, Slots>(line, Entry{0}); }
  static void put(std::byte* line, int slot, Entry entry) {
    std::memcpy(line + sizeof(Entry) * static_cast<std::size_t>(slot), &entry, sizeof entry);
  }
  static Entry get(const std::byte* line, int slot) {
    Entry entry;
    std::memcpy(&entry, line + sizeof(Entry) * static_cast<std::size_t>(slot), sizeof entry);
    return entry;
  }
};

using line24 = split_line<std::uint16_t, std::uint8_t, 21>;
using line32 = whole_line<std::uint32_t, 16>;
using line40 = split_line<std::uint32_t, std::uint8_t, 12>;
using line48 = split_line<std::uint32_t, std::uint16_t, 10>;
using line64 = whole_line<std::uint64_t, 8>;
using line128 = whole_line<wide, 4>;

template <typename Word>
class visited_set {
 public:
  static constexpr unsigned partition_bits = 8;
  static constexpr std::size_t partitions = std::size_t{1} << partition_bits;

  // For words below 2^width, with room for about so many. A width below 16 counts as 16.
  explicit visited_set(unsigned width, std::size_t words = 0)
      : width_(std::max(width, 16u)), mix_(width_), rest_bits_(width_ - partition_bits) {
    assert(width_ <= 8 * sizeof(Word));
    for (std::size_t i = 0; i < partitions; ++i) {
      partition& p = all_[i];
      p.number = i;
      p.plan(1, rest_bits_);
      while (p.most <= words / partitions) p.plan(p.buckets_after_growing(), rest_bits_);
      p.begin();
    }
  }

  Word mix(Word w) const { return mix_(w); }
  std::size_t partition_of(Word mixed) const { return static_cast<std::size_t>(mixed >> rest_bits_); }

  unsigned rest_bits() const { return rest_bits_; }
  Word rest_of(Word mixed) const { return mixed & ((Word{1} << rest_bits_) - 1); }

  // Inserts words of one partition, by the rests of what they are mixed to, which are Words or narrower;
  // calls fresh(word) for each that was not there yet, in their order.
  template <typename Rest, typename Fresh>
  void insert(std::size_t of, std::span<const Rest> rests, Fresh&& fresh) {
    partition& p = all_[of];
    const Word prefix = static_cast<Word>(of) << rest_bits_;
    std::size_t done = 0;
    while (done < rests.size())
      done += with_lines(p, [&](auto line) {
        return p.template insert<decltype(line)>(rests.subspan(done),
                                                 [&](Word rest) { fresh(mix_.back(prefix | rest)); });
      });
  }

  bool insert(Word w) {
    bool is_new = false;
    const Word m = mix_(w);
    const Word rest = rest_of(m);
    insert(partition_of(m), std::span<const Word>(&rest, 1), [&](Word back) {
      assert(back == w);
      (void)back;
      is_new = true;
    });
    return is_new;
  }

  std::size_t size() const {
    std::size_t sum = 0;
    for (const partition& p : all_) sum += p.count;
    return sum;
  }
  // Memory of the lines and the stash.
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const partition& p : all_) sum += p.at.count() * 64 + p.stash.bucket_count() * 2 * sizeof(Word);
    return sum;
  }
  unsigned width() const { return width_; }

 private:
  static constexpr unsigned far = 6;        // the furthest that an entry may be from home
  static constexpr unsigned far_bits = 3;   // 1 + distance
  static constexpr std::size_t ahead = 32;  // lines that are being fetched while one is looked at

  struct word_hash {
    std::size_t operator()(const Word& w) const { return XXH3_64bits(&w, sizeof w); }
  };

  // Where rests belong among the lines of one partition, and what entries keep of them.
  struct geometry {
    std::byte* base = nullptr;
    std::uint64_t buckets = 0;
    unsigned down = 0, up = 0;  // shifts that scale a rest to 32 bits; one of them is 0
    Word low = 0;               // the bits of a rest that an entry has

    std::byte* line(std::uint64_t bucket) const { return base + 64 * bucket; }
    std::uint64_t home(Word rest) const {
      return static_cast<std::uint64_t>(rest >> down << up) * buckets >> 32;
    }
    std::uint64_t after(std::uint64_t bucket) const { return bucket + 1 < buckets ? bucket + 1 : 0; }
    Word entry(Word rest) const { return static_cast<Word>((rest & low) << far_bits | 1u); }
    // The least rest whose home is `bucket`.
    Word first_of(std::uint64_t bucket) const {
      const std::uint64_t scaled = ((bucket << 32) + buckets - 1) / buckets;
      return static_cast<Word>((scaled + (std::uint64_t{1} << up) - 1) >> up) << down;
    }
  };

  struct partition {
    lines at;
    geometry places;
    std::size_t number = 0;                 // of this partition
    std::size_t count = 0, most = 0;        // entries now, and before growing
    unsigned entry_bits = 0;                // of the lines in use
    tsl::robin_set<Word, word_hash> stash;  // rests

    // Sets the number of buckets, and the widths that follow from it.
    void plan(std::size_t buckets, unsigned rest_bits) {
      places.buckets = buckets;
      places.down = rest_bits > 32 ? rest_bits - 32 : 0;
      places.up = rest_bits < 32 ? 32 - rest_bits : 0;
      // A home's rests: at most so many scaled values, of which each is one rest or 2^down, or one in 2^up.
      const std::uint64_t interval = ((std::uint64_t{1} << 32) + buckets - 1) / buckets;
      const std::uint64_t rests = ((interval - 1) >> places.up) + 1;
      const unsigned low_bits =
          std::min(rest_bits, static_cast<unsigned>(std::bit_width(rests - 1)) + places.down);
      places.low = (Word{1} << low_bits) - 1;
      const unsigned needed = low_bits + far_bits;
      entry_bits = 128;
      for (const unsigned bits : {64u, 48u, 40u, 32u, 24u})
        if (needed <= bits) entry_bits = bits;
      const std::size_t slots =
          with_lines(*this, [](auto line) { return std::size_t{decltype(line)::slots}; });
      most = buckets < 4 ? buckets * slots * 3 / 4 : buckets * slots * 9 / 10;
    }
    // By an eighth; by more where they are so few that memory is no matter. The last time that it is so,
    // partitions get different sizes.
    std::size_t buckets_after_growing() const {
      const std::size_t buckets = places.buckets;
      std::size_t more = buckets < 128 ? buckets : buckets / 8;
      if (buckets < 128 && buckets >= 64) more += buckets * number / partitions / 4;
      return buckets + more + 1;
    }
    unsigned rest_bits() const { return places.down != 0 ? 32 + places.down : 32 - places.up; }
    // The lines that were planned, empty.
    void begin() {
      at = lines(places.buckets);
      places.base = at[0];
    }

    // Inserts until growing changes the lines; returns how many words were dealt with.
    template <typename Line, typename Rest, typename Fresh>
    std::size_t insert(std::span<const Rest> rests, Fresh&& fresh) {
      const geometry g = places;
      for (std::size_t i = 0; i < std::min(ahead, rests.size()); ++i)
        __builtin_prefetch(g.line(g.home(rests[i])), 1);
      for (std::size_t i = 0; i < rests.size(); ++i) {
        if (i + ahead < rests.size()) __builtin_prefetch(g.line(g.home(rests[i + ahead])), 1);
        if (!find_or_put<Line>(g, rests[i])) continue;
        fresh(rests[i]);
        if (++count >= most) {
          grow<Line>();
          return i + 1;
        }
      }
      return rests.size();
    }

    // Whether the rest was not there.
    template <typename Line>
    bool find_or_put(const geometry& g, Word rest) {
      using entry_type = decltype(Line::get(nullptr, 0));
      auto e = static_cast<entry_type>(g.entry(rest));
      std::uint64_t bucket = g.home(rest);
      for (unsigned distance = 0; distance <= far; ++distance, ++e, bucket = g.after(bucket)) {
        std::byte* line = g.line(bucket);
        if (Line::equal(line, e) != 0) return false;
        if (const std::uint32_t free = Line::free(line); free != 0) {
          Line::put(line, std::countr_zero(free), e);
          return true;
        }
      }
      return stash.insert(rest).second;
    }

    // Puts a rest that is not there yet, while all lines are being filled: `used` counts their entries.
    template <typename Line>
    void put(const geometry& g, std::vector<std::uint8_t>& used, Word rest) {
      using entry_type = decltype(Line::get(nullptr, 0));
      auto e = static_cast<entry_type>(g.entry(rest));
      std::uint64_t bucket = g.home(rest);
      for (unsigned distance = 0; distance <= far; ++distance, ++e, bucket = g.after(bucket))
        if (used[bucket] < Line::slots) return Line::put(g.line(bucket), used[bucket]++, e);
      stash.insert(rest);
    }

    // The rests of all entries, in the order of their buckets, and of the stash.
    template <typename Line, typename Visit>
    void for_each(Visit&& visit) const {
      const geometry g = places;
      std::array<Word, far + 2> least{};  // least rests of this home and those before, by 1 + distance
      for (std::uint64_t d = 1; d <= far; ++d) least[d] = g.first_of((d * g.buckets - d) % g.buckets);
      for (std::uint64_t bucket = 0; bucket < g.buckets; ++bucket) {
        for (std::size_t d = far + 1; d > 1; --d) least[d] = least[d - 1];
        least[1] = g.first_of(bucket);
        const std::byte* line = g.line(bucket);
        const std::uint32_t free = Line::free(line);
        const int used = free != 0 ? std::countr_zero(free) : Line::slots;
        for (int slot = 0; slot < used; ++slot) {
          const auto e = static_cast<Word>(Line::get(line, slot));
          const Word from = least[static_cast<std::size_t>(e & 7u)];
          const Word rest = static_cast<Word>(from + (((e >> far_bits) - from) & g.low));
          assert((g.home(rest) + static_cast<std::uint64_t>(e & 7u) - 1) % g.buckets == bucket);
          visit(rest);
        }
      }
      for (const Word& rest : stash) visit(rest);
    }

    template <typename Line>
    void grow() {
      partition bigger;
      bigger.plan(buckets_after_growing(), rest_bits());
      bigger.begin();
      bigger.number = number;
      bigger.count = count;
      with_lines(bigger, [&](auto line) {
        const geometry g = bigger.places;
        std::vector<std::uint8_t> used(g.buckets);
        for_each<Line>([&](Word rest) { bigger.template put<decltype(line)>(g, used, rest); });
        return 0;
      });
      *this = std::move(bigger);
    }
  };

  // Calls f with a value of the type of the lines that `p` uses.
  template <typename F>
  static auto with_lines(const partition& p, F&& f) {
    switch (p.entry_bits) {
      case 24:
        return f(line24{});
      case 32:
        return f(line32{});
      case 40:
        return f(line40{});
      case 48:
        return f(line48{});
      case 64:
        return f(line64{});
      default:
        if constexpr (sizeof(Word) > 8)
          return f(line128{});
        else
          std::abort();
    }
  }

  unsigned width_;
  invertible_mix<Word> mix_;
  unsigned rest_bits_;
  std::array<partition, partitions> all_;
};

}  // namespace tcpmc::checker
